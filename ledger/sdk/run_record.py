"""How a run becomes events: its start, reports, inputs, outputs and outcome."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ledger import clock
from ledger.errors import InvalidEventError
from ledger.sdk import host
from ledger.sdk.capture import Capture, capture_code, capture_environment
from ledger.sdk.captured import Captured
from ledger.sdk.compare import difference_line
from ledger.sdk.faults import reason_of
from ledger.sdk.git import code_folder
from ledger.sdk.handles import DatasetVersion, RunStart
from ledger.sdk.host import resources
from ledger.sdk.rerun import DERIVED_FROM, derived_from, thread_counts
from ledger.sdk.texts import fitting, text_values
from ledger.sdk.updates import Updates

if TYPE_CHECKING:
    from ledger.sdk.content import Content
    from ledger.sdk.recorder import Recorder, Reference, Running


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run is started with; see :meth:`ledger.sdk.Ledger.training_run`."""

    name: str
    step: str
    system: str | None
    parameters: Mapping[str, object]
    seeds: Mapping[str, int]
    capture: Mapping[str, bool]
    code: Path | None
    summary: bool


@dataclass(slots=True)
class Summary:
    """What a run was told, to be compared with the next run of its name."""

    parameters: dict[str, str] = field(default_factory=dict[str, str])
    data: dict[str, str] = field(default_factory=dict[str, str])
    code: dict[str, object] = field(default_factory=dict[str, object])
    environment: dict[str, object] = field(default_factory=dict[str, object])
    metrics: dict[str, float] = field(default_factory=dict[str, float])

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class RunRecord:
    """Writes the events of one run.

    Attributes:
        capture: what was captured and what became of it.
    """

    def __init__(self, client: Recorder, plan: RunPlan) -> None:
        self.capture = Capture(plan.capture, client.store)
        self._client = client
        self._plan = plan
        self._updates = Updates()
        self._summary = Summary()
        self._id = b""
        self._inputs = 0
        self._outputs: list[dict[str, Any]] = []
        self._started: dict[str, Any] = {}

    def begin(self, parent: Running | None) -> RunStart:
        """Record the start and return its reference."""
        fields = self._started = self._start_fields()
        self._id = clock.new_id()
        made = self._tell(
            "pipeline.run.started",
            id=self._id,
            parent=parent.id if parent else None,
            **fields,
        )
        self._note_origin()
        lock: str | None = fields["environment"]["lock_digest"]
        return RunStart(
            id=made.id, digest=made.digest, name=self._plan.name, environment=lock
        )

    def captured(self) -> Captured:
        """Return what became of each item, and with it all that was taken so far."""
        names = ("code", "environment", "seeds", "redactions")
        taken = {name: self._started.get(name) for name in names}
        taken |= {
            "parameters": self._summary.parameters,
            "metrics": self._summary.metrics,
            "inputs": self._summary.data,
            "outputs": {item["name"]: item["digest"] for item in self._outputs},
        }
        return Captured(self.capture.notes, taken)

    def add_parameters(self, parameters: Mapping[str, object]) -> None:
        """Report parameters."""
        texts, cuts = text_values(
            parameters, where="parameters", store=self._client.store
        )
        self.capture.redactions.extend(cuts)
        if cuts:
            self.capture.notes["parameters"] = "redacted"
        self._summary.parameters.update(texts)
        self._updates.add(parameters=texts)
        self.send(due_only=True)

    def add_metrics(self, metrics: Mapping[str, float], step: int | None) -> None:
        """Report metrics."""
        now = clock.now_us()
        values = {name: _number(name, value) for name, value in metrics.items()}
        rows = [
            {"name": name, "value": value, "step": step, "time": now}
            for name, value in values.items()
        ]
        self._summary.metrics.update(values)
        self._updates.add(metrics=rows)
        self.send(due_only=True)

    def add_tags(self, tags: Mapping[str, object]) -> None:
        """Report tags."""
        texts, _ = text_values(tags, where="tags", store=self._client.store)
        self._updates.add(tags=texts)
        self.send(due_only=True)

    def add_input(
        self,
        data: object,
        name: str,
        role: str,
        version: DatasetVersion | None,
        dataset: str | None,
    ) -> Content:
        """Record an input by what it holds."""
        content = self._client.content(data)
        rank, self._inputs = self._inputs, self._inputs + 1
        if version is not None and version.content != content.digest:
            self.fail(f"input.{name}", f"differs from {version.content}")
            dataset, version = dataset or version.dataset, None
        self._summary.data[name] = content.digest
        self._tell(
            "pipeline.input.read",
            name=name,
            role=role,
            dataset_version=version,
            dataset=dataset or (version.dataset if version else None),
            digest=content.digest,
            scheme=content.scheme,
            bytes_read=content.size_bytes,
            rows=content.rows,
            rank=rank,
            run=self._id,
        )
        return content

    def add_output(self, artifact: str | Path | bytes, name: str) -> Content:
        """Note an output; outputs are recorded with the outcome."""
        content = self._client.content(artifact, cached=False)
        self._outputs.append(
            {
                "name": fitting(name),
                "digest": content.digest,
                "scheme": content.scheme,
                "size_bytes": content.size_bytes,
            }
        )
        return content

    def has_output(self, digest: str) -> bool:
        """Tell whether an output with that content was noted."""
        return any(item["digest"] == digest for item in self._outputs)

    def fail(self, what: str, reason: str) -> None:
        """Note that something could not be recorded."""
        note = fitting(f"failed: {reason}")
        self.capture.notes[what] = note
        self._updates.add(tags={fitting(f"capture.{what}"): note})

    def send(self, *, due_only: bool) -> None:
        """Record the reports that wait."""
        fields = self._updates.take(clock.monotonic(), due_only=due_only)
        if fields is not None:
            self._tell("pipeline.run.updated", run=self._id, **fields)

    def finish(self, outcome: str, error: str | None, seconds: float) -> None:
        """Record what waits, then the outcome."""
        self.send(due_only=False)
        self._tell(
            "pipeline.run.ended",
            run=self._id,
            outcome=outcome,
            outputs=self._outputs,
            compute={"wall_us": int(seconds * 1_000_000), **resources()},
            error=error,
        )

    def summarise(self, outcome: str, seconds: float) -> None:
        """Say on stderr what differs from the last run, and remember this one."""
        cache = self._client.cache
        if cache is None:
            return
        this = self._summary.as_dict()
        line = difference_line(
            self._plan.name,
            outcome,
            seconds=seconds,
            last=cache.last_run(self._plan.name),
            this=this,
        )
        cache.keep_run(self._plan.name, this)
        if self._plan.summary:
            sys.stderr.write(line + "\n")

    def _start_fields(self) -> dict[str, Any]:
        plan, capture = self._plan, self.capture
        code = capture_code(capture, plan.code)
        environment = capture_environment(capture)
        seeds = capture.item("seeds", lambda: all_seeds(plan.seeds, os.environ)) or {}
        parameters = capture.item("parameters", self._parameters) or {}
        for item in ("metrics", "inputs", "outputs"):
            capture.notes[item] = "on" if plan.capture[item] else "off"
        self._summary.parameters.update(parameters)
        self._summary.code.update(
            commit=code.get("commit"), diff=code.get("diff_digest")
        )
        self._summary.environment.update(
            packages=environment["lock_digest"], python=environment["python"]
        )
        return {
            "run": plan.name,
            "step": plan.step,
            "code": code,
            "environment": environment,
            "seeds": seeds,
            "parameters": parameters,
            "capture": dict(capture.notes),
            "redactions": capture.redaction_fields(),
        }

    def _note_origin(self) -> None:
        """Note which run the code was taken over from, and where it lies here."""
        try:
            folder = self._plan.code or code_folder(
                host.script_path(), prefix=Path(sys.prefix), working=Path.cwd()
            )
            origin = derived_from(os.environ, folder)
            if self._client.cache:
                self._client.cache.keep_place(f"code/{self._id.hex()}", folder)
                self._client.cache.keep_place(f"cwd/{self._id.hex()}", Path.cwd())
        except (OSError, UnicodeDecodeError) as error:
            self.fail("origin", reason_of(error))
            return
        tags = {DERIVED_FROM: origin} if origin else {}
        self._updates.add(tags=tags | thread_counts(os.environ))

    def _parameters(self) -> dict[str, str]:
        texts, cuts = text_values(
            self._plan.parameters, where="parameters", store=self._client.store
        )
        self.capture.redactions.extend(cuts)
        return texts

    def _tell(self, event: str, /, **fields: Any) -> Reference:
        return self._client.record(
            event,
            basis="observed",
            correlation_id=self._id,
            system_id=self._plan.system or self._client.system,
            **fields,
        )


def all_seeds(seeds: Mapping[str, int], environ: Mapping[str, str]) -> dict[str, int]:
    """Return the seeds that were given, and ``PYTHONHASHSEED`` where it is fixed."""
    found = {fitting(str(name)): int(value) for name, value in seeds.items()}
    fixed = environ.get("PYTHONHASHSEED", "")
    return found | ({"PYTHONHASHSEED": int(fixed)} if fixed.isdecimal() else {})


def _number(name: str, value: object) -> float:
    """Return the value of a metric; the error says what it is, not what it holds."""
    try:
        return float(cast("Any", value))
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise InvalidEventError(f"metric {name}: a {kind} that is no number") from error
