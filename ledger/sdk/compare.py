"""What differs between two runs of one name, in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
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
        this: summary of this run: ``parameters``, ``data``, ``code``, ``environment``,
            ``metrics`` and ``outputs``, each a mapping of name to value.
    """
    head = f"mlledger: run {name} {outcome} in {seconds:.1f} s; "
    if last is None:
        return head + "the first run of that name here"
    parts = [
        part
        for section in ("parameters", "data", "code", "environment", "metrics")
        if (part := _section(section, last.get(section, {}), this.get(section, {})))
    ]
    if "outputs" in last and (
        part := _outputs(last["outputs"], this.get("outputs", {}))
    ):
        parts.append(part)  # what older versions remembered had none
    if not parts:
        return head + "nothing differs from the last run"
    return head + "since the last run: " + "; ".join(parts)


def _section(title: str, last: Mapping[str, Any], this: Mapping[str, Any]) -> str:
    changes = [
        _change(key, last.get(key), this.get(key))
        for key in sorted({*last, *this})
        if _differ(last.get(key), this.get(key))
    ]
    return _listed(title, changes)


def _outputs(last: Mapping[str, str], this: Mapping[str, str]) -> str:
    """Compare outputs by name; one that took another name is set beside its like."""
    gone = [name for name in last if name not in this]
    new = [name for name in this if name not in last]
    changes: list[str] = []
    for before, after in _pairs(gone, new, last, this):
        gone.remove(before)
        new.remove(after)
        if last[before] == this[after]:
            changes.append(f"{before} is now called {after}")
        else:
            changes.append(
                f"{before} {_short(last[before])} → {after} {_short(this[after])}"
            )
    both = [name for name in last if name in this and last[name] != this[name]]
    names = sorted([*both, *gone, *new])
    changes += [_change(name, last.get(name), this.get(name)) for name in names]
    return _listed("outputs", changes)


def _pairs(
    gone: Sequence[str],
    new: Sequence[str],
    last: Mapping[str, str],
    this: Mapping[str, str],
) -> list[tuple[str, str]]:
    """Return names of one thing: the same bytes, else all that is left of its kind."""
    pairs: list[tuple[str, str]] = []
    taken: set[str] = set()
    for before in gone:
        same = [name for name in new if this[name] == last[before]]
        if after := next((name for name in same if name not in taken), None):
            pairs.append((before, after))
            taken |= {after}
    rest = [name for name in gone if name not in {before for before, _ in pairs}]
    free = [name for name in new if name not in taken]
    for before in rest:
        kind = PurePath(before).suffix
        olds = [name for name in rest if PurePath(name).suffix == kind]
        news = [name for name in free if PurePath(name).suffix == kind]
        if len(olds) == len(news) == 1:
            pairs.append((before, news[0]))
    return pairs


def _listed(title: str, changes: Sequence[str]) -> str:
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
