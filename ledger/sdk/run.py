"""A run: one step of a pipeline, from its start to its outcome.

What a run is told is recorded at once or within a second, and nothing it is told can
end it: what could not be recorded is named in :meth:`Run.captured` and, as a tag
``capture.<what>``, in the ledger.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ledger import clock
from ledger.errors import ConflictError, InvalidEventError
from ledger.sdk.faults import reason_of
from ledger.sdk.recorder import Running, current_run
from ledger.sdk.run_record import RunRecord

if TYPE_CHECKING:
    from types import TracebackType

    from ledger.sdk.captured import Captured
    from ledger.sdk.client import Ledger
    from ledger.sdk.content import Content
    from ledger.sdk.handles import DatasetVersion, ModelVersion, RunStart
    from ledger.sdk.run_plan import RunPlan

_T = TypeVar("_T")


class Run:
    """A run in progress; made by :meth:`ledger.sdk.Ledger.training_run`.

    Use it in a ``with`` statement, or call :meth:`start` and :meth:`end`.
    """

    def __init__(self, client: Ledger, plan: RunPlan) -> None:
        self._client = client
        self._plan = plan
        self._record = RunRecord(client, plan)
        self._start: RunStart | None = None
        self._before: Running | None = None
        self._ended = False
        self._began = 0.0

    @property
    def name(self) -> str:
        """What the run is called, the same for each repetition."""
        return self._plan.name

    @property
    def system(self) -> str | None:
        """The AI system that the run belongs to."""
        return self._plan.system or self._client.system

    @property
    def handle(self) -> RunStart:
        """The exact reference to the run's start.

        Raises:
            InvalidEventError: the run has not started.
        """
        if self._start is None:
            raise InvalidEventError(
                f"run {self.name}: not started", hint="use it in a with statement"
            )
        return self._start

    @property
    def id(self) -> bytes:
        """16-byte id of the run: that of the event that started it."""
        return self.handle.id

    def captured(self) -> Captured:
        """Return item → on, off, redacted, ``failed: …`` or ``digest only: …``.

        ``print(run.captured())`` shows besides all that was taken: code, environment,
        seeds, parameters, metrics, digests of inputs and outputs, and what was cut out.
        """
        return self._record.captured()

    def start(self) -> Self:
        """Record the start; called by ``with``.

        Raises:
            ConflictError: the run has started already.
            InvalidEventError: its name or step is not usable.
        """
        if self._start is not None:
            raise ConflictError(f"run {self.name}: started already")
        self._began = clock.monotonic()
        self._before = current_run.get()
        self._start = self._record.begin(self._before)
        current_run.set(self)
        return self

    def end(self, outcome: str = "completed", *, error: str | None = None) -> None:
        """Record the outcome; a second call does nothing.

        Args:
            outcome: completed, failed or aborted.
            error: name of the error's class; never its text, which may hold
                personal data.
        """
        if self._ended or self._start is None:
            return
        self._ended = True
        if current_run.get() is self:
            current_run.set(self._before)
        seconds = clock.monotonic() - self._began
        self._quietly("end", lambda: self._record.finish(outcome, error, seconds))
        self._quietly("summary", lambda: self._record.summarise(outcome, seconds))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        outcome = outcome_of(error)
        reason = kind.__name__ if kind and outcome == "failed" else None
        self.end(outcome, error=reason)

    def log_param(self, name: str, value: object) -> None:
        """Record a parameter; text over 256 characters is kept as a document."""
        self.log_params({name: value})

    def log_params(self, parameters: Mapping[str, object]) -> None:
        """Record parameters; nested mappings become ``outer.inner``."""
        if self._wants("parameters"):
            self._quietly("parameters", lambda: self._record.add_parameters(parameters))

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Record one value of a metric, with the step it belongs to if any."""
        self.log_metrics({name: value}, step=step)

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None
    ) -> None:
        """Record values of several metrics at one step."""
        if self._wants("metrics"):
            self._quietly("metrics", lambda: self._record.add_metrics(metrics, step))

    def set_tag(self, name: str, value: object) -> None:
        """Record a tag."""
        self._quietly("tags", lambda: self._record.add_tags({name: value}))

    def input(
        self,
        data: object,
        name: str | None = None,
        role: str = "train",
        *,
        dataset_version: DatasetVersion | None = None,
        dataset: str | None = None,
    ) -> Content | None:
        """Record what the run reads, by the digest of its whole content.

        Args:
            data: the path of a file or folder, bytes, a table or an array.
            name: what the run calls it; by default the file's name, or the role.
            role: what it is for: train, validation, test, reference.
            dataset_version: the version it should be. If the content differs, the
                reference is left out and the difference noted.
            dataset: name of the dataset where no version is known.

        Returns:
            The identity of the data; None when it is switched off or failed.
        """
        called = name or _name_of(data, role)
        if not self._wants("inputs"):
            return None
        return self._quietly(
            f"input.{called}",
            lambda: self._record.add_input(
                data, called, role, dataset_version, dataset
            ),
        )

    def output(
        self, artifact: str | Path | bytes, name: str | None = None
    ) -> Content | None:
        """Record what the run produces; returns its identity, None on failure.

        Args:
            artifact: a file, a folder or bytes.
            name: what the run calls it; by default the file's name.
        """
        called = name or _name_of(artifact, "output")
        if not self._wants("outputs"):
            return None
        return self._quietly(
            f"output.{called}", lambda: self._record.add_output(artifact, called)
        )

    def register_model(
        self, model: str, artifact: str | Path | bytes, **details: Any
    ) -> ModelVersion:
        """Record a model version made by this run.

        Takes what :meth:`ledger.sdk.Ledger.register_model` takes; the artifact becomes
        an output of the run as well.

        Raises:
            InvalidEventError: a detail does not fit.
            OSError: the artifact cannot be read.
        """
        version = self._client.register_model(
            model, artifact, run=self.handle, **details
        )
        if not self._record.has_output(version.content):
            name = "model" if isinstance(artifact, bytes) else Path(artifact).name
            self.output(artifact, name)
        return version

    def flush(self) -> None:
        """Record the parameters, metrics and tags that wait."""
        self._quietly("update", lambda: self._record.send(due_only=False))

    def _wants(self, item: str) -> bool:
        if self._ended:
            raise ConflictError(f"run {self.name}: has ended")
        return self._plan.capture[item]

    def _quietly(self, what: str, act: Callable[[], _T]) -> _T | None:
        try:
            return act()
        except Exception as error:  # noqa: BLE001  counted, logged, and in the record
            kind, _, name = what.partition(".")
            self._client.faults.note(f"run {kind}", error, name=name)
            self._record.fail(what, reason_of(error))
            return None


def outcome_of(error: BaseException | None) -> str:
    """Return how a run ended that this exception left, None for no exception.

    Being interrupted or cancelled is no failure, and ``sys.exit(0)`` is success.
    """
    if error is None:
        return "completed"
    if isinstance(error, SystemExit):
        return "failed" if error.code else "completed"
    stopped = isinstance(error, (KeyboardInterrupt, GeneratorExit))
    return "aborted" if stopped or _is_cancelled(error) else "failed"


def _is_cancelled(error: BaseException) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _name_of(data: object, otherwise: str) -> str:
    """Return the file name of a path, or the other word for what is no file."""
    return Path(data).name if isinstance(data, str | Path) else otherwise
