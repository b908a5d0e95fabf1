"""A run as it was recorded: the values of its events, folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

Fields = Mapping[str, Any]
Series = tuple[tuple[int | None, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedInput:
    """Data that a run read.

    Attributes:
        name: what the run calls it.
        role: what it serves as.
        digest: ``sha256:<hex>`` of what was read.
        scheme: file, tree1, array1 or table1.
        dataset: name of the data set, None where none was said.
    """

    name: str
    role: str
    digest: str
    scheme: str
    dataset: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether it lies on disk; tables and arrays were made by the code itself."""
        return self.scheme in {"file", "tree1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """A run, from its start to its outcome.

    Attributes:
        id: 16-byte id of the start event.
        digest: SHA-256 of that event's body as signed; zeros where it is not recorded.
        code, environment: as in ``pipeline.run.started``; None when not recorded.
        capture: what was captured and what not.
        metrics: name → (step, value) in the order reported.
        outputs: name → digest; None while no end is recorded.
        outcome: how it ended; None while no end is recorded.
    """

    id: bytes
    digest: bytes
    name: str
    step: str | None
    system: str | None
    code: Fields | None
    environment: Fields | None
    seeds: Mapping[str, int]
    capture: Mapping[str, str]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, Series]
    inputs: tuple[RecordedInput, ...]
    outputs: Mapping[str, str] | None
    outcome: str | None
    error: str | None

    @property
    def lock(self) -> str | None:
        """Digest of the list of installed distributions."""
        return (self.environment or {}).get("lock_digest")

    @property
    def command(self) -> list[str]:
        """The command line, empty when it was not recorded."""
        return list((self.code or {}).get("entry_command") or [])


def fold_run(
    start: Fields,
    *,
    identity: tuple[bytes, bytes],
    system: str | None,
    updates: Iterable[Fields],
    inputs: Iterable[Fields],
    end: Fields | None,
) -> RecordedRun:
    """Return the run that these events tell of.

    Args:
        start: fields of ``pipeline.run.started``.
        identity: id and digest of that event.
        system: AI system that it belongs to.
        updates: fields of its ``pipeline.run.updated``, in order.
        inputs: fields of its ``pipeline.input.read``, by rank.
        end: fields of its ``pipeline.run.ended``, None when there is none.
    """
    parameters = dict[str, str](start.get("parameters") or {})
    tags = dict[str, str]()
    metrics = dict[str, Series]()
    for update in updates:
        parameters |= update.get("parameters") or {}
        tags |= update.get("tags") or {}
        for one in _list(update.get("metrics")):
            point = (one.get("step"), float(one["value"]))
            metrics[one["name"]] = (*metrics.get(one["name"], ()), point)
    return RecordedRun(
        id=identity[0],
        digest=identity[1],
        name=str(start["run"]),
        step=start.get("step"),
        system=system,
        code=start.get("code"),
        environment=start.get("environment"),
        seeds=dict(start.get("seeds") or {}),
        capture=dict(start.get("capture") or {}),
        parameters=parameters,
        tags=tags,
        metrics=metrics,
        inputs=tuple(_input(one) for one in inputs),
        outputs=_outputs(end),
        outcome=end.get("outcome") if end else None,
        error=end.get("error") if end else None,
    )


def _input(fields: Fields) -> RecordedInput:
    return RecordedInput(
        name=str(fields["name"]),
        role=str(fields.get("role") or ""),
        digest=str(fields["digest"]),
        scheme=str(fields.get("scheme") or ""),
        dataset=fields.get("dataset"),
    )


def _outputs(end: Fields | None) -> dict[str, str] | None:
    if end is None:
        return None
    return {one["name"]: one["digest"] for one in _list(end.get("outputs"))}


def _list(value: object) -> list[Fields]:
    return cast("list[Fields]", value or [])
