"""What still has to be told, in a file: an alert is in it before it is tried.

The file is replaced in one step. A process that is killed between handing an alert over
and writing that down hands it over again, under the same id: at least once.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "alerts.json"
MAX_ATTEMPTS = 12
_FIRST_PAUSE_S = 5
_LONGEST_PAUSE_S = 3_600


@dataclass(frozen=True, slots=True)
class Pending:
    """An alert that has to be told.

    Attributes:
        alert: its id.
        route: name of its route.
        event_id: event it tells of, hexadecimal.
        attempts: how often it was tried.
        due_s: when it is tried next, seconds since 1970.
    """

    alert: str
    route: str
    event_id: str
    attempts: int = 0
    due_s: int = 0

    def after_failure(self, now_s: int) -> Pending:
        """Return it with its next try, ever later: 5 s, 10 s, … an hour."""
        pause = min(_FIRST_PAUSE_S << self.attempts, _LONGEST_PAUSE_S)
        tried = self.attempts + 1
        return Pending(self.alert, self.route, self.event_id, tried, now_s + pause)


@dataclass(slots=True)
class Outbox:
    """The file's contents.

    Attributes:
        path: of the file.
        positions: origin → leaves looked at; None before the first look.
        pending: what has to be told, by alert id.
    """

    path: Path
    positions: dict[str, int] | None = None
    pending: dict[str, Pending] = field(default_factory=dict[str, Pending])

    @classmethod
    def load(cls, home: Path) -> Outbox:
        """Return what the file says; an empty one where there is none.

        Raises:
            ConfigurationError: the file is not what :meth:`save` wrote.
        """
        path = home / FILE
        try:
            data = cast("Mapping[str, Any]", json.loads(path.read_text("utf-8")))
            listed = [Pending(**item) for item in data["pending"]]
            positions = {str(k): int(v) for k, v in data["positions"].items()}
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{path}: not an outbox of alerts",
                hint="move it away: alerts begin anew with what is sealed from then on",
            ) from error
        return cls(path, positions, {item.alert: item for item in listed})

    def save(self) -> None:
        """Replace the file in one step; only its owner can read it."""
        listed = [
            {name: getattr(item, name) for name in Pending.__slots__}
            for item in self.pending.values()
        ]
        text = json.dumps({"positions": self.positions or {}, "pending": listed})
        beside = self.path.with_name(f"{self.path.name}.new")
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def due(self, now_s: int) -> list[Pending]:
        """Return what is to be tried now, the oldest due first."""
        ready = [item for item in self.pending.values() if item.due_s <= now_s]
        return sorted(ready, key=lambda item: (item.due_s, item.alert))
