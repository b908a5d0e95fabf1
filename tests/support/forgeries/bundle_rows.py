"""Bundles that say another thing than was sealed, by whoever cannot sign."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from ledger.bundle.contents import Contents, Place, Range
from ledger.bundle.layout import to_files
from tests.support.forgeries.bundle_base import (
    BUNDLE,
    Bundles,
    Forge,
    edited,
    flipped,
    part_of,
)
from tests.support.forgeries.rows import Row
from tests.support.forgeries.stage import bundles


def of(kind: str, change: Callable[[Contents], Contents]) -> Forge:
    """A bundle of a kind with other contents."""
    return lambda it: it.case(change(getattr(it, kind)))


def from_other(name: str, kind: str = "decision") -> Forge:
    """A part of another decision's bundle under the same keys."""

    def forge(it: Bundles) -> object:
        theirs = to_files(it.other.decision())
        return it.case({**to_files(getattr(it, kind)), name: theirs[name]})

    return forge  # type: ignore[return-value]


def other_output(contents: Contents) -> Contents:
    """The decision said refer; let it say accept."""
    events = [
        replace(event, body=event.body.replace(b"refer", b"grant"))
        for event in contents.logs["p0"].events
    ]
    return part_of(contents, events=tuple(events))


def next_place(contents: Contents) -> Contents:
    """Let the event stand one place further in its entry."""
    place = contents.subject or Place("p0", 0, 0)
    events = [
        replace(event, index=event.index + 1) if event.index == place.index else event
        for event in contents.logs["p0"].events
    ]
    subject = place._replace(index=place.index + 1)
    return replace(part_of(contents, events=tuple(events)), subject=subject)


def swapped_schema(contents: Contents) -> Contents:
    """Another schema under the name of the one that was signed."""
    schemas = {
        schema_id: schema.replace(b'"output"', b'"advice"')
        for schema_id, schema in contents.schemas.items()
    }
    assert schemas != contents.schemas
    return replace(contents, schemas=schemas)


def renamed_schema(it: Bundles) -> object:
    """The same, under its own name, and the event names it."""
    contents = swapped_schema(it.event)
    names = {old: sha256(new).digest() for old, new in contents.schemas.items()}
    schemas = {names[old]: new for old, new in contents.schemas.items()}
    events = tuple(
        replace(event, schema_id=names.get(event.schema_id, event.schema_id))
        for event in contents.logs["p0"].events
    )
    forged = replace(part_of(contents, events=events), schemas=schemas)
    return it.case(forged)


def unrelated(it: Bundles) -> object:
    """Another decision of the same entry among the events of the chain."""
    story = it.story
    chain = [place for label, place in story.places.items() if label != "decision"]
    collector = story.ledger.collector()
    stray = Place("p0", 5, 3)
    return it.case(collector.decision(story.places["decision"], [*chain, stray]))


def without_link(label: str) -> Forge:
    """The chain without one of its events."""

    def forge(it: Bundles) -> object:
        left_out = {"decision", label}
        chain = [p for name, p in it.story.places.items() if name not in left_out]
        collector = it.story.ledger.collector()
        return it.case(collector.decision(it.story.places["decision"], chain))

    return forge  # type: ignore[return-value]


def without_record(contents: Contents) -> Contents:
    records = {k: v for k, v in contents.logs["p0"].records.items() if k != 2}
    return part_of(contents, records=records)


def without_leaf(contents: Contents) -> Contents:
    part = contents.logs["p0"]
    leaves = {k: v for k, v in part.leaves.items() if k != 2}
    return part_of(without_record(contents), leaves=leaves)


def wider(contents: Contents) -> Contents:
    (whole,) = contents.ranges
    return replace(contents, ranges=(whole._replace(last=whole.last + 1),))


def narrower(contents: Contents) -> Contents:
    """An answer that is said to be drawn from less than the whole log."""
    last = contents.ranges[-1]
    return replace(contents, ranges=(Range(last.log, 0, last.last - 1),))


def row_gone(contents: Contents) -> Contents:
    rows = json.loads(contents.answer)
    assert rows
    return replace(contents, answer=json.dumps(rows[:-1]).encode())


def row_changed(contents: Contents) -> Contents:
    answer = contents.answer.replace(b'"approve"', b'"reject"')
    assert answer != contents.answer
    return replace(contents, answer=answer)


def row(by: str, title: str, forge: object, place: str) -> Row:
    return Row(by, title, bundles, forge, BUNDLE, "5", place)  # type: ignore[arg-type]


ROWS = [
    row(
        "V",
        "another outcome in a decision",
        of("event", other_output),
        "step 2 p0 leaf 5",
    ),
    row(
        "V",
        "one bit of the salt of an event",
        edited("p0/events.bin", flipped(48)),
        "step 2 p0 leaf 4",
    ),
    row(
        "V",
        "an event moved within its entry",
        of("event", next_place),
        "step 2 p0 leaf 5",
    ),
    row(
        "V",
        "one bit of a producer's signature",
        edited("p0/leaves.bin", flipped(-1)),
        "step 3 p0 leaf 5",
    ),
    row(
        "V",
        "one hash of the proof in the tree",
        edited("p0/leaves.proof", flipped(3)),
        "step 5 p0/leaves.proof",
    ),
    row(
        "V",
        "one hash of the C2SP proof",
        edited("partition.tlog-proof", flipped(40)),
        "step 5 partition.tlog-proof",
    ),
    row(
        "V",
        "a schema swapped under its name",
        of("event", swapped_schema),
        "step 1 schema/"
        "efa27d171421f96d7db63cb0a913ea80992eb164d51c750ce4c6ade928c92805.json",
    ),
    row("PS", "a schema swapped with its name", renamed_schema, "step 2 p0 leaf 5"),
    row(
        "V",
        "events of another decision",
        from_other("p0/events.bin"),
        "step 2 p0 leaf 1",
    ),
    row(
        "V",
        "seal leaves of another decision",
        from_other("p0/leaves.bin"),
        "step 5 p0/leaves.proof",
    ),
    row(
        "S",
        "stream of one history, tree of another",
        from_other("p0/checkpoint"),
        "step 5 p0/leaves.proof",
    ),
    row("V", "one more decision in a chain", unrelated, "step 9 p0 leaf 5 event 3"),
    row(
        "V",
        "a chain without its release",
        without_link("release"),
        "step 9 p0 leaf 1 event 1",
    ),
    row(
        "V",
        "a range without one of its records",
        of("range", without_record),
        "step 1 p0 leaf 2",
    ),
    row(
        "V", "a range without one of its leaves", of("range", without_leaf), "step 4 p0"
    ),
    row("V", "a range said to be wider than it is", of("range", wider), "step 4 p0"),
    row(
        "DV",
        "an answer with a row left out",
        of("answer", row_gone),
        "step 9 answer.json row 0",
    ),
    row(
        "DV",
        "an answer with a row changed",
        of("answer", row_changed),
        "step 9 answer.json row 0",
    ),
    row(
        "DV",
        "an answer without one of its records",
        of("answer", without_record),
        "step 1 p0 leaf 2",
    ),
    row(
        "DV",
        "an answer drawn from a part of the log",
        of("answer", narrower),
        "step 1 p0/records.bin",
    ),
]
