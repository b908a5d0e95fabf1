"""Endorsed statements; ``python -m tests.support.statement_cases`` writes the vectors.

The ledger of all cases has three roots of which two must agree, one operator, the
producer ``a``, and the origins control, manifest and p0. Each case is what is written
into its control log afterwards, record by record with the verdict, and the state that
results. A vector that stands is never written again: what it says is the format.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from ledger.avro import schema_id
from ledger.codec import encode
from ledger.control import Control
from ledger.endorsement import add_endorsements, endorse
from ledger.entry import EncodedEvent
from ledger.events.base import event_class
from ledger.events.ledger import StatementEndorsed
from ledger.genesis import genesis_entry
from ledger.judgement import Verdict
from ledger.keys import key_fingerprint
from ledger.note import log_vkey
from tests.support.ledgers import (
    NAME,
    TIME_US,
    Judge,
    Stream,
    ambient,
    encoded,
    signer,
)

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "statement"
CONTROL = f"{NAME}/control"
P0 = f"{NAME}/p0"
ORIGINS = [CONTROL, f"{NAME}/manifest", P0]
ROOTS = ("root", "root 2", "root 3")
OK, REFUSED = Verdict.ACCEPTED, Verdict.NOT_AUTHORISED
Step = tuple[EncodedEvent, Verdict]


def public(*labels: str) -> list[bytes]:
    """Return the public keys of test keys."""
    return [signer(label).public_key for label in labels]


def vkey(label: str, origin: str = P0) -> str:
    """Return a test key as the log key of an origin."""
    return str(log_vkey(origin, signer(label).public_key))


def statement(name: str, /, **fields: Any) -> Any:
    """Return a statement whose id and time are fixed."""
    cls: Any = event_class(name)
    return cls.record(**{"id": b"s" * 16, "time": TIME_US} | fields)


def by(labels: Sequence[str], stated: Any) -> StatementEndorsed:
    """Return a statement endorsed by test keys."""
    made = endorse(stated, [signer(label) for label in labels])
    return made.model_copy(update={"id": b"e" * 16, "time": TIME_US})


def event(made: Any) -> EncodedEvent:
    """Encode any event."""
    return EncodedEvent(*encode(made))


def endorsed(name: str, labels: Sequence[str], /, **fields: Any) -> EncodedEvent:
    """Encode a statement endorsed by test keys."""
    return event(by(labels, statement(name, **fields)))


def root_fields(**changes: Any) -> dict[str, Any]:
    """Return the fields of a root.set that changes nothing but what is said."""
    fields = {
        "name": NAME,
        "origins": ORIGINS,
        "root_keys": public(*ROOTS),
        "threshold": 2,
        "log_keys": [vkey(f"log {origin}", origin) for origin in ORIGINS],
        "operator_keys": public("operator"),
    }
    return fields | changes


def root_set(labels: Sequence[str], **changes: Any) -> EncodedEvent:
    """Encode an endorsed root.set."""
    return endorsed("ledger.root.set", labels, **root_fields(**changes))


def announced(
    labels: Sequence[str], *, origin: str = P0, key: str | None = None
) -> EncodedEvent:
    """Encode an endorsed announcement of a log key."""
    fields = {"origin": origin, "vkey": key or vkey("log new", origin)}
    return endorsed("ledger.log_key.announced", labels, **fields)


def retired(labels: Sequence[str], key: str, *, origin: str = P0) -> EncodedEvent:
    """Encode an endorsed retirement of a log key."""
    return endorsed("ledger.log_key.retired", labels, origin=origin, vkey=key)


def rotated(
    labels: Sequence[str], *, old: str = "a", new: str = "a 2", **changes: Any
) -> EncodedEvent:
    """Encode an endorsed rotation of a producer's key."""
    fields = {
        "old_key_fp": key_fingerprint(signer(old).public_key),
        "public_key": signer(new).public_key,
    }
    return endorsed("ledger.key.rotated", labels, **fields | changes)


def authorized(label: str, **changes: Any) -> EncodedEvent:
    """Encode the authorisation of a producer's key."""
    fields = {
        "public_key": signer(label).public_key,
        "identity": f"service:{label}",
        "kind": "service",
        "event_types": ["mlledger.prediction.*"],
        "attests": True,
    }
    return encoded("ledger.key.authorized", fields | changes)


def revoked(label: str) -> EncodedEvent:
    """Encode the revocation of a producer's key."""
    key_fp = key_fingerprint(signer(label).public_key)
    fields = {"key_fp": key_fp, "compromised_since": None, "reason": "test"}
    return encoded("ledger.key.revoked", fields)


