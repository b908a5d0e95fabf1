"""Bundles an operator makes who holds every log key and seals what he likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ledger.bundle.contents import Contents, Place
from ledger.bundle.control_log import ControlLog
from ledger.codec import encode
from ledger.entry import EncodedEvent
from ledger.judgement import Verdict
from ledger.keys import key_fingerprint
from ledger.log import CONTROL
from ledger.note import log_vkey
from ledger.public import OriginReader
from tests.support.browser_verify import Case
from tests.support.bundles import FixedLedger, Story, chain_events
from tests.support.forgeries.bundle_base import (
    BUNDLE,
    WITH_CONTROL,
    Bundles,
    open_stream,
    part_shown,
    sealed_as,
)
from tests.support.forgeries.rows import Row
from tests.support.forgeries.stage import bundles
from tests.support.ledgers import NAME, TIME_US, Stream, decision, signer

LOW_ORDER = bytes([1]) + bytes(31)
DAY_MS = 86_400_000


class LowOrder:
    """The key under which some libraries take a constant for a signature of all."""

    public_key = LOW_ORDER

    def sign(self, _message: bytes) -> bytes:
        return LOW_ORDER + bytes(32)


def lie(it: Bundles, value: bytes, story: Story, **options: Any) -> Case:
    return it.case(sealed_as(story, value, **options))


def forged_signature(it: Bundles) -> Case:
    story, stream = open_stream(it)
    value = stream.data()
    return lie(it, value[:180] + bytes(64) + value[244:], story)


def other_log(it: Bundles) -> Case:
    story, stream = open_stream(it)
    return lie(it, stream.data(log_id=bytes(32)), story)


def uncommitted(it: Bundles) -> Case:
    """The header promises other events than the record holds."""
    story, stream = open_stream(it)
    value = bytearray(stream.data())
    value[-1] ^= 1
    return lie(it, bytes(value), story)


def trailing_byte(it: Bundles) -> Case:
    """A producer signs a body with a byte that no reader of its schema consumes."""
    story, stream = open_stream(it)
    event = decision()
    longer = EncodedEvent(event.schema_id, event.body + b"\0")
    return lie(it, stream.data(longer), story)


def authorised_later(it: Bundles) -> Case:
    story, stream = open_stream(it)
    return lie(it, stream.data(), story, pinned=1)


def revoke(ledger: FixedLedger, label: str, since: int | None = None) -> None:
    fact = stated(
        "ledger.key.revoked",
        key_fp=key_fingerprint(signer(label).public_key),
        compromised_since=since,
        reason="stolen",
    )
    ledger.operate(fact, label=f"revoke {label}")


def stated(name: str, /, **fields: Any) -> Any:
    from ledger.events.base import event_class
    from tests.support.bundles import fixed_id

    cls: Any = event_class(name)
    return cls.record(**{"id": fixed_id(f"{name} {fields}"), "time": TIME_US} | fields)


def revoked(it: Bundles) -> Case:
    story, stream = open_stream(it)
    revoke(story.ledger, "a")
    return lie(it, stream.data(), story)


def without_revocation(it: Bundles) -> tuple[Contents, Story]:
    """A bundle from which the leaf of the revocation was kept away."""
    story, stream = open_stream(it)
    revoke(story.ledger, "a")
    contents = sealed_as(story, stream.data())
    control = contents.logs["control"]
    revocation = max(event.leaf for event in control.events)
    shown = {event.leaf: event.index for event in control.events}
    shown.pop(revocation)
    part = part_shown(story.ledger, CONTROL, shown)
    return replace(contents, logs={**contents.logs, "control": part}), story


def control_of(ledger: FixedLedger) -> ControlLog:
    key = signer(f"log {NAME}/control").public_key
    vkey = log_vkey(f"{NAME}/control", key)
    return ControlLog(ledger.control, OriginReader(ledger.public, vkey).root_at)


def revocation_kept_away(it: Bundles) -> tuple[Case, ControlLog]:
    contents, story = without_revocation(it)
    return it.case(contents), control_of(story.ledger)


def by_key(key: str, event: EncodedEvent | None = None) -> Any:
    """An entry that its key may not write, sealed as accepted."""

    def forge(it: Bundles) -> Case:
        story, stream = open_stream(it, key)
        events = [event] if event else []
        return lie(it, stream.data(*events), story)

    return forge


def opened_by(key: str) -> Any:
    """The same for keys whose stream could not even be opened honestly."""

    def forge(it: Bundles) -> Case:
        ledger = FixedLedger(it.new_folder())
        stream = Stream(signer(key), stream_id=b"z" * 16)
        story = Story(ledger, {})
        ledger_value = stream.open()
        leaf = ledger.leaf_of(_accepted(), 0, ledger_value, ledger.control.size)
        ledger.log.append(0, ledger_value)
        ledger.leaves[0] = [leaf]
        ledger.publish(0, [leaf])
        return lie(it, stream.data(), story)

    return forge


def _accepted() -> Any:
    from ledger.judgement import Judgement

    return Judgement(Verdict.ACCEPTED)


def service_approves(it: Bundles) -> Case:
    return by_key("a", chain_events()["approval"])(it)


def low_order_key(it: Bundles) -> Case:
    """A key of low order is authorised and used; both are sealed as accepted."""
    story, _ = open_stream(it)
    ledger = story.ledger
    fact = stated(
        "ledger.key.authorized",
        public_key=LOW_ORDER,
        identity="service:low",
        kind="service",
        event_types=["mlledger.*"],
        attests=False,
    )
    operator = Stream(signer("operator"), f"{NAME}/control", stream_id=b"o" * 16)
    values = [operator.open(), operator.data(EncodedEvent(*encode(fact)))]
    control = list[bytes]()
    for value in values:
        number = len(ledger.leaves[CONTROL])
        ledger.log.append(CONTROL, value)
        leaf = ledger.leaf_of(_accepted(), number, value, number)
        ledger.leaves[CONTROL].append(leaf)
        control.append(leaf)
    stream = Stream(LowOrder(), stream_id=b"l" * 16)  # type: ignore[arg-type]
    events = list[bytes]()
    for value in (stream.open(), stream.data()):
        number = len(ledger.leaves[0])
        ledger.log.append(0, value)
        size = len(ledger.leaves[CONTROL])
        leaf = ledger.leaf_of(_accepted(), number, value, size)
        ledger.leaves[0].append(leaf)
        events.append(leaf)
    honest = story.ledger.collector().event(Place("p0", 0, 0))
    ledger.publish(CONTROL, control)
    ledger.publish(0, events)
    last, key = len(ledger.leaves[0]) - 1, len(ledger.leaves[CONTROL]) - 1
    genesis = {event.leaf: event.index for event in honest.logs["control"].events}
    shown = {leaf: index for leaf, index in genesis.items() if leaf == 0} | {key: 0}
    logs = {
        "control": part_shown(ledger, CONTROL, shown),
        "p0": part_shown(ledger, 0, {last - 1: 0, last: 0}),
    }
    from ledger.bundle.tlog_proof import TlogProof
    from ledger.tree import inclusion_proof, leaf_hash, nodes_of

    nodes = nodes_of([leaf_hash(data) for data in ledger.leaves[0]])
    path = tuple(inclusion_proof(nodes, index=last, size=last + 1))
    proof = TlogProof(last, path, logs["p0"].checkpoint).to_bytes()
    place = Place("p0", last, 0)
    forged = replace(
        honest,
        logs=logs,
        subject=place,
        schemas=it.event.schemas,
        partition_proof=proof,
    )
    return it.case(forged)


def backdated(it: Bundles) -> Case:
    """Sealed a day before the stream it belongs to was opened."""
    story, stream = open_stream(it)
    at = story.ledger.now_ms - 86_400_000
    return lie(it, stream.data(), story, sealed_at_ms=at)


def postdated(by_ms: int) -> Callable[[Bundles], Case]:
    """Sealed later than the witnesses saw it."""

    def forge(it: Bundles) -> Case:
        story, stream = open_stream(it)
        at = story.ledger.now_ms + by_ms
        return lie(it, stream.data(), story, sealed_at_ms=at)

    return forge


class EarlyLedger(FixedLedger):
    """Its sealer writes down times that its witnesses had long seen go by."""

    early_ms = 0

    def leaf_of(self, *args: Any) -> bytes:
        self.now_ms -= self.early_ms
        try:
            return super().leaf_of(*args)
        finally:
            self.now_ms += self.early_ms


class AlwaysEarlyLedger(EarlyLedger):
    """The same from the first record on."""

    early_ms = DAY_MS


def backdated_log(
    by_ms: int, kind: type[EarlyLedger] = EarlyLedger
) -> Callable[[Bundles], Case]:
    """A whole log is sealed before the keys it rests on."""

    def forge(it: Bundles) -> Case:
        ledger = kind(it.new_folder())
        ledger.early_ms = by_ms
        stream = Stream(signer("a"))
        ledger.log.append(0, stream.open())
        ledger.log.append(0, stream.data())
        ledger.seal()
        return it.case(ledger.collector().event(Place("p0", 1, 0)))

    return forge


def spared(it: Bundles) -> Case:
    """A revoked key goes on under the control log as it was a minute before."""
    story, stream = open_stream(it)
    before = story.ledger.control.size
    revoke(story.ledger, "a")
    story.ledger.now_ms += 60_000
    return lie(it, stream.data(), story, pinned=before)


def row(
    by: str,
    title: str,
    forge: Any,
    place: str = "step 6 p0 leaf 1",
    code: str = "5",
    check: Any = BUNDLE,
) -> Row:
    return Row(by, title, bundles, forge, check, code, place)


ROWS = [
    row(
        "O",
        "an entry that its producer did not sign",
        forged_signature,
        "step 3 p0 leaf 1",
    ),
    row("B", "an entry for another log", other_log, "step 3 p0 leaf 1"),
    row(
        "BS",
        "other events than the header promises",
        uncommitted,
        "step 2 p0 leaf 1",
    ),
    row(
        "P",
        "a byte more than the schema consumes",
        trailing_byte,
        "step 8 p0 leaf 1 event 0",
    ),
    row("S", "a key that was authorised only later", authorised_later),
    row("SP", "a revoked key", revoked),
    row(
        "S",
        "a revoked key, its revocation kept away",
        revocation_kept_away,
        check=WITH_CONTROL,
    ),
    row("S", "a key nobody authorised", opened_by("stranger"), code="6"),
    row("S", "an operator's key as a producer", opened_by("operator")),
    row("PS", "a service approves in a person's place", service_approves),
    row(
        "SP",
        "a key of low order, authorised and used",
        low_order_key,
        "step 3 p0 leaf 2",
    ),
    row(
        "S",
        "a leaf sealed before the one above it",
        backdated,
        "step 4 p0 leaf 1",
    ),
    row("S", "a revoked key, spared for a minute", spared, "step 4 p0 leaf 1"),
    row(
        "S",
        "a log sealed a day before the keys it rests on",
        backdated_log(DAY_MS),
        "step 4 p0 leaf 1",
    ),
    row(
        "S",
        "a log sealed over a minute before its keys",
        backdated_log(61_001),
        "step 4 p0 leaf 1",
    ),
    row(
        "S",
        "a leaf sealed a day after witnesses saw it",
        postdated(DAY_MS),
        "step 5 p0 leaf 1",
    ),
    row(
        "S",
        "a leaf sealed over a minute after witnesses",
        postdated(60_001),
        "step 5 p0 leaf 1",
    ),
]
UNFOUND = [
    row(
        "S",
        "a revoked key, its revocation kept away from who has no control log",
        lambda it: it.case(without_revocation(it)[0]),
        "",
        "0",
    ),
    row(
        "S",
        "a whole ledger sealed too early",
        backdated_log(DAY_MS, AlwaysEarlyLedger),
        "",
        "0",
    ),
]
