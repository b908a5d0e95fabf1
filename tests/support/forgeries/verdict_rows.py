"""Records that are forged before they are sealed: the sealer refuses them by name.

The ledger stays valid with each of them in it; their leaf says what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.administration import authorise, revoke
from ledger.entry import KIND_DATA, EncodedEvent
from ledger.events.base import Event, event_class
from ledger.keys import Ed25519Signer, Signer, key_fingerprint
from ledger.verdict import Verdict
from ledger.verification import load_control
from tests.support.forgeries.home_base import LOG, flip, leaves_of, plain
from tests.support.forgeries.rows import Check, Found, Row
from tests.support.ledger import SmallLedger, Stream, decision, encoded
from tests.support.owner import sql

LOW_ORDER = bytes([1]) + bytes(31)


@dataclass(frozen=True)
class Sealed:
    """A record whose leaf is to be looked at."""

    ledger: SmallLedger
    offset: int
    partition: int = 0


def _verdict(given: Sealed) -> Found:
    """Return the verdict over a record; the rest of the ledger has to be valid."""
    given.ledger.seal()
    whole = LOG.run(given.ledger)
    if whole.code != "0":
        return whole
    origin = given.ledger.config.origin(given.partition)
    leaves = leaves_of(given.ledger, given.partition)
    (number,) = (
        n
        for n, leaf in enumerate(leaves)
        if leaf.offset <= given.offset <= leaf.last_offset
    )
    verdict = int(leaves[number].verdict)
    return Found(f"verdict {verdict}", (f"{origin} leaf {number}",))


SEAL = Check("sealer's verdict", _verdict)


def newest(ledger: SmallLedger, partition: int = 0) -> Sealed:
    return Sealed(ledger, ledger.log.bounds(partition)[1] - 1, partition)


def changed_before(at: int) -> Callable[[SmallLedger], Sealed]:
    """The broker changes a byte of a record that no sealer has seen yet."""

    def forge(ledger: SmallLedger) -> Sealed:
        ledger.emit_decisions(1)
        found = newest(ledger)
        record = next(ledger.log.read(0, found.offset, max_records=1))
        value = flip(at)(record.value or b"").hex()
        where = f"partition = 0 AND offset = {found.offset}"
        sql(ledger, f"UPDATE record SET value = x'{value}' WHERE {where}")
        return found

    return forge


def dropped(ledger: SmallLedger) -> Sealed:
    """The broker takes one record out of the middle of a stream."""
    ledger.emit_decisions(2, per_entry=1)
    found = newest(ledger)
    where = f"partition = 0 AND offset = {found.offset - 1}"
    sql(ledger, f"DELETE FROM record WHERE {where}")
    return found


def hole(ledger: SmallLedger) -> Sealed:
    found = dropped(ledger)
    return Sealed(ledger, found.offset - 1)


def replayed(ledger: SmallLedger) -> Sealed:
    value = next(ledger.log.read(0, 5, max_records=1)).value or b""
    ledger.log.append(0, value)
    return newest(ledger)


def moved(ledger: SmallLedger) -> Sealed:
    value = next(ledger.log.read(0, 5, max_records=1)).value or b""
    ledger.log.append(1, value)
    return newest(ledger, 1)


def swapped(ledger: SmallLedger) -> Sealed:
    """Two records of one stream in the wrong order."""
    stream = ledger.stream()
    first = stream.pack([encoded(decision())])
    other = Stream(ledger.log, stream.signer, stream.origin)
    other.stream_id, other.seq = stream.stream_id, stream.seq + 1
    from ledger.entry import header_hash

    other.prev = header_hash(first[8:180])
    second = other.pack([encoded(decision())])
    ledger.log.append(0, second)
    ledger.log.append(0, first)
    return Sealed(ledger, ledger.log.bounds(0)[1] - 2)


def by_key(
    signer: Signer | None, events: Sequence[Event] = ()
) -> Callable[[SmallLedger], Sealed]:
    """An entry by a key, in a stream of its own."""

    def forge(ledger: SmallLedger) -> Sealed:
        stream = Stream(ledger.log, signer or ledger.producer, "acme/p0")
        stream.open()
        stream.append(list(events) or [decision()])
        return newest(ledger)

    return forge


def unsigned(ledger: SmallLedger) -> Sealed:
    """A new entry that names the producer's key, signed by another."""
    stream = ledger.stream()
    value = stream.pack([encoded(decision())])
    signature = Ed25519Signer.generate().sign(value[8:180])
    ledger.log.append(0, value[:180] + signature + value[244:])
    return newest(ledger)


