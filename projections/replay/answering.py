"""Answer the question of a bundle from its entries: what the stated rows must equal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import InvalidEventError, LedgerError, MalformedError
from projections.replay.columns import covered
from projections.replay.filling import fill
from projections.replay.questions import (
    approvals,
    decision_chain,
    deployment_order,
    live_at,
)
from projections.replay.ranges import conflict_order, integrity_of_range

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from ledger.bundle.content import Reader
    from projections.evidence import Bounds
    from projections.replay.tables import Rows

Data = list[dict[str, object]]
_PLAIN = ("live_at", "approvals")
"""Questions whose twins give rows as they stand in ``answer.json``."""
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{3}|\.[0-9]{6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


def replayed(reader: Reader) -> Data:
    """Return the rows that the enclosed entries give, in the columns that count.

    Raises:
        MalformedError: the bundle's parameters are none of that question.
        EvidenceError: an event cannot be read.
    """
    contents = reader.enclosed.contents
    rows, given = fill(reader), dict(contents.parameters)
    try:
        answer = _ASKED[contents.question](rows, given)
    except (InvalidEventError, ValueError) as error:
        raise MalformedError(
            f"bundle.json: {error}", place="bundle.json parameters"
        ) from error
    except LedgerError as error:
        raise MalformedError(str(error), place="answer.json") from error
    if given:
        unknown = ", ".join(sorted(given))
        raise MalformedError(f"bundle.json: unknown parameters: {unknown}")
    rows = answer if contents.question in _PLAIN else as_rows(contents.question, answer)
    return covered(contents.question, cast("Data", rows))


def as_rows(question: str, answer: Any) -> Data:
    """Return an answer as rows in the order of code points, from wherever it comes."""
    from projections.commands.question import data_of

    if question == "live_at":
        answer = sorted(
            answer, key=lambda row: deployment_order(row.environment, row.service)
        )
    if question == "integrity_of_range":
        answer = replace(
            answer, conflicts=tuple(sorted(answer.conflicts, key=conflict_order))
        )
    data = data_of(answer)
    return cast("Data", data if isinstance(data, list) else [data])


def _taken(given: dict[str, str], name: str, form: re.Pattern[str]) -> str | None:
    text = given.pop(name, None)
    if text is not None and not form.fullmatch(text):
        raise InvalidEventError(f"{name}: {text!r} is not in a form of bundles")
    return text


def _bounds(given: dict[str, str]) -> Bounds:
    from projections.commands.opening import bounds

    return bounds(_taken(given, "as_of", _TIME), _taken(given, "known_as_of", _TIME))


def _id(given: dict[str, str], name: str) -> UUID | None:
    from projections.commands.opening import identifier

    text = _taken(given, name, _ID)
    return None if text is None else identifier(text)


def _limit(given: dict[str, str], otherwise: int) -> int:
    return int(_taken(given, "limit", _NUMBER) or otherwise)


def _ask_chain(rows: Rows, given: dict[str, str]) -> object:
    from projections.commands.decision import link_row

    decision = _id(given, "decision_id")
    if decision is None:
        raise InvalidEventError("decision_id: is needed")
    links = decision_chain(rows, decision, bounds=_bounds(given))
    return [link_row(link) for link in links]


def _ask_live(rows: Rows, given: dict[str, str]) -> object:
    return live_at(
        rows,
        environment=given.pop("environment", None),
        system=given.pop("system", None),
        bounds=_bounds(given),
    )


def _ask_range(rows: Rows, given: dict[str, str]) -> object:
    from projections.commands.opening import bounds

    def moment(name: str) -> Any:
        return bounds(_taken(given, name, _TIME), None).as_of

    now = moment("now")
    if now is None:
        raise InvalidEventError("now: is needed")
    _bounds(given)  # the question has bounds of its own
    return integrity_of_range(
        rows,
        now=now,
        since=moment("since"),
        until=moment("until"),
        limit=_limit(given, 1_000),
    )


def _ask_approvals(rows: Rows, given: dict[str, str]) -> object:
    return approvals(
        rows,
        object_id=_id(given, "object_id"),
        limit=_limit(given, 100),
        bounds=_bounds(given),
    )


_ASKED: Mapping[str, Callable[[Rows, dict[str, str]], object]] = {
    "decision_chain": _ask_chain,
    "live_at": _ask_live,
    "integrity_of_range": _ask_range,
    "approvals": _ask_approvals,
}