@cache
def genesis() -> bytes:
    """Return the genesis entry of all cases."""
    return genesis_entry(
        name=NAME,
        origins=ORIGINS,
        root_signer=signer("root"),
        other_roots=public("root 2", "root 3"),
        threshold=2,
        log_vkeys=[vkey(f"log {origin}", origin) for origin in ORIGINS],
        operator_public_key=signer("operator").public_key,
        software="mlledger",
        version="0",
        ambient=ambient("genesis of three"),
    )


@dataclass
class Writer:
    """A control log with its three roots, and whoever writes into it next."""

    judge: Judge = field(default_factory=lambda: Judge(Control(), origin=CONTROL))
    written: list[tuple[bytes, Verdict]] = field(
        default_factory=list["tuple[bytes, Verdict]"]
    )
    streams: dict[str, Stream] = field(default_factory=dict["str", "Stream"])

    def __post_init__(self) -> None:
        self._take(genesis())
        assert self.write(authorized("a")) == OK

    @property
    def control(self) -> Control:
        return self.judge.control

    def write(self, *events: EncodedEvent, label: str = "operator") -> Verdict:
        """Write an entry into the stream of a key; a refused one leaves no trace."""
        stream = self.streams.get(label)
        if stream is None:
            stream_id = label.encode().ljust(16, b"-")
            stream = Stream(signer(label), origin=CONTROL, stream_id=stream_id)
            self._take(stream.open())
        kept = replace(stream)
        found = self._take(stream.data(*events))
        self.streams[label] = stream if found == OK else kept
        return found

    def _take(self, value: bytes) -> Verdict:
        found = self.judge(value).verdict
        self.written.append((value, found))
        return found


def bring_back() -> Iterator[Step]:
    """A root that has left office does not return."""
    yield root_set(ROOTS[:2], root_keys=public(*ROOTS[:2])), OK
    again = statement("ledger.root.set", **root_fields(), id=b"t" * 16)
    yield event(by(ROOTS, again)), REFUSED


def replay() -> Iterator[Step]:
    """A statement that took effect does not take effect again."""
    low = root_set(ROOTS, threshold=1)
    high = statement("ledger.root.set", **root_fields(threshold=2), id=b"t" * 16)
    yield low, OK
    yield event(by(ROOTS, high)), OK
    yield low, REFUSED
    more = by((), statement("ledger.root.set", **root_fields(threshold=1)))
    keys = [signer(label) for label in ROOTS]
    yield event(add_endorsements(more, [*keys, *keys])), REFUSED


def broken_signature() -> Iterator[Step]:
    """An endorsement of a root that does not verify spoils the others."""
    made = by(ROOTS, statement("ledger.root.set", **root_fields(threshold=1)))
    last = made.endorsements[-1]
    bad = last.model_copy(update={"sig": last.sig[:-1] + bytes([last.sig[-1] ^ 1])})
    kept = [*made.endorsements[:-1], bad]
    yield event(made.model_copy(update={"endorsements": kept})), REFUSED


def log_keys() -> Iterator[Step]:
    """Announce, overlap, retire: the rotation of a log key."""
    old = vkey(f"log {P0}", P0)
    yield retired(ROOTS[:2], old), REFUSED  # the only one
    yield announced(ROOTS[:2]), OK
    yield announced(ROOTS[1:]), REFUSED  # took effect
    yield retired(ROOTS[:1], old), REFUSED
    yield retired(ROOTS[:2], vkey("stranger")), REFUSED
    yield retired(ROOTS[:2], old, origin=CONTROL), REFUSED
    yield retired(ROOTS[:2], old), OK
    yield retired(ROOTS[:2], vkey("log new")), REFUSED  # the only one again
    again = statement("ledger.log_key.announced", origin=P0, vkey=old, id=b"t" * 16)
    yield event(by(ROOTS, again)), REFUSED  # a key is never used again
    keys = [vkey(f"log {o}", o) for o in ORIGINS[:2]]
    stale = root_set(ROOTS, threshold=3)
    yield stale, REFUSED  # names the log keys of before
    yield root_set(ROOTS, threshold=3, log_keys=[*keys, vkey("log new")]), OK


def closed_log() -> Iterator[Step]:
    """A log that takes no more entries gets no more keys."""
    fields = {"origin": P0, "size": 9, "root": bytes(32)}
    yield encoded("ledger.log.closed", fields), OK
    yield announced(ROOTS), REFUSED


def revoked_key() -> Iterator[Step]:
    """A key that was revoked has no successor."""
    yield revoked("a"), OK
    yield rotated(("a", "a 2")), REFUSED


def rotated_twice() -> Iterator[Step]:
    """A key may have one successor after the other; a successor's key is taken."""
    yield rotated(("a", "a 2")), OK
    yield rotated(("a 2", "a 3"), old="a 2", new="a 3"), OK
    yield rotated(("a", "a 3"), new="a 3"), REFUSED
    yield revoked("a"), OK


