"""What differs between two runs of one name, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHOWN = 4


def difference_line(
    name: str,
    outcome: str,
    *,
    seconds: float,
    last: Mapping[str, Any] | None,
    this: Mapping[str, Any],
) -> str:
    """Return the line that a run prints at its end.

    Args:
        name: the run's name.
        outcome: completed, failed or aborted.
        seconds: how long it took.
        last: summary of the run before, None for the first.
        this: summary of this run: ``parameters``, ``data``, ``code``, ``environment``
            and ``metrics``, each a mapping of name to value.
    """
    head = f"mlledger: run {name} {outcome} in {seconds:.1f} s; "
    if last is None:
        return head + "the first run of that name here"
    parts = [
        part
        for section in ("parameters", "data", "code", "environment", "metrics")
        if (part := _section(section, last.get(section, {}), this.get(section, {})))
    ]
    if not parts:
        return head + "nothing differs from the last run"
    return head + "since the last run: " + "; ".join(parts)


def _section(title: str, last: Mapping[str, Any], this: Mapping[str, Any]) -> str:
    changes = [
        _change(key, last.get(key), this.get(key))
        for key in sorted({*last, *this})
        if _differ(last.get(key), this.get(key))
    ]
    if not changes:
        return ""
    more = len(changes) - _SHOWN
    tail = f" and {more} more" if more > 0 else ""
    return f"{title}: " + ", ".join(changes[:_SHOWN]) + tail


def _differ(last: object, this: object) -> bool:
    both_nan = last != last and this != this  # noqa: PLR0124  what NaN is known by
    return last != this and not both_nan


def _change(key: str, last: object, this: object) -> str:
    if last is None:
        return f"{key} {_short(this)} (new)"
    if this is None:
        return f"{key} (gone)"
    return f"{key} {_short(last)} → {_short(this)}"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value).removeprefix("sha256:")
    is_hash = len(text) >= 40 and not set(text) - set("0123456789abcdef")
    return text[:8] if is_hash else text if len(text) <= 24 else f"{text[:23]}…"
