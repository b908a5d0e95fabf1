"""What a run took of its surroundings, for a person to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ledger.visible import visible


class Captured(dict[str, str]):
    """Item → on, off, redacted, ``failed: …``; printed, it shows all that was taken."""

    def __init__(self, notes: Mapping[str, str], taken: Mapping[str, Any]) -> None:
        super().__init__(notes)
        self.taken = dict(taken)

    def __str__(self) -> str:
        lines = [f"{item}: {state}" for item, state in self.items()]
        for name, value in self.taken.items():
            lines += _told(name, value)
        return "\n".join(map(visible, lines))


def _told(name: str, value: object) -> list[str]:
    """Return lines ``outer.inner = value`` of nested values; what is empty says so."""
    if isinstance(value, Mapping) and value:
        items = cast("Mapping[str, object]", value).items()
        return [line for key, inner in items for line in _told(f"{name}.{key}", inner)]
    return [f"{name} = {value if value not in (None, {}, []) else 'nothing'}"]