def one(made: EncodedEvent, verdict: Verdict) -> Callable[[], Iterator[Step]]:
    """Return a case of one record."""
    return lambda: iter([(made, verdict)])


def foreign() -> EncodedEvent:
    """Encode an endorsed statement of a schema that nobody knows."""
    made = by(ROOTS, statement("ledger.root.set", **root_fields(threshold=1)))
    return event(made.model_copy(update={"statement_schema": b"\x99" * 32}))


def respelled(change: Callable[[bytes], bytes]) -> EncodedEvent:
    """Encode a statement that is endorsed but spelled otherwise."""
    plain = by((), statement("ledger.root.set", **root_fields(threshold=1)))
    other = plain.model_copy(update={"statement": change(plain.statement)})
    return event(add_endorsements(other, [signer(label) for label in ROOTS]))


def wrapped(inner: EncodedEvent) -> EncodedEvent:
    """Encode an event that takes no endorsements as if it were a statement."""
    blank = by((), statement("ledger.root.set", **root_fields(threshold=1)))
    other = blank.model_copy(
        update={"statement": inner.body, "statement_schema": inner.schema_id}
    )
    return event(add_endorsements(other, [signer(label) for label in ROOTS]))


def two_blocks(body: bytes) -> bytes:
    """Spell the list of origins, at its place in a root.set, as two blocks."""
    listed = b"".join(bytes([2 * len(o)]) + o.encode() for o in ORIGINS)
    first = bytes([2 * len(CONTROL)]) + CONTROL.encode()
    assert body.count(b"\x06" + listed + b"\x00") == 1
    split = b"\x02" + first + b"\x04" + listed[len(first) :] + b"\x00"
    return body.replace(b"\x06" + listed + b"\x00", split)


