"""How a run becomes events: its start, reports, inputs, outputs and outcome."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from ledger.sdk.run_events import RunEvents
from ledger.sdk.run_plan import RunPlan, Summary, metric_of, seed_of, step_of
from ledger.sdk.texts import Texts, neutral, texts_of
from ledger.visible import visible

if TYPE_CHECKING:
    from ledger.sdk.content import Content
    from ledger.sdk.recorder import Recorder, Running


OUTCOMES = ("completed", "failed", "aborted")


class RunRecord:
    """Writes the events of one run.

    Attributes:
        capture: what was captured and what became of it.
    """

    def __init__(self, client: Recorder, plan: RunPlan) -> None:
        self.capture = Capture(plan.capture, client.keep)
        self._events = RunEvents(client, self.capture, plan.system)
        self._client = client
        self._plan = plan
        self._summary = Summary()
        self._inputs = 0
        self._outputs: list[dict[str, Any]] = []
        self._started: dict[str, Any] = {}
        self._unfit: dict[str, Mapping[str, Exception]] = {}

    def begin(self, parent: Running | None) -> RunStart:
        """Record the start and return its reference."""
        fields = self._started = self._start_fields()
        self._events.id = clock.new_id()
        made = self._events.start({"parent": parent.id if parent else None, **fields})
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

    def fail(self, what: str, reason: str) -> None:
        """Note that something could not be recorded."""
        self._events.fail(what, reason)

    def send(self, *, due_only: bool) -> None:
        """Record the reports that wait."""
        self._events.send(due_only=due_only)

    def add_parameters(self, parameters: Mapping[str, object]) -> None:
        """Report parameters."""
        texts = self._texts("parameters", parameters)
        self.capture.redactions.extend(texts.cuts)
        if texts.cuts:
            self.capture.notes["parameters"] = "redacted"
        self._summary.parameters.update(texts.fit)
        self._events.updates.add(parameters=texts.fit)
        self._events.send(due_only=True)
        self._events.leave_out("parameters", texts.left_out)

    def add_metrics(self, metrics: Mapping[str, float], step: int | None) -> None:
        """Report metrics."""
        now, rows = clock.now_us(), list[dict[str, Any]]()
        bad: dict[str, Exception] = {}
        try:
            at = step_of(step)
        except InvalidEventError as error:
            at, bad["step"] = None, error
        for given, found in metrics.items():
            try:
                name, value = metric_of(given, found)
            except InvalidEventError as error:
                bad[neutral(str(given), 200)] = error
                continue
            rows.append({"name": name, "value": value, "step": at, "time": now})
            self._summary.metrics[name] = value
        self._events.updates.add(metrics=rows)
        self._events.send(due_only=True)
        self._events.leave_out("metrics", bad)

    def add_tags(self, tags: Mapping[str, object]) -> None:
        """Report tags."""
        texts = self._texts("tags", tags)
        self._events.updates.add(tags=texts.fit)
        self._events.send(due_only=True)
        self._events.leave_out("tags", texts.left_out)

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
        name, role = neutral(name) or "input", neutral(role) or "unknown"
        rank, self._inputs = self._inputs, self._inputs + 1
        if version is not None and version.content != content.digest:
            self._events.fail(f"input.{name}", f"differs from {version.content}")
            dataset, version = dataset or version.dataset, None
        self._summary.data[name] = content.digest
        self._events.tell(
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
            run=self._events.id,
        )
        return content

    def add_output(self, artifact: str | Path | bytes, name: str) -> Content:
        """Note an output; outputs are recorded with the outcome."""
        content = self._client.content(artifact, cached=False)
        name = neutral(name) or "output"
        self._summary.outputs[name] = content.digest
        self._outputs.append(
            {
                "name": name,
                "digest": content.digest,
                "scheme": content.scheme,
                "size_bytes": content.size_bytes,
            }
        )
        return content

    def has_output(self, digest: str) -> bool:
        """Tell whether an output with that content was noted."""
        return any(item["digest"] == digest for item in self._outputs)

    def finish(self, outcome: str, error: str | None, seconds: float) -> None:
        """Record what waits, then the outcome, whatever became of the rest."""
        problem: Exception | None = None
        if outcome not in OUTCOMES:
            problem = InvalidEventError(f"none of {', '.join(OUTCOMES)}")
            self._events.fail("outcome", f"{neutral(outcome, 40)}: {problem}")
            outcome = "unknown"
        for _ in range(2):  # the second tells of what the first had to leave out
            try:
                self._events.send(due_only=False)
            except Exception as failed:  # noqa: BLE001  raised below
                problem = failed
        ended = {
            "outcome": outcome,
            "compute": {"wall_us": int(seconds * 1_000_000), **resources()},
            "error": neutral(error) if error else None,
        }
        self._events.end(self._outputs, ended)
        if problem is not None:
            raise problem

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
            sys.stderr.write(visible(line) + "\n")

    def _start_fields(self) -> dict[str, Any]:
        plan, capture = self._plan, self.capture
        code = capture_code(capture, plan.code)
        environment = capture_environment(capture)
        seeds = capture.item("seeds", self._seeds) or {}
        parameters = capture.item("parameters", self._parameters) or {}
        for kind, items in self._unfit.items():
            self._events.leave_out(kind, items)
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
                self._client.cache.keep_place(f"code/{self._events.id.hex()}", folder)
                self._client.cache.keep_place(
                    f"cwd/{self._events.id.hex()}", Path.cwd()
                )
        except (OSError, UnicodeDecodeError) as error:
            self._events.fail("origin", reason_of(error))
            return
        tags = {DERIVED_FROM: origin} if origin else {}
        self._events.updates.add(tags=tags | thread_counts(os.environ))

    def _parameters(self) -> dict[str, str]:
        texts = self._texts("parameters", self._plan.parameters)
        self.capture.redactions.extend(texts.cuts)
        self._unfit["parameters"] = texts.left_out
        return texts.fit

    def _seeds(self) -> dict[str, int]:
        """Return the seeds given, and ``PYTHONHASHSEED`` where it is fixed."""
        found: dict[str, int] = {}
        bad: dict[str, Exception] = {}
        for given, number in self._plan.seeds.items():
            try:
                name, value = seed_of(given, number)
                found[name] = value
            except InvalidEventError as error:
                bad[neutral(str(given), 200)] = error
        self._unfit["seeds"] = bad
        fixed = os.environ.get("PYTHONHASHSEED", "")
        return found | ({"PYTHONHASHSEED": int(fixed)} if fixed.isdecimal() else {})

    def _texts(self, kind: str, values: Mapping[str, object]) -> Texts:
        texts = texts_of(values, where=kind, store=self.capture.keep)
        if missed := self.capture.take_missed():
            self._events.note(kind, f"digest only: {missed}")
        return texts
