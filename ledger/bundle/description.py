"""``bundle.json``: what a bundle is about, as RFC 8785 JSON.

:func:`format_description` and :func:`parse_description` are inverses: the text is
written back and compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from ledger.bundle.contents import (
    QUESTIONS,
    Contents,
    Kind,
    Place,
    Range,
)
from ledger.errors import MalformedError

FORMAT = "mlledger.bundle/1"
MAX_DESCRIPTION = 65_536
_KEYS: Mapping[str, frozenset[str]] = {
    "event": frozenset(("subject",)),
    "decision": frozenset(("subject",)),
    "report": frozenset(("subject",)),
    "range": frozenset(("ranges",)),
    "answer": frozenset(("ranges", "question", "parameters")),
}
_MAX_NUMBER = (1 << 53) - 1


def format_description(contents: Contents) -> bytes:
    """Return ``bundle.json``; inverse of :func:`parse_description`."""
    import rfc8785

    about: dict[str, Any] = {"format": FORMAT, "kind": contents.kind}
    if contents.manifest is not None:
        about["manifest"] = contents.manifest._asdict()
    if contents.subject is not None:
        about["subject"] = contents.subject._asdict()
    if contents.ranges:
        about["ranges"] = [each._asdict() for each in contents.ranges]
    if contents.question:
        about["question"] = contents.question
        about["parameters"] = dict(contents.parameters)
    return rfc8785.dumps(about)


def parse_description(data: bytes) -> Contents:
    """Return contents that hold the description and nothing else.

    Raises:
        MalformedError: it has another form, or is not spelled as it would be written.
    """
    try:
        if len(data) > MAX_DESCRIPTION:
            raise MalformedError(f"{len(data)} bytes")
        contents = _contents(json.loads(data))
        if format_description(contents) != data:
            raise MalformedError("not in its only accepted spelling")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise MalformedError(f"not the description of a bundle: {error}") from error
    return contents


def _contents(about: Any) -> Contents:
    kind = about["kind"]
    optional = frozenset(("manifest",)) if "manifest" in about else frozenset[str]()
    wanted = _KEYS[kind] | optional | {"format", "kind"}
    if about["format"] != FORMAT or about.keys() != wanted:
        raise MalformedError(f"not a description of {FORMAT}")
    parameters = about.get("parameters", {})
    if not all(isinstance(value, str) for value in parameters.values()):
        raise MalformedError("a parameter that is no text")
    question = about.get("question", "")
    if kind == "answer" and question not in QUESTIONS:
        raise MalformedError(f"{question!r}: not a question that bundles answer")
    return Contents(
        kind=cast("Kind", kind),
        logs={},
        subject=_place(about["subject"]) if "subject" in about else None,
        manifest=_place(about["manifest"]) if optional else None,
        ranges=_ranges(about.get("ranges", [])),
        question=question,
        parameters=parameters,
    )


def _place(data: Any) -> Place:
    place = Place(**data)
    _check_numbers(place.leaf, place.index)
    _check_log(place.log)
    return place


def _ranges(data: Any) -> tuple[Range, ...]:
    ranges = tuple(Range(**each) for each in data)
    for each in ranges:
        _check_numbers(each.first, each.last)
        _check_log(each.log)
        if each.first > each.last:
            raise MalformedError(f"{each.log}: an empty range")
    logs = [each.log for each in ranges]
    if sorted(set(logs)) != logs:
        raise MalformedError("ranges out of order, or two of one log")
    return ranges


def _check_numbers(*numbers: object) -> None:
    for number in numbers:
        if type(number) is not int or not 0 <= number <= _MAX_NUMBER:
            raise MalformedError(f"{number!r}: not a number of a leaf or event")


def _check_log(log: object) -> None:
    if not isinstance(log, str) or not log:
        raise MalformedError(f"{log!r}: not a log")