FOUR = public(*ROOTS, "root 4")
LOW_ORDER = b"\x01" + bytes(31)
NOT_ON_CURVE = b"\x02" + bytes(31)
POLICY = "ledger.witness_policy.set"
CASES: dict[str, Callable[[], Iterator[Step]]] = {
    "root-added": one(root_set((*ROOTS[:2], "root 4"), root_keys=FOUR), OK),
    "root-replaced": one(
        root_set(("root", "root 2"), root_keys=public("root", "root 2", "root 4")), OK
    ),
    "all-roots-replaced": one(
        root_set((*ROOTS, "x", "y"), root_keys=public("x", "y")), OK
    ),
    "threshold-raised": one(root_set(ROOTS, threshold=3), OK),
    "operator-replaced": one(
        root_set(ROOTS[1:], operator_keys=public("operator 2")), OK
    ),
    "operator-added": one(
        root_set(ROOTS[1:], operator_keys=public("operator", "operator 2")), OK
    ),
    "root-without-old-threshold": one(
        root_set(("root", "x", "y"), root_keys=public("root", "x", "y")), REFUSED
    ),
    "root-without-new-threshold": one(
        root_set(("root", "root 2", "x"), root_keys=public("x", "y")), REFUSED
    ),
    "threshold-raised-beyond-endorsers": one(root_set(ROOTS[:2], threshold=3), REFUSED),
    "one-root-twice": one(
        root_set(("root", "root"), operator_keys=public("o2")), REFUSED
    ),
    "two-roots-one-twice": one(
        root_set(("root", "root", "root 2"), operator_keys=public("o2")), OK
    ),
    "stranger-beside-two-roots": one(
        root_set(("stranger", "root", "root 3"), operator_keys=public("o2")), OK
    ),
    "stranger-beside-one-root": one(
        root_set(("stranger", "root"), operator_keys=public("o2")), REFUSED
    ),
    "operator-is-no-root": one(
        root_set(("operator", "root"), operator_keys=public("o2")), REFUSED
    ),
    "nobody": one(root_set((), threshold=1), REFUSED),
    "broken-endorsement": broken_signature,
    "root-of-another-ledger": one(root_set(ROOTS, name="other.example"), REFUSED),
    "root-with-other-origins": one(root_set(ROOTS, origins=ORIGINS[:2]), REFUSED),
    "root-with-other-log-keys": one(
        root_set(ROOTS, log_keys=[vkey("x", origin) for origin in ORIGINS]), REFUSED
    ),
    "root-threshold-too-high": one(root_set(ROOTS, threshold=4), REFUSED),
    "root-without-operator": one(root_set(ROOTS, operator_keys=[]), REFUSED),
    "root-key-twice": one(
        root_set(ROOTS, root_keys=public("root", "root", "root 2")), REFUSED
    ),
    "root-is-operator": one(root_set(ROOTS, operator_keys=public("root 3")), REFUSED),
    "root-is-producer": one(
        root_set((*ROOTS, "a"), root_keys=[*FOUR[:3], *public("a")]), REFUSED
    ),
    "root-is-log-key": one(
        root_set(ROOTS, root_keys=[*FOUR[:3], *public(f"log {P0}")]), REFUSED
    ),
    "root-of-low-order": one(
        root_set(ROOTS, root_keys=[*FOUR[:3], LOW_ORDER]), REFUSED
    ),
    "root-not-on-the-curve": one(
        root_set(ROOTS, root_keys=[*FOUR[:3], NOT_ON_CURVE]), REFUSED
    ),
    "root-brought-back": bring_back,
    "replayed": replay,
    "log-key-rotated": log_keys,
    "log-key-of-the-control-log": one(announced(ROOTS, origin=CONTROL), OK),
    "log-key-by-one-root": one(announced(ROOTS[2:]), REFUSED),
    "log-key-of-unknown-origin": one(announced(ROOTS, origin=f"{NAME}/p9"), REFUSED),
    "log-key-of-other-origin": one(
        announced(ROOTS, key=vkey("log new", CONTROL)), REFUSED
    ),
    "log-key-of-another-log": one(
        announced(ROOTS, key=vkey(f"log {CONTROL}")), REFUSED
    ),
    "log-key-is-producer": one(announced(ROOTS, key=vkey("a")), REFUSED),
    "log-key-is-no-vkey": one(announced(ROOTS, key="x"), REFUSED),
    "log-key-of-closed-log": closed_log,
    "witnesses-unset": one(endorsed(POLICY, ROOTS[:2], policy=""), OK),
    "witnesses-by-one-root": one(endorsed(POLICY, ROOTS[:1], policy=""), REFUSED),
    "key-rotated": one(rotated(("a", "a 2")), OK),
    "key-rotated-twice": rotated_twice,
    "key-rotated-by-old-alone": one(rotated(("a",)), REFUSED),
    "key-rotated-by-new-alone": one(rotated(("a 2",)), REFUSED),
    "key-rotated-by-roots": one(rotated(ROOTS), REFUSED),
    "key-rotated-to-itself": one(rotated(("a",), new="a"), REFUSED),
    "key-rotated-to-a-root": one(rotated(("a", "root"), new="root"), REFUSED),
    "key-rotated-to-a-log-key": one(
        rotated(("a", f"log {P0}"), new=f"log {P0}"), REFUSED
    ),
    "key-rotated-low-order": one(rotated(("a",), public_key=LOW_ORDER), REFUSED),
    "key-rotated-root": one(rotated(("root", "x"), old="root", new="x"), REFUSED),
    "key-rotated-operator": one(
        rotated(("operator", "x"), old="operator", new="x"), REFUSED
    ),
    "key-rotated-unknown": one(rotated(("u", "x"), old="u", new="x"), REFUSED),
    "key-rotated-after-revocation": revoked_key,
    "unknown-schema": one(foreign(), REFUSED),
    "not-a-statement": one(wrapped(authorized("new")), REFUSED),
    "nested": one(wrapped(root_set(ROOTS, threshold=3)), REFUSED),
    "malformed-trailing-byte": one(
        respelled(lambda body: body + b"\x00"), Verdict.MALFORMED
    ),
    "malformed-cut": one(respelled(lambda body: body[:-1]), Verdict.MALFORMED),
    "malformed-two-blocks": one(respelled(two_blocks), Verdict.MALFORMED),
}


def played(name: str) -> Writer:
    """Play a case to its end; every verdict is as it says."""
    writer = Writer()
    for number, (made, verdict) in enumerate(CASES[name]()):
        assert writer.write(made) == verdict, (name, number)
    return writer


def state_of(control: Control) -> dict[str, Any]:
    """Return as JSON what statements can change."""
    keys = control.keys()
    return {
        "threshold": control.threshold,
        "roots": [key.hex() for key in control.root_keys],
        "operators": [key.hex() for key in control.operator_keys],
        "witness_policy": control.witness_policy,
        "active": {o: [*map(str, control.active_vkeys(o))] for o in ORIGINS},
        "known": {o: [*map(str, control.known_vkeys(o))] for o in ORIGINS},
        "keys": [
            [key.public_key.hex(), key.identity, key.authorised_at, key.revoked_at]
            for key in keys
        ],
    }


def vector(name: str) -> dict[str, Any]:
    """Return a case as it is stored."""
    writer = played(name)
    return {
        "origin": CONTROL,
        "statement_schema": schema_id(StatementEndorsed).hex(),
        "records": [
            {"value": value.hex(), "verdict": int(verdict)}
            for value, verdict in writer.written
        ],
        "state": state_of(writer.control),
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in CASES:
        path = FOLDER / f"{name}.json"
        if not path.exists():
            text = json.dumps(vector(name), indent=1, ensure_ascii=False)
            path.write_text(text + "\n", encoding="utf-8")
            print(path.name)


if __name__ == "__main__":
    main()
