"""The questions asked of the golden ledger: their cases, and answers one can review.

A file of ``tests/golden/answers`` holds the cases of one question. In its parameters
``{release credit-v2}`` stands for the id of what the story calls so; in answers ids and
digests stand there the same way, times are cut to seconds, positions are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.output import to_json
from projections.commands.answering import stated
from projections.commands.opening import bounds
from projections.commands.question import arguments, named, times_of

ANSWERS = Path(__file__).resolve().parents[1] / "golden" / "answers"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")
_NAME = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True)
class Case:
    """A question with parameters, and what is to be found in its answer."""

    number: str
    params: Mapping[str, str]
    answer: Any
    status: Mapping[str, str]
    why: str

    @property
    def label(self) -> str:
        words = [f"{key}={value}" for key, value in self.params.items()]
        return " ".join((self.number, *words))


def cases() -> Iterator[Case]:
    """Yield the cases of all questions."""
    for path in sorted(ANSWERS.glob("Q*.json")):
        for one in json.loads(path.read_text()):
            yield Case(
                path.stem,
                one.get("params", {}),
                one["answer"],
                one.get("status", {}),
                one.get("why", ""),
            )


@dataclass
class Asker:
    """Asks questions of one golden ledger.

    Attributes:
        connection: to its tables.
        ids: of what the story names, by name.
        now: moment that counts as now: the end of the story.
    """

    connection: Any
    ids: Mapping[str, UUID]
    now: Any

    def given(self, text: str) -> str:
        """Put ids where names stand in braces."""
        return _NAME.sub(lambda found: str(self.ids[found[1]]), text)

    def ask(self, number: str, params: Mapping[str, str]) -> Any:
        """Return an answer as ``mlledger query --json`` gives it in ``data``."""
        question = named(number)
        pairs = [f"{key}={self.given(value)}" for key, value in params.items()]
        times, rest = times_of(pairs)
        limits = bounds(times.get("as_of"), times.get("known_as_of"))
        values = arguments(question, rest, limits)
        if "now" in values:
            values["now"] = self.now
        found = question(self.connection, **values)
        return json.loads(to_json(stated(self.connection, found, limits)))

    def reviewable(self, answer: Any) -> Any:
        """Return an answer in the form of the files, see the module."""
        return self.shown(_without(answer, {"field_status"}))

    def shown(self, answer: Any) -> Any:
        """Return an answer without what differs from telling to telling."""
        names = {str(one): name for name, one in self.ids.items()}
        text = _TIME.sub(r"\1Z", json.dumps(_without(answer, {"position"})))
        return json.loads(_ID.sub(lambda m: f"{{{names.get(m[0], 'id')}}}", text))


def _without(value: Any, left_out: set[str]) -> Any:
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in left_out}
        return {key: _without(one, left_out) for key, one in kept.items()}
    return (
        [_without(one, left_out) for one in value] if isinstance(value, list) else value
    )


def differences(expected: Any, actual: Any, place: str = "") -> list[str]:
    """Return where an answer is not what is expected of it.

    An expected object names some fields; a list, all its members in order.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [
            line
            for key, value in expected.items()
            for line in differences(
                value, actual.get(key, "(absent)"), f"{place}.{key}"
            )
        ]
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            found = json.dumps(actual)[:600]
            return [f"{place}: {len(actual)} rows, not {len(expected)}: {found}"]
        pairs = enumerate(zip(expected, actual, strict=True))
        return [
            line
            for number, (one, other) in pairs
            for line in differences(one, other, f"{place}[{number}]")
        ]
    same = (
        abs(expected - actual) < 1e-9
        if isinstance(expected, float) and isinstance(actual, float)
        else expected == actual
    )
    return [] if same else [f"{place}: expected {expected!r}, found {actual!r}"]


def status_of(answer: Any, path: str) -> str:
    """Return the status of a field, such as ``0.owner`` or ``streams.0.identity``."""
    *steps, name = path.split(".")
    for step in steps:
        answer = answer[int(step)] if step.isdigit() else answer[step]
    return answer["field_status"][name]["status"]
