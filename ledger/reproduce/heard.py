"""The runs of a repetition, from the events that its process wrote beside the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.reproduce.recorded import RecordedRun, fold_run
from ledger.sdk.rerun import EVENTS_NAME

_START, _UPDATE, _END = (f"pipeline.run.{w}" for w in ("started", "updated", "ended"))
_INPUT = "pipeline.input.read"


def runs_of(folder: Path) -> list[RecordedRun]:
    """Return the runs that a process recorded, in the order of their starts."""
    file = folder / EVENTS_NAME
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    starts = [row for row in rows if row["type"] == _START]
    return [_run(row, rows) for row in starts]


def same_run(run: RecordedRun, found: list[RecordedRun]) -> RecordedRun | None:
    """Return the run that repeats a recorded one: by name, then by parameters."""
    named = [one for one in found if one.name == run.name]
    alike = [one for one in named if dict(one.parameters) == dict(run.parameters)]
    return (alike or named or [None])[0]


def held_back(folder: Path) -> int:
    """Return how many events a process made that did not reach the ledger."""
    file = folder / EVENTS_NAME
    if not file.is_file():
        return 0
    lines = file.read_text(encoding="utf-8").splitlines()
    return sum(not json.loads(line)["recorded"] for line in lines)


def _run(start: dict[str, Any], rows: list[dict[str, Any]]) -> RecordedRun:
    identity = bytes.fromhex(start["id"])
    name = str(UUID(bytes=identity))

    def of(kind: str) -> list[dict[str, Any]]:
        found = [row["data"] for row in rows if row["type"] == kind]
        return [data for data in found if data["run"] == name]

    ends = of(_END)
    return fold_run(
        start["data"],
        identity=(identity, bytes.fromhex(start["digest"])),
        system=start["data"]["meta"].get("system_id"),
        updates=of(_UPDATE),
        inputs=of(_INPUT),
        end=ends[-1] if ends else None,
    )
