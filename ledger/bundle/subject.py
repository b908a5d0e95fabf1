"""What a bundle is about: an event, a decision, a report, a range or an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from ledger.bundle.answers import Replay, complete_words, verify_answer
from ledger.bundle.authority import KEY_TYPES
from ledger.bundle.content import Reader, is_main
from ledger.bundle.contents import CONTROL
from ledger.bundle.links import Chain, follow
from ledger.bundle.references import verify_references
from ledger.errors import (
    IntegrityError,
    MalformedError,
    MissingEvidenceError,
)

if TYPE_CHECKING:
    from ledger.bundle.contents import Place
    from ledger.bundle.enclosed import Fact
    from ledger.codec import Decoded
    from ledger.verification.findings import Findings

OPENED = "ledger.stream.opened"
REPORT = "governance.report.issued"
About = dict[str, Any]


def verify_subject(
    reader: Reader, found: Findings, replay: Replay | None
) -> tuple[str, About]:
    """Check what a bundle is about; returns what was found, in words and as JSON.

    Args:
        reader: the verified events.
        found: takes what does not hold.
        replay: answers questions from entries; None leaves an answer unchecked.
    """
    contents = reader.enclosed.contents
    with found.collected():
        verify_references(reader)
    for place in _strays(reader):
        found.add(_too_much(place))
    kinds: dict[str, Callable[[], tuple[str, About]]] = {
        "event": lambda: _event(reader, found),
        "report": lambda: _report(reader, found),
        "decision": lambda: _decision(reader, found),
        "range": lambda: _range(reader),
        "answer": lambda: verify_answer(reader, found, replay),
    }
    detail, about = kinds[contents.kind]()
    checks = reader.checks
    front = {"kind": contents.kind, "ledger": checks.name, "logs": checks.witnesses()}
    return detail, front | about


def _strays(reader: Reader) -> Iterator[Place]:
    """Yield shown events of the ledger's own logs that prove nothing here."""
    enclosed = reader.enclosed
    subject, manifest = enclosed.contents.subject, enclosed.contents.manifest
    stream = _stream(enclosed.facts.get(subject)) if subject else None
    for place, event in reader.events.items():
        fact = enclosed.facts[place]
        if is_main(place) or fact.at in enclosed.entries:
            continue
        keys = place.log == CONTROL and event.name in KEY_TYPES
        opening = event.name == OPENED and _stream(fact) == stream
        if not (keys or opening or place in {subject, manifest}):
            yield place


def _stream(fact: Fact | None) -> tuple[str, bytes, bytes] | None:
    if fact is None:
        return None
    return (fact.place.log, fact.header.key_fp, fact.header.stream_id)


def _event(reader: Reader, found: Findings) -> tuple[str, About]:
    subject = cast("Place", reader.enclosed.contents.subject)
    for place, event in reader.events.items():
        opens = event.name == OPENED and place.log == subject.log
        if is_main(place) and place != subject and not opens:
            found.add(_too_much(place))
    if subject not in reader.events:
        text = f"{subject}: not in the bundle"
        found.add(MissingEvidenceError(text, place=str(subject)))
        return "", {}
    _verify_openings(reader, found, [subject])
    row = reader.row(subject, "subject")
    return f"{subject}: {reader.events[subject].name}", {
        "subject": row,
        "events": [row],
    }


def _report(reader: Reader, found: Findings) -> tuple[str, About]:
    detail, about = _event(reader, found)
    contents = reader.enclosed.contents
    event = reader.events.get(cast("Place", contents.subject))
    if event is None or contents.report is None:
        return detail, about
    digest = f"sha256:{sha256(contents.report).hexdigest()}"
    said = event.fields.get("digest") if event.name == REPORT else None
    if said != digest:
        found.add(
            IntegrityError(
                "the report is not the one that was issued",
                place="report",
                expected=str(said or REPORT),
                actual=digest,
            )
        )
    return f"{detail}, report {digest}", about | {"report_digest": digest}


def _decision(reader: Reader, found: Findings) -> tuple[str, About]:
    subject = cast("Place", reader.enclosed.contents.subject)
    events = reader.main_events()
    chain = follow(events, subject)
    for error in chain.errors:
        found.add(error)
    for place in chain.unlinked:
        found.add(_too_much(place))
    openings = _verify_openings(reader, found, events)
    places = {event.id: place for place, event in events.items()}
    rows = [
        reader.row(places[event.id], role)
        for role, listed in chain.found.items()
        for event in listed
    ]
    rows += [reader.row(place, "stream") for place in openings]
    linked = sum(map(len, chain.found.values()))
    detail = f"{linked} events lead to each other; not recorded: "
    return (
        detail + (", ".join(chain.gaps) or "nothing that is asked for"),
        {"events": rows, "not_recorded": chain.gaps, "summary": _summary(chain)},
    )


def _summary(chain: Chain) -> dict[str, object]:
    """Return the answer in short: which version, release, run, data, approvals."""

    def said(row: str, *names: str) -> list[str]:
        return [
            " ".join(str(event.fields[name]) for name in names if event.fields[name])
            for event in chain.found.get(row, ())
        ]

    return {
        "output": said("decision", "output", "mode", "path"),
        "deployment": said("deployment", "environment", "service", "role"),
        "release": said("release", "release"),
        "model_version": said("model version", "model", "version"),
        "artifact_digest": said("release", "artifact_digest"),
        "run": said("run", "run", "step"),
        "data": said("input", "dataset", "name", "role", "digest"),
        "approvals": said("approval", "gate", "decision", "meaning"),
    }


def _range(reader: Reader) -> tuple[str, About]:
    (each,) = reader.enclosed.contents.ranges[:1] or (None,)
    if each is None:
        raise MalformedError("bundle.json: a range bundle without a range")
    label = complete_words(each.first, each.last)
    events = sum(place.log == each.log for place in reader.events)
    about = {"label": label, "range": each._asdict(), "count": events}
    return f"{reader.checks.name}/{each.log}: {label}", about


def _verify_openings(
    reader: Reader, found: Findings, events: Mapping[Place, Decoded] | list[Place]
) -> list[Place]:
    """Check that the opening of each event's stream is enclosed, and no other one."""
    facts = reader.enclosed.facts
    streams = {
        stream: place for place in events if (stream := _stream(facts.get(place)))
    }
    logs = {stream[0] for stream in streams}
    opened: dict[tuple[str, bytes, bytes] | None, Place] = {}
    for place, event in reader.events.items():
        if event.name != OPENED or not (is_main(place) or place.log in logs):
            continue
        stream = _stream(facts[place])
        if is_main(place) and stream not in streams:
            found.add(_too_much(place))
        opened[stream] = place
    for stream in streams.keys() - opened.keys():
        place = streams[stream]
        text = f"{place}: the opening of its stream is not in the bundle"
        found.add(MissingEvidenceError(text, place=str(place)))
    return sorted(place for stream, place in opened.items() if stream in streams)


def _too_much(place: Place) -> IntegrityError:
    return IntegrityError(
        f"{place}: in the bundle, and nothing leads to it", place=str(place)
    )