def cloned(ledger: SmallLedger) -> Sealed:
    """A copy of a machine goes on with the same stream."""
    stream = ledger.stream()
    clone = Stream(ledger.log, stream.signer, stream.origin)
    clone.stream_id, clone.seq, clone.prev = stream.stream_id, stream.seq, stream.prev
    stream.append([decision()])
    clone.append([decision()])
    return newest(ledger)


def after_close(ledger: SmallLedger) -> Sealed:
    stream = ledger.stream()
    stream.close()
    stream.append([decision()])
    return newest(ledger)


def stolen(ledger: SmallLedger) -> Sealed:
    """A stolen key goes on after it was revoked."""
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    fingerprint = key_fingerprint(ledger.producer.public_key)
    stream = ledger.stream()
    revoke(ledger.config, ledger.log, control, key_fp=fingerprint)
    ledger.seal()
    stream.append([decision()])
    return newest(ledger)


def other_type(ledger: SmallLedger) -> Sealed:
    """A key for predictions writes about models."""
    signer = Ed25519Signer.generate()
    authorise(
        ledger.config,
        ledger.log,
        identity="service:scores",
        kind="service",
        public_key=signer.public_key,
        event_types=["mlledger.prediction.*"],
    )
    ledger.seal()
    model: object = event_class("registry.model.registered")
    event = model.record(  # type: ignore[attr-defined]
        model="loans", kind="classifier", origin="internal", basis="observed"
    )
    return by_key(signer, [event])(ledger)


def unknown_schema(ledger: SmallLedger) -> Sealed:
    """Bytes under a schema of the producer's own that nobody registered."""
    stream = ledger.stream()
    event = EncodedEvent(b"s" * 32, encoded(decision()).body)
    value = stream.pack([event], kind=KIND_DATA)
    ledger.log.append(0, value)
    return newest(ledger)


def service_approves(ledger: SmallLedger) -> Sealed:
    approval: object = event_class("registry.approval.decided")
    event = approval.record(  # type: ignore[attr-defined]
        object={"id": bytes(16), "digest": f"sha256:{'0' * 64}"},
        gate="production",
        digest=f"sha256:{'0' * 64}",
        decision="approve",
        meaning="approval",
        signature_kind="person_key",
        basis="observed",
    )
    return by_key(None, [event])(ledger)


def huge(ledger: SmallLedger) -> Sealed:
    ledger.log.append(0, bytes(921_601))
    return newest(ledger)


def row(
    by: str, title: str, forge: object, verdict: Verdict, place: str = "acme/p0 leaf 32"
) -> Row:
    return Row(by, title, plain, forge, SEAL, f"verdict {int(verdict)}", place)  # type: ignore[arg-type]


ROWS = [
    row(
        "B",
        "a byte of a record, before it is sealed",
        changed_before(255),
        Verdict.BAD_ROOT,
    ),
    row(
        "B",
        "a byte of a header, before it is sealed",
        changed_before(150),
        Verdict.BAD_SIGNATURE,
    ),
    row(
        "B",
        "a record dropped before it is sealed",
        dropped,
        Verdict.SEQ_GAP,
        "acme/p0 leaf 33",
    ),
    row("B", "the hole it leaves", hole, Verdict.GAP),
    row("B", "two records in the wrong order", swapped, Verdict.SEQ_GAP),
    row(
        "B",
        "a record copied to another partition",
        moved,
        Verdict.WRONG_LOG,
        "acme/p1 leaf 6",
    ),
    row(
        "BO",
        "an entry sent a second time",
        replayed,
        Verdict.DUPLICATE,
        "acme/p0 leaf 31",
    ),
    row(
        "O",
        "an entry by a key nobody authorised",
        by_key(Ed25519Signer.generate()),
        Verdict.UNKNOWN_KEY,
    ),
    row(
        "ODS",
        "an entry in another's name, not signed by it",
        unsigned,
        Verdict.BAD_SIGNATURE,
    ),
    row(
        "P",
        "two machines go on with one stream",
        cloned,
        Verdict.FORK,
        "acme/p0 leaf 33",
    ),
    row(
        "P",
        "an entry after the stream was closed",
        after_close,
        Verdict.STREAM_CLOSED,
        "acme/p0 leaf 33",
    ),
    row("PO", "a stolen key goes on after its revocation", stolen, Verdict.KEY_REVOKED),
    row(
        "P",
        "a key writes what it is not authorised for",
        other_type,
        Verdict.NOT_AUTHORISED,
    ),
    row(
        "P",
        "a service key approves a release",
        service_approves,
        Verdict.NOT_AUTHORISED,
    ),
    row(
        "P",
        "an event under a schema nobody registered",
        unknown_schema,
        Verdict.UNKNOWN_SCHEMA,
    ),
    row(
        "O",
        "a record larger than any entry",
        huge,
        Verdict.TOO_LARGE,
        "acme/p0 leaf 31",
    ),
]
