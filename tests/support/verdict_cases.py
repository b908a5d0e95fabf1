"""One history for each verdict, and for each place in the order of verdicts.

The control log of all cases, by leaf: 0 genesis; 1–3 the operator's stream with the
keys ``a`` (predictions), ``wide`` (all types), ``attester`` (all types, attests),
``person`` and the schemas of decisions and approvals; 4–6 a second stream,
whose leaf 5 revokes ``a``; 7–9 a third, whose leaf 8 authorises ``late``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ledger.avro import schema_bytes
from ledger.entry import MAX_VALUE, EncodedEvent
from ledger.events.base import event_class
from ledger.events.ledger import KeyAuthorized, KeyRevoked, SchemaRegistered
from ledger.genesis import ALL_TYPES, operator_stream
from ledger.judgement import Verdict
from tests.support.ledgers import (
    NAME,
    TIME_US,
    Stream,
    ambient,
    closed,
    decision,
    encoded,
    first_values,
    opened,
    signer,
)

BEFORE, AFTER, ALL = 4, 7, 10
P0 = f"{NAME}/p0"


@dataclass(frozen=True)
class Step:
    """A record of the case and what must be said of it."""

    value: bytes | None
    verdict: Verdict
    aux: int = 0
    registry_size: int = BEFORE


@dataclass(frozen=True)
class Case:
    """A named history of one origin."""

    name: str
    steps: Callable[[], Sequence[Step]]
    origin: str = P0


@cache
def control_values() -> tuple[bytes, ...]:
    """Return the values of the control log that all cases share."""
    patterns = {"a": ["mlledger.prediction.*"]}
    keys = [
        _lean(
            KeyAuthorized,
            public_key=signer(label).public_key,
            identity=label,
            kind="person" if label == "person" else "service",
            event_types=patterns.get(label, list(ALL_TYPES)),
            attests=label == "attester",
        )
        for label in ("a", "wide", "attester", "person")
    ]
    schemas = [
        _lean(SchemaRegistered, schema=schema_bytes(event_class(name)))
        for name in ("prediction.decision.recorded", "registry.approval.decided")
    ]
    revoked = _lean(
        KeyRevoked, key_fp=fingerprint("a"), compromised_since=None, reason="test"
    )
    late = _lean(
        KeyAuthorized,
        public_key=signer("late").public_key,
        identity="late",
        kind="service",
        event_types=list(ALL_TYPES),
        attests=False,
    )
    streams = [
        _operator(label, facts)
        for label, facts in (("1", [*keys, *schemas]), ("2", [revoked]), ("3", [late]))
    ]
    return (first_values()[0], *(value for stream in streams for value in stream))


def fingerprint(label: str) -> bytes:
    """Return the fingerprint of a test key."""
    from ledger.keys import key_fingerprint

    return key_fingerprint(signer(label).public_key)


def _operator(label: str, facts: Sequence[Any]) -> list[bytes]:
    return operator_stream(
        name=NAME,
        operator_signer=signer("operator"),
        facts=facts,
        software="mlledger",
        version="0",
        ambient=ambient(f"operator {label}"),
    )


def _lean(cls: Any, **fields: Any) -> Any:
    return cls.record(id=b"i" * 16, time=TIME_US, **fields)


def approval() -> EncodedEvent:
    """Encode an approval, as only persons may sign one."""
    from ledger.codec import encode
    from ledger.events.base import Ref
    from ledger.events.registry import ApprovalDecided

    digest = "sha256:" + "ab" * 32
    made = ApprovalDecided.record(
        basis="stated",
        id=b"a" * 16,
        time=TIME_US,
        object=Ref(id=b"o" * 16, digest=digest),
        gate="production",
        digest=digest,
        decision="approve",
        meaning="approval",
        conditions=[],
        signature_kind="person_key",
    )
    return EncodedEvent(*encode(made))


def stranger_type() -> EncodedEvent:
    """Encode an event whose schema nobody registered."""
    return EncodedEvent(b"\x99" * 32, b"body")


def spoiled(value: bytes) -> bytes:
    """Alter the last byte of the last event: well-formed, signed, another root."""
    return value[:-1] + bytes([value[-1] ^ 1])


def _accepted() -> Iterator[Step]:
    stream = Stream(signer("a"))
    for value in (stream.open(), stream.data(), stream.heartbeat(), stream.close()):
        yield Step(value, Verdict.ACCEPTED)


def _two_streams() -> Iterator[Step]:
    one = Stream(signer("a"))
    two = Stream(signer("a"), stream_id=b"t" * 16)
    other_key = Stream(signer("wide"))
    for stream in (one, two, other_key):
        yield Step(stream.open(), Verdict.ACCEPTED)
    for stream in (other_key, two, one):
        yield Step(stream.data(), Verdict.ACCEPTED)


def _duplicate() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening, first, second = stream.open(), stream.data(), stream.data()
    for value in (opening, first, second):
        yield Step(value, Verdict.ACCEPTED)
    yield Step(first, Verdict.DUPLICATE, aux=1)
    yield Step(opening, Verdict.DUPLICATE, aux=0)
    yield Step(first, Verdict.DUPLICATE, aux=1)
    yield Step(spoiled(second), Verdict.DUPLICATE, aux=2)
    yield Step(stream.data(), Verdict.ACCEPTED)


def _duplicate_before_revoked() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening = stream.open()
    yield Step(opening, Verdict.ACCEPTED)
    yield Step(opening, Verdict.DUPLICATE, registry_size=AFTER)
    yield Step(stream.data(), Verdict.KEY_REVOKED, registry_size=AFTER)


def _malformed() -> Iterator[Step]:
    yield Step(None, Verdict.MALFORMED)
    yield Step(b"", Verdict.MALFORMED)
    yield Step(b"MLLE", Verdict.MALFORMED)
    yield Step(Stream(signer("a")).open()[:-1], Verdict.MALFORMED)


def _genesis_elsewhere() -> Iterator[Step]:
    yield Step(first_values()[0], Verdict.MALFORMED)


def _too_large() -> Iterator[Step]:
    yield Step(bytes(MAX_VALUE + 1), Verdict.TOO_LARGE)
    yield Step(bytes(MAX_VALUE), Verdict.MALFORMED)


def _wrong_log() -> Iterator[Step]:
    yield Step(Stream(signer("a"), origin=f"{NAME}/p1").open(), Verdict.WRONG_LOG)
    stranger = Stream(signer("stranger"), origin=f"{NAME}/p1")
    yield Step(stranger.open(), Verdict.WRONG_LOG)


def _unknown_key() -> Iterator[Step]:
    yield Step(Stream(signer("stranger")).open(), Verdict.UNKNOWN_KEY)
    late = Stream(signer("late")).open()
    yield Step(late, Verdict.UNKNOWN_KEY, registry_size=8)
    yield Step(late, Verdict.ACCEPTED, registry_size=9)


def _bad_signature() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening, first = stream.open(), stream.data()
    yield Step(opening, Verdict.ACCEPTED)
    for at in (150, 200, 243):
        broken = first[:at] + bytes([first[at] ^ 1]) + first[at + 1 :]
        yield Step(broken, Verdict.BAD_SIGNATURE)
    weak = first[:180] + b"\x01" + bytes(63) + first[244:]
    yield Step(weak, Verdict.BAD_SIGNATURE)
    yield Step(first, Verdict.ACCEPTED)


def _fork_freezes() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening, first = stream.open(), stream.data()
    twin = Stream(signer("a"))
    twin.open()
    other = twin.data(decision(1))
    yield Step(opening, Verdict.ACCEPTED)
    yield Step(first, Verdict.ACCEPTED)
    yield Step(other, Verdict.FORK, aux=1)
    yield Step(stream.data(), Verdict.FORK)
    yield Step(stream.data(), Verdict.FORK)
    yield Step(first, Verdict.DUPLICATE, aux=1)
    yield Step(other, Verdict.FORK, aux=1)
    yield Step(stream.data(), Verdict.FORK, registry_size=AFTER)


def _fork_by_prev() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening, first = stream.open(), stream.data()
    yield Step(opening, Verdict.ACCEPTED)
    yield Step(first, Verdict.ACCEPTED)
    yield Step(stream.data(prev=b"\x07" * 32), Verdict.FORK, aux=1)
    yield Step(stream.data(), Verdict.FORK)


def _fork_after_close() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening, closing = stream.open(), stream.close()
    twin = Stream(signer("a"))
    twin.open()
    yield Step(opening, Verdict.ACCEPTED)
    yield Step(closing, Verdict.ACCEPTED)
    yield Step(twin.data(), Verdict.FORK, aux=1)
    yield Step(stream.data(), Verdict.FORK)


def _key_revoked() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening = stream.open()
    yield Step(opening, Verdict.KEY_REVOKED, registry_size=6)
    yield Step(opening, Verdict.KEY_REVOKED, registry_size=ALL)


def _revoked_at_its_leaf() -> Iterator[Step]:
    stream = Stream(signer("a"))
    yield Step(stream.open(), Verdict.ACCEPTED, registry_size=5)
    yield Step(stream.data(), Verdict.KEY_REVOKED, registry_size=6)


def _revoked_before_closed() -> Iterator[Step]:
    stream = Stream(signer("a"))
    yield Step(stream.open(), Verdict.ACCEPTED)
    yield Step(stream.close(), Verdict.ACCEPTED)
    yield Step(stream.data(), Verdict.KEY_REVOKED, registry_size=AFTER)


def _stream_closed() -> Iterator[Step]:
    stream = Stream(signer("a"))
    yield Step(stream.open(), Verdict.ACCEPTED)
    yield Step(stream.close(), Verdict.ACCEPTED)
    yield Step(stream.data(), Verdict.STREAM_CLOSED)
    stream.seq += 5
    yield Step(stream.data(), Verdict.STREAM_CLOSED)


def _seq_gap() -> Iterator[Step]:
    stream = Stream(signer("a"))
    opening, first, second = stream.open(), stream.data(), stream.data()
    yield Step(second, Verdict.SEQ_GAP, aux=0)
    yield Step(opening, Verdict.ACCEPTED)
    yield Step(second, Verdict.SEQ_GAP, aux=1)
    yield Step(first, Verdict.ACCEPTED)
    yield Step(second, Verdict.ACCEPTED)


def _unknown_schema() -> Iterator[Step]:
    stream = Stream(signer("a"))
    yield Step(stream.open(), Verdict.ACCEPTED)
    refused = stream.data(decision(), stranger_type())
    yield Step(refused, Verdict.UNKNOWN_SCHEMA)
    yield Step(spoiled(refused), Verdict.UNKNOWN_SCHEMA)


def _not_authorised_type() -> Iterator[Step]:
    stream = Stream(signer("a"))
    yield Step(stream.open(), Verdict.ACCEPTED)
    refused = stream.data(decision(), approval())
    yield Step(refused, Verdict.NOT_AUTHORISED)
    yield Step(spoiled(refused), Verdict.NOT_AUTHORISED)


def _not_authorised_for_persons() -> Iterator[Step]:
    stream = Stream(signer("wide"))
    yield Step(stream.open(), Verdict.ACCEPTED)
    yield Step(stream.data(approval()), Verdict.NOT_AUTHORISED)
    stream = Stream(signer("wide"), stream_id=b"2" * 16)
    yield Step(stream.open(), Verdict.ACCEPTED)
    yield Step(stream.data(), Verdict.ACCEPTED)


def _approval_by(label: str) -> Callable[[], Iterator[Step]]:
    def steps() -> Iterator[Step]:
        stream = Stream(signer(label))
        yield Step(stream.open(), Verdict.ACCEPTED)
        yield Step(stream.data(approval()), Verdict.ACCEPTED)

    return steps


def _ledger_types_in_a_partition() -> Iterator[Step]:
    stream = Stream(signer("wide"))
    yield Step(stream.open(), Verdict.ACCEPTED)
    fields = {"key_fp": fingerprint("a"), "compromised_since": None, "reason": ""}
    revocation = encoded("ledger.key.revoked", fields)
    yield Step(stream.data(revocation), Verdict.NOT_AUTHORISED)


def _operator_in_a_partition() -> Iterator[Step]:
    yield Step(Stream(signer("operator")).open(), Verdict.NOT_AUTHORISED)
    yield Step(Stream(signer("root")).open(), Verdict.NOT_AUTHORISED)


def _producer_in_the_manifest() -> Iterator[Step]:
    origin = f"{NAME}/manifest"
    yield Step(Stream(signer("wide"), origin=origin).open(), Verdict.NOT_AUTHORISED)
    operator = Stream(signer("operator"), origin=origin)
    yield Step(operator.open(), Verdict.ACCEPTED)
    manifest = encoded("ledger.manifest.published", {"checkpoints": []})
    yield Step(operator.data(manifest), Verdict.ACCEPTED)


def _bad_root() -> Iterator[Step]:
    stream = Stream(signer("a"))
    yield Step(stream.open(), Verdict.ACCEPTED)
    first = stream.data()
    yield Step(spoiled(first), Verdict.BAD_ROOT)
    seed = first[:248] + bytes([first[248] ^ 1]) + first[249:]
    yield Step(seed, Verdict.BAD_ROOT)
    yield Step(first, Verdict.ACCEPTED)


def _refused_then_afresh() -> Iterator[Step]:
    stream = Stream(signer("late"))
    opening = stream.open()
    yield Step(opening, Verdict.UNKNOWN_KEY, registry_size=AFTER)
    yield Step(opening, Verdict.ACCEPTED, registry_size=ALL)
    yield Step(opening, Verdict.DUPLICATE, aux=1, registry_size=ALL)


def _kind_rules() -> Iterator[Step]:
    yield Step(_rekinded(), Verdict.MALFORMED)


def _rekinded() -> bytes:
    stream = Stream(signer("a"))
    stream.open()
    value = stream.write(3, closed())
    return value[:281] + opened().schema_id + value[313:]


CASES: tuple[Case, ...] = (
    Case("accepted", lambda: list(_accepted())),
    Case("accepted-two-streams", lambda: list(_two_streams())),
    Case("accepted-approval-by-person", lambda: list(_approval_by("person")())),
    Case("accepted-approval-attested", lambda: list(_approval_by("attester")())),
    Case("duplicate", lambda: list(_duplicate())),
    Case("duplicate-before-key-revoked", lambda: list(_duplicate_before_revoked())),
    Case("malformed", lambda: list(_malformed())),
    Case("malformed-genesis-elsewhere", lambda: list(_genesis_elsewhere())),
    Case("malformed-kind", lambda: list(_kind_rules())),
    Case("too-large", lambda: list(_too_large())),
    Case("wrong-log", lambda: list(_wrong_log())),
    Case("unknown-key", lambda: list(_unknown_key())),
    Case("bad-signature", lambda: list(_bad_signature())),
    Case("fork-freezes", lambda: list(_fork_freezes())),
    Case("fork-by-prev", lambda: list(_fork_by_prev())),
    Case("fork-after-close", lambda: list(_fork_after_close())),
    Case("key-revoked", lambda: list(_key_revoked())),
    Case("key-revoked-at-its-leaf", lambda: list(_revoked_at_its_leaf())),
    Case("key-revoked-before-stream-closed", lambda: list(_revoked_before_closed())),
    Case("stream-closed", lambda: list(_stream_closed())),
    Case("seq-gap", lambda: list(_seq_gap())),
    Case("unknown-schema-before-bad-root", lambda: list(_unknown_schema())),
    Case("not-authorised-type-before-bad-root", lambda: list(_not_authorised_type())),
    Case("not-authorised-for-persons", lambda: list(_not_authorised_for_persons())),
    Case("not-authorised-ledger-type", lambda: list(_ledger_types_in_a_partition())),
    Case("not-authorised-operator", lambda: list(_operator_in_a_partition())),
    Case(
        "not-authorised-manifest",
        lambda: list(_producer_in_the_manifest()),
        origin=f"{NAME}/manifest",
    ),
    Case("bad-root", lambda: list(_bad_root())),
    Case("refused-then-judged-afresh", lambda: list(_refused_then_afresh())),
)
