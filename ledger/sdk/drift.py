"""Verbs about drift: what data look like, and how far they moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from ledger.drift import ColumnSketch, Difference, compare_all, sketch_table
from ledger.drift.recording import MONITOR, measurements
from ledger.sdk.changes import Moment, now_unless
from ledger.sdk.handles import DatasetVersion, Deployment, Entry, RunStart
from ledger.sdk.recorder import Recorder, Reference

Window = tuple[Moment, Moment]


class DriftVerbs(Recorder):
    """Sketches of tables, and differences between two of them."""

    def log_sketch(
        self,
        table: object,
        *,
        model: str | None = None,
        deployment: Deployment | None = None,
        run: RunStart | None = None,
        dataset_version: DatasetVersion | None = None,
        window: Window | None = None,
    ) -> tuple[Entry, list[ColumnSketch]]:
        """Record what the columns of a table look like, too little to name a person.

        Args:
            table: a pandas DataFrame, or column name → values; columns in the order in
                which the model takes them.
            model: name of the model.
            deployment: whose requests these are, if they are live data.
            run: which run was trained on them, if they are training data.
            dataset_version: the dataset version, if they are one.
            window: begin, inclusive, and end, exclusive, of the time they are from; now
                by default.

        Returns:
            The recorded sketch, and its columns.

        Raises:
            InvalidEventError: the table has no columns, or two of one name.
            ConfigurationError: pandas is not installed.
        """
        columns = sketch_table(table)
        begin, end = window or (now_unless(None), now_unless(None))
        made = self.record(
            "monitoring.sketch.recorded",
            basis="observed",
            model=model,
            deployment=deployment,
            run=run.id if run else None,
            dataset_version=dataset_version,
            window_from=begin,
            window_to=end,
            rows=max((one.count + one.missing for one in columns), default=0),
            columns=[one.fields() for one in columns],
        )
        entry = Entry(id=made.id, digest=made.digest, name=model or "sketch")
        return entry, columns

    def measure_drift(
        self,
        reference: object,
        current: object,
        *,
        model: str,
        window: Window,
        deployment: Deployment | None = None,
        dataset_version: DatasetVersion | None = None,
        monitor: str = MONITOR,
    ) -> list[Difference]:
        """Compare two tables column by column, and record each difference.

        Args:
            reference: what is compared with, such as the training data: a table, or
                the columns that :meth:`log_sketch` returned.
            current: what is looked at, likewise.
            model: name of the model.
            window: begin, inclusive, and end, exclusive, of what is looked at.
            deployment: whose requests these are.
            dataset_version: the dataset version that is looked at.
            monitor: name of the monitor in the plan.

        Returns:
            A difference for each column; ``breach`` says whether it matters.

        Raises:
            InvalidEventError: a column without any value.
            ConfigurationError: pandas or scipy is not installed.
        """
        now = _sketched(current)
        found = compare_all(_sketched(reference), now)
        self.log_differences(
            found,
            now,
            model=model,
            window=window,
            deployment=deployment,
            dataset_version=dataset_version,
            monitor=monitor,
        )
        return found

    def log_differences(
        self,
        found: Sequence[Difference],
        current: Sequence[ColumnSketch],
        *,
        model: str,
        window: Window,
        deployment: Reference | None = None,
        dataset_version: Reference | None = None,
        monitor: str = MONITOR,
    ) -> None:
        """Record differences that were found, each as a measurement.

        Args:
            found: differences by column.
            current: the columns that were looked at.
            model: name of the model.
            window: begin, inclusive, and end, exclusive, of what was looked at.
            deployment: whose requests these are.
            dataset_version: the dataset version that was looked at.
            monitor: name of the monitor in the plan.
        """
        for fields in measurements(found, current):
            self.record(
                "monitoring.measurement.recorded",
                basis="derived",
                model=model,
                deployment=deployment,
                dataset_version=dataset_version,
                monitor=monitor,
                window_from=window[0],
                window_to=window[1],
                **fields,
            )


def _sketched(table: object) -> Sequence[ColumnSketch]:
    if isinstance(table, list | tuple):
        return list(cast("Sequence[ColumnSketch]", table))
    return sketch_table(table)
