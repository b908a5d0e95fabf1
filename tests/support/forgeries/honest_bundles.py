"""Honest bundles that look odd: none of them is accused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ledger.bundle.contents import Place
from ledger.endorsement import endorse
from ledger.entry import EncodedEvent
from ledger.keys import key_fingerprint
from ledger.note import Note
from tests.support.browser_verify import Case
from tests.support.bundles import (
    Story,
    chain_events,
    fixed_id,
    made,
    policy_text,
)
from tests.support.forgeries.bundle_base import BUNDLE, Bundles, open_stream
from tests.support.forgeries.note_hands import lines_added, renoted, witness_lines
from tests.support.forgeries.note_rows import SEALED_S
from tests.support.forgeries.operator_rows import (
    backdated_log,
    postdated,
    revoke,
    stated,
)
from tests.support.forgeries.rows import Row
from tests.support.forgeries.stage import bundles
from tests.support.ledgers import TIME_US, Stream, signer


def given(kind: str, **options: Any) -> Callable[[Bundles], Case]:
    return lambda it: it.case(getattr(it, kind), **options)


def without_token(it: Bundles) -> Case:
    return it.case(replace(it.event, token=b""))


def third_witness(it: Bundles) -> Case:
    """A line of a listed witness more than the quorum needs."""

    def lines(note: Note) -> Any:
        return witness_lines(note.text, "east", time_s=SEALED_S)

    return it.case(renoted(it.event, lines_added(lines)))


def stranger_beside(it: Bundles) -> Case:
    """A foreign note may carry lines of keys that nobody knows."""

    def lines(note: Note) -> Any:
        return witness_lines(note.text, "west", time_s=SEALED_S)

    return it.case(renoted(it.event, lines_added(lines)))


def revoked(since: int | None) -> Callable[[Bundles], Case]:
    """A decision whose key was revoked after it was sealed."""

    def forge(it: Bundles) -> Case:
        story = it.fresh()
        revoke(story.ledger, "a", since)
        return it.case(story.event())

    return forge


def rotated(it: Bundles) -> Case:
    """A decision by a key that followed another one."""
    story, _ = open_stream(it)
    statement = stated(
        "ledger.key.rotated",
        old_key_fp=key_fingerprint(signer("a").public_key),
        public_key=signer("c").public_key,
    )
    story.ledger.operate(endorse(statement, [signer("a"), signer("c")]), label="rotate")
    stream = Stream(signer("c"), stream_id=b"c" * 16)
    for value in (stream.open(), stream.data()):
        story.ledger.log.append(0, value)
    story.ledger.seal()
    return it.case(story.ledger.collector().event(Place("p0", 2, 0)))


def without_manifest(it: Bundles) -> Case:
    story, stream = open_stream(it)
    story.ledger.log.append(0, stream.data())
    story.ledger.seal()
    return it.case(story.ledger.collector().event(Place("p0", 1, 0)))


def erased(it: Bundles) -> Case:
    """A decision whose payload was deleted: what is sealed stays and verifies."""
    story = it.fresh()
    ledger = story.ledger
    deletion = made(
        "governance.payload.deleted",
        "deletion",
        cause="request",
        method="key destroyed",
        decisions=[fixed_id("decision")],
        key_ids=[],
        deleted_at=TIME_US,
        residuals=[],
    )
    stream = Stream(signer("a"), stream_id=b"e" * 16)
    for value in (stream.open(), stream.data(deletion)):
        ledger.log.append(0, value)
    ledger.seal()
    places = {**story.places, "deletion": Place("p0", 7, 0)}
    return it.case(Story(ledger, places).decision())


def unreadable(it: Bundles) -> Case:
    """A range with a body that its schema does not consume: counted, no verdict."""
    story, stream = open_stream(it)
    decision = chain_events()["decision"]
    event = EncodedEvent(decision.schema_id, decision.body + b"\0")
    story.ledger.log.append(0, stream.data(event))
    story.ledger.seal()
    return it.case(story.ledger.collector().range("p0", 0, 1))


def quarantined(it: Bundles) -> Case:
    """A range with a refused record, a resend and a gap's neighbours in it."""
    story, stream = open_stream(it)
    value = stream.data()
    for record in (value, b"no entry", value):
        story.ledger.log.append(0, record)
    story.ledger.seal()
    return it.case(story.ledger.collector().range("p0", 0, 3))


def row(title: str, make: Callable[[Bundles], Case], code: str = "0") -> Row:
    return Row("", title, bundles, make, BUNDLE, code)


HONEST = [
    row("the bundle of an event", given("event")),
    row("the bundle of a decision and its chain", given("decision")),
    row("the bundle of a range", given("range")),
    row("the bundle of an answer", given("answer")),
    row("a bundle without a time stamp", without_token),
    row("a bundle without a manifest", without_manifest),
    row("a time stamp, and no root to verify it by", given("event", roots=None)),
    row(
        "a policy that lists no log keys",
        given("event", policy=policy_text(logs=False)),
    ),
    row("a policy without witnesses", given("event", policy=policy_text(witnesses=()))),
    row("a cosignature more than needed", third_witness),
    row("a stranger's line on a foreign note", stranger_beside),
    row("a key revoked later, no time of theft", revoked(None)),
    row("a key stolen later than it signed", revoked(TIME_US + 10**9)),
    row("a key stolen before it signed: suspect, no more", revoked(TIME_US - 1), "13"),
    row("a decision by a rotated key", rotated),
    row("a decision whose payload was erased", erased),
    row("a sealer's clock a minute ahead of the witnesses'", postdated(60_000)),
    row("a clock a minute behind the control log's", backdated_log(61_000)),
    row("a range with a body nobody can read", unreadable),
    row("a range with quarantine and a resend in it", quarantined),
]
