"""A recorded run that is run again: its own events count, whatever else it does not.

A training program may register a model, release it and deploy it. When it is repeated
to see whether the same comes out, none of that may happen a second time: only events of
the families in :data:`KEPT` reach the ledger. All events are written to a file too, so
that whoever started the repetition can compare.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.sdk.silent import Silent

if TYPE_CHECKING:
    from ledger.events.base import Event
    from ledger.sdk.recorder import Emitting, Reference

RUN_VARIABLE = "MLLEDGER_RERUN_OF"
FOLDER_VARIABLE = "MLLEDGER_RERUN_FOLDER"
ORIGIN_VARIABLE = "MLLEDGER_DERIVED_FROM"
ORIGIN_FILE = "mlledger-derived-from"
EVENTS_NAME = "events.ndjson"
CACHE_NAME = "cache.sqlite"
DERIVED_FROM = "derived_from"
KEPT = ("pipeline.run.", "pipeline.input.")
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Rerun:
    """What the environment says about a repetition.

    Attributes:
        run: id of the recorded run, as text.
        folder: where its events and its local memory are written.
    """

    run: str
    folder: Path

    @property
    def cache(self) -> Path:
        """The local memory of this repetition alone."""
        return self.folder / CACHE_NAME


def rerun_of(environ: Mapping[str, str]) -> Rerun | None:
    """Return the repetition that this process is part of, or None."""
    run, folder = environ.get(RUN_VARIABLE), environ.get(FOLDER_VARIABLE)
    return Rerun(run, Path(folder)) if run and folder else None


def derived_from(environ: Mapping[str, str], folder: Path) -> str | None:
    """Return the id of the run that this code was taken over from, or None.

    Args:
        environ: a repetition and ``MLLEDGER_DERIVED_FROM`` say so, in this order.
        folder: of the code; a checkout says so in its ``.git`` folder.
    """
    named = environ.get(RUN_VARIABLE) or environ.get(ORIGIN_VARIABLE)
    if named:
        return named
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            file = place / ".git" / ORIGIN_FILE
            return file.read_text(encoding="utf-8").strip() if file.is_file() else None
    return None


def thread_counts(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the limits on threads that are set, for they change sums of floats."""
    return {name: environ[name] for name in THREADS if environ.get(name)}


class RunsOnly(Silent):
    """An emitter that lets a run's own events through and holds the others back.

    Lean events are held back as :class:`Silent` does it: no run has any.

    Args:
        emitter: takes what is let through.
        rerun: the repetition.
        held: ids of what was held back, shared by the emitters of one client.
    """

    def __init__(self, emitter: Emitting, rerun: Rerun, held: set[bytes]) -> None:
        super().__init__()
        self._emitter = emitter
        self._file = rerun.folder / EVENTS_NAME
        self._held = held
        self._lock = threading.Lock()

    def emit(self, event: Event, /) -> Reference:
        """Take one event, or hold it back."""
        kept = event.type_name.startswith(KEPT)
        if kept:
            event = self._without_held(event)
            made = self._emitter.emit(event)
        else:
            made = super().emit(event)
            self._held.add(event.event_id)
        self._write(event, made, kept=kept)
        return made

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until the log has what was let through."""
        return self._emitter.flush(timeout)

    def close(self, timeout: float = 2.0) -> None:
        """End the stream."""
        self._emitter.close(timeout)

    def stats(self) -> Mapping[str, int | float | str]:
        """Return the counters of the emitter, and how many events were held back."""
        return {**self._emitter.stats(), "held_back": self._ignored}

    def _without_held(self, event: Event) -> Event:
        """Cut a reference to an event that is not recorded."""
        version: Any = getattr(event, "dataset_version", None)
        if version is None or version.id not in self._held:
            return event
        return event.model_copy(update={"dataset_version": None})

    def _write(self, event: Event, made: Reference, *, kept: bool) -> None:
        from ledger.codec import to_json

        row = {
            "type": event.type_name,
            "recorded": kept,
            "id": made.id.hex(),
            "digest": made.digest.hex(),
            "data": to_json(event),
        }
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
