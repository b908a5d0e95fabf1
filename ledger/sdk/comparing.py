"""Verbs that test: two versions on the same rows, speed, known answers.

Each runs the test, keeps its report among the documents of the home, records the
result as an event and returns both.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ledger.blobs import Blobs
from ledger.errors import InvalidEventError, NotFoundError
from ledger.sdk.evaluation import EvaluationVerbs
from ledger.sdk.handles import Criterion, DatasetVersion, ModelVersion

if TYPE_CHECKING:
    from ledger.evaluation.benchmark import Benchmark, Load
    from ledger.evaluation.differential import Difference, Plan
    from ledger.evaluation.probing import Probe, Suite
    from ledger.evaluation.records import RecordedCriterion, RecordedVersion
    from ledger.evaluation.tables import Rows
    from ledger.evaluation.targets import Target
    from ledger.sdk.handles import Deployment

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Tested(Generic[Found]):
    """A test that was made and recorded.

    Attributes:
        id: 16-byte id of the event.
        digest: 32 bytes, SHA-256 of the event's body.
        found: what it came to.
        document: ``sha256:<hex>`` of the report among the documents, or None.
        report: the report, one HTML file; empty where there is none.
    """

    id: bytes
    digest: bytes
    found: Found
    document: str | None = None
    report: bytes = b""


class ComparingVerbs(EvaluationVerbs):
    """How a version compares with another, with its past, with what it must answer."""

    def diff_test(  # noqa: PLR0913  one keyword an option
        self,
        old: object,
        new: object,
        data: object,
        *,
        label: str | None = None,
        ignore: Sequence[str] = (),
        criteria: Sequence[Criterion | RecordedCriterion | Mapping[str, Any]] = (),
        dataset_version: DatasetVersion | Any = None,
        equivalent: bool = False,
        tolerance: float = 0.0,
        slices: Sequence[str] = (),
        plan: Plan | None = None,
    ) -> Tested[Difference]:
        """Let two versions answer the same rows; record how far they differ.

        Args:
            old: the version in use: a :class:`ModelVersion` whose artifact is among the
                documents, a pair of one and where it is, a path, ``module:function``,
                an address, or an object that can predict. Loading a pickle runs code
                that stands in it.
            new: the version that shall follow, likewise.
            data: path of a CSV, Parquet or NPZ file, or a pandas frame.
            label: column that holds the known answers.
            ignore: columns that no version is given.
            criteria: limits that were set before, or fields of
                :meth:`set_criteria`, which are recorded now, before the test.
            dataset_version: the recorded version that the data must be.
            equivalent: whether the new one is a port that shall do the very same.
            tolerance: largest difference of a score that a port may have.
            slices: columns that cut the rows into parts.
            plan: everything else, see :class:`ledger.evaluation.differential.Plan`.

        Raises:
            IntegrityError: an artifact or the data has another digest than recorded.
            MalformedError: the data or the answers do not fit.
            NotFoundError: an artifact is not here.
        """
        from ledger.evaluation.difference_page import difference_page
        from ledger.evaluation.differential import Plan as NewPlan
        from ledger.evaluation.differential import compare
        from ledger.evaluation.fields import comparison_fields

        asked = replace(
            plan or NewPlan(),
            equivalent=equivalent,
            tolerance=tolerance,
            slices=tuple(slices),
        )
        rows = self._rows(data, label, ignore, dataset_version)
        with self._targets(old=old, new=new) as (left, right):
            limits = self._limits(criteria, right, dataset_version)
            found = compare(left, right, rows, plan=asked, criteria=limits)
        report = difference_page(found)
        document = self.store(report)
        made = self.record(
            "evaluation.comparison.completed",
            basis="observed",
            dataset_version=dataset_version,
            document=document,
            **comparison_fields(found),
        )
        return Tested(made.id, made.digest, found, document, report)

    def benchmark(  # noqa: PLR0913  one keyword an option
        self,
        target: object,
        data: object,
        *,
        kind: str = "latency",
        rates: Sequence[float] = (),
        baseline: object = None,
        deployment: Deployment | Any = None,
        label: str | None = None,
        ignore: Sequence[str] = (),
        load: Load | None = None,
    ) -> Tested[Benchmark]:
        """Measure how fast something answers; record it.

        Args:
            target: as ``old`` of :meth:`diff_test`.
            data: requests are drawn from its rows.
            kind: latency, throughput, load or stress.
            rates: requests per second, for load and stress.
            baseline: what it is measured beside, in turn; for latency and throughput.
            deployment: the deployment that the target is, if it is live.
            label: column of the data that no request holds.
            ignore: further such columns.
            load: everything else, see :class:`ledger.evaluation.benchmark.Load`.

        Raises:
            InvalidEventError: no such kind, or rates where none or some are needed.
            MalformedError: the data does not fit the target.
        """
        from ledger.evaluation.benchmark import Load as NewLoad
        from ledger.evaluation.benchmark import run_benchmark
        from ledger.evaluation.benchmark_page import benchmark_page
        from ledger.evaluation.fields import benchmark_fields
        from ledger.shipping.packer import host_pseudonym

        rows = self._rows(data, label, ignore, None)
        asked = replace(load or NewLoad(), kind=kind, rates=tuple(rates))
        named = {} if baseline is None else {"baseline": baseline}
        with self._targets(target=target, **named) as (one, *others):
            beside = others[0] if others else None
            found = run_benchmark(one, rows, load=asked, baseline=beside)
        report = benchmark_page(found)
        document = self.store(report)
        made = self.record(
            "evaluation.benchmark.completed",
            basis="observed",
            deployment=deployment,
            host=host_pseudonym(),
            document=document,
            **benchmark_fields(found),
        )
        return Tested(made.id, made.digest, found, document, report)

    def probe(
        self, deployment: Deployment | Any, suite: str | Path | Suite, endpoint: object
    ) -> Tested[Probe]:
        """Ask a live deployment what it must answer; record whether it still does.

        Args:
            deployment: the deployment.
            suite: file of requests with their answers, one JSON object a line.
            endpoint: where it answers: an address, or as ``old`` of :meth:`diff_test`.

        Raises:
            InvalidEventError: a line of the suite does not fit.
            OSError: it cannot be read.
        """
        from ledger.evaluation.fields import probe_fields
        from ledger.evaluation.probing import read_suite, replay

        asked = read_suite(Path(suite)) if isinstance(suite, str | Path) else suite
        with self._targets(endpoint=endpoint) as (target,):
            found = replay(asked, target.predictor)
        made = self.record(
            "evaluation.probe.completed",
            basis="observed",
            deployment=deployment,
            **probe_fields(found),
        )
        return Tested(made.id, made.digest, found)

    @contextmanager
    def _targets(self, **things: Any) -> Generator[list[Target]]:
        """Give what answers rows, by what it is called; closed afterwards."""
        with ExitStack() as stack:
            found = [self._target(thing, name) for name, thing in things.items()]
            for one in found:
                stack.callback(one.close)
            yield found

    def _target(self, thing: Any, name: str) -> Target:
        """Return what answers rows; see :meth:`diff_test` for what it may be.

        Args:
            thing: what was handed over.
            name: what an object without a name is called in reports.
        """
        from ledger.evaluation.targets import Opener, Target, target_of

        opener = Opener(_unknown, Blobs(self.config.blobs) if self.config else None)
        if isinstance(thing, Target):
            return thing
        if isinstance(thing, ModelVersion):
            return opener.open_version(recorded_version(thing))
        if isinstance(thing, str | Path):
            return opener.open_place(str(thing))
        version = None
        if isinstance(thing, tuple):
            handle, thing = cast("tuple[ModelVersion, Any]", thing)
            version = recorded_version(handle)
            if isinstance(thing, str | Path):
                return opener.open_place(str(thing), version)
        shown = f"{version.model}@{version.version}" if version else name
        return target_of(thing, name=shown, version=version)

    def _rows(
        self,
        data: Any,
        label: str | None,
        ignore: Sequence[str],
        dataset_version: Any,
    ) -> Rows:
        """Return the rows of some data, compared with its recorded version if named.

        Raises:
            IntegrityError: it is not the data of that version.
        """
        from ledger.evaluation.tables import Rows, check_digest, read_rows

        rows = data
        if not isinstance(data, Rows):
            rows = read_rows(data, label=label, ignore=ignore)
        if dataset_version is not None:
            check_digest(
                rows,
                digest=dataset_version.content,
                scheme=dataset_version.scheme,
                what=f"{dataset_version.dataset} as it was recorded",
            )
        return rows

    def _limits(
        self,
        criteria: Sequence[Criterion | RecordedCriterion | Mapping[str, Any]],
        new: Target,
        dataset_version: Any,
    ) -> list[RecordedCriterion]:
        """Return limits as the test takes them; those not recorded yet are, now."""
        from ledger.evaluation.records import RecordedCriterion

        found: list[RecordedCriterion] = []
        for one in criteria:
            if isinstance(one, RecordedCriterion):
                found.append(one)
            elif isinstance(one, Criterion):
                found.append(_criterion(one, {}))
            else:
                fields = dict(one)
                model = fields.pop("model", None) or _model(new)
                made = self.set_criteria(
                    model, dataset_version=dataset_version, **fields
                )
                found.append(_criterion(made, fields))
        return found


def recorded_version(handle: ModelVersion) -> RecordedVersion:
    """Return a handle as tests take it."""
    from ledger.evaluation.records import RecordedVersion

    return RecordedVersion(
        handle.id,
        handle.digest,
        handle.model,
        handle.version,
        handle.content,
        handle.scheme,
    )


def _criterion(made: Criterion, fields: Mapping[str, Any]) -> RecordedCriterion:
    from ledger.evaluation.records import RecordedCriterion

    return RecordedCriterion(
        id=made.id,
        metric=made.metric,
        limit=made.limit,
        direction=made.direction,
        slice=made.slice,
        baseline=fields.get("baseline"),
        baseline_value=fields.get("baseline_value"),
    )


def _model(new: Target) -> str:
    if new.version is None:
        raise InvalidEventError(
            f"{new.name}: of which model are the limits?",
            hint="name the recorded version, or the model (model=…, --model …)",
        )
    return new.version.model


def _unknown(text: str) -> RecordedVersion:
    raise NotFoundError(f"{text}: give the handle of a recorded version")
