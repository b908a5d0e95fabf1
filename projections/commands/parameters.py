"""What questions take, from ``KEY=VALUE`` pairs: each value of its kind and range."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ledger.errors import InvalidEventError, MalformedError
from projections.commands.opening import bounds, identifier

if TYPE_CHECKING:
    from projections.asking import Bounds

GIVEN = frozenset({"connection", "bounds", "now", "before"})
"""Parameters that nobody gives on the command line."""
MANNER = frozenset({"limit", "order_by", "page_token"})
"""Parameters that say how an answer is given, not what it is about."""
MOST_ROWS = 1_000_000
_RANGES: Mapping[str, tuple[int, int]] = {
    "limit": (1, MOST_ROWS),
    "depth": (1, 1_000),
    "days": (0, 36_500),
    "emergency_days": (0, 36_500),
}
_ANY = (0, 2**31 - 1)
_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("findings_register", "state"): ("open", "acknowledged", "closed"),
    ("findings_register", "found_by"): (
        *("control", "validation", "audit", "examiner", "incident"),
    ),
    ("limit_history", "change"): (
        *("set", "loosened", "tightened", "turned", "same", "changed"),
        *("switched_off", "switched_on"),
    ),
}
"""The values of a parameter of a question, where they are few."""


def parameters(question: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return what a question takes from the command line, by name."""
    listed = inspect.signature(question).parameters
    return {name: item for name, item in listed.items() if name not in GIVEN}


def times_of(pairs: list[str]) -> tuple[dict[str, str], list[str]]:
    """Take the two times out of ``--param``: every question has them."""
    names = ("as_of=", "known_as_of=")
    times = [pair for pair in pairs if pair.startswith(names)]
    rest = [pair for pair in pairs if not pair.startswith(names)]
    return dict(pair.split("=", 1) for pair in times), rest


def arguments(
    question: Callable[..., Any], pairs: list[str], limits: Bounds
) -> dict[str, object]:
    """Return the arguments of a question from ``KEY=VALUE`` pairs.

    Raises:
        InvalidEventError: a pair that it does not take, or one is lacking.
    """
    from ledger import clock
    from projections.columns import to_time

    known, values = parameters(question), dict[str, object]()
    for pair in pairs:
        key, found, text = pair.partition("=")
        if not found or key not in known:
            allowed = ", ".join(known) or "none"
            raise InvalidEventError(f"--param {pair}", hint=f"KEY=VALUE of: {allowed}")
        values[key] = _value(question.__name__, key, text, str(known[key].annotation))
    for key, item in known.items():
        if item.default is item.empty and key not in values:
            raise InvalidEventError(f"--param {key}=… is needed: {item.annotation}")
    given = inspect.signature(question).parameters
    if "bounds" in given:
        values["bounds"] = limits
    if "now" in given:
        values["now"] = to_time(clock.now_us())
    return values


def _value(question: str, key: str, text: str, annotation: str) -> object:
    """Return the value of a parameter.

    Raises:
        InvalidEventError: it is none; names the parameter and what it takes.
    """
    try:
        value = _parsed(key, text, annotation)
    except InvalidEventError as error:
        raise InvalidEventError(f"--param {key}: {error}", hint=error.hint) from error
    words = _WORDS.get((question, key))
    if words is not None and text not in words:
        raise InvalidEventError(
            f"--param {key}: {text!r} is none of its values",
            hint=f"one of: {', '.join(words)}",
        )
    return value


def _parsed(key: str, text: str, annotation: str) -> object:
    if annotation.startswith("UUID"):
        return identifier(text)
    if annotation.startswith("Sequence[UUID]"):
        return [identifier(one) for one in text.split(",") if one]
    if annotation.startswith("datetime"):
        return bounds(text, None).as_of
    if annotation.startswith("int"):
        return _number(text, *_RANGES.get(key, _ANY))
    if key == "digest":
        return _digest(text)
    return text


def _number(text: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise InvalidEventError(f"{text!r} is not a number") from error
    if not least <= number <= most:
        raise InvalidEventError(
            f"{text} is out of range", hint=f"from {least} to {most}"
        )
    return number


def _digest(text: str) -> str:
    from ledger.digest import parse_digest

    try:
        parse_digest(text)
    except MalformedError as error:
        raise InvalidEventError(
            f"{text!r} is not a digest", hint="sha256: and 64 hexadecimal digits"
        ) from error
    return text
