"""Verbs about monitoring: plans, measurements, reviews, and what explains the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.sdk.changes import Moment, now_unless
from ledger.sdk.handles import DatasetVersion, Deployment, Entry, Handle
from ledger.sdk.recorder import Recorder


class WatchingVerbs(Recorder):
    """What is watched, who looked at it, and what they decided."""

    def set_monitoring_plan(
        self,
        model: str,
        monitors: Sequence[Mapping[str, Any]],
        *,
        enabled: bool = True,
        owner: str | None = None,
        previous: Entry | None = None,
        reason: str | None = None,
        by: str | None = None,
        **periods: float,
    ) -> Entry:
        """Record what is watched of a model, how often; the newest plan counts.

        Args:
            model: name of the model.
            monitors: mappings with ``monitor``, ``metric``, ``direction`` and, where
                they apply, ``limit`` and ``feature``.
            enabled: False switches all of it off.
            owner: who answers for it.
            previous: plan that it replaces.
            reason: why it was set or changed.
            by: identity that signs; the client's own by default.
            periods: ``measure_every_days``, ``review_within_days``,
                ``review_every_days``, ``validate_every_days``, ``retrain_every_days``,
                ``label_within_days`` and ``label_share`` (0 to 1).
        """
        made = self.record_as(
            by,
            "monitoring.plan.set",
            basis="declared",
            model=model,
            enabled=enabled,
            monitors=[dict(one) for one in monitors],
            owner=owner,
            previous=previous.id if previous else None,
            reason=reason,
            **{name: float(value) for name, value in periods.items()},
        )
        return Entry(id=made.id, digest=made.digest, name=model)

    def log_measurement(  # noqa: PLR0913  one keyword a field
        self,
        monitor: str,
        metric: str,
        value: float,
        *,
        window: tuple[Moment, Moment],
        rows: int,
        breach: bool,
        model: str | None = None,
        deployment: Deployment | None = None,
        dataset_version: DatasetVersion | None = None,
        feature: str | None = None,
        slice: str | None = None,  # noqa: A002  the word users know
        **numbers: float,
    ) -> Entry:
        """Record a metric of a window of time, held against its limit.

        Args:
            monitor: name of the monitor in the plan.
            metric: what was measured.
            value: what was found.
            window: begin, inclusive, and end, exclusive.
            rows: rows in the window.
            breach: whether it is on the wrong side of the limit.
            model: name of the model.
            deployment: deployment it is about.
            dataset_version: data it is about.
            feature: column; all by default.
            slice: part of the population; all by default.
            numbers: ``reference``, ``effect``, ``p_value`` and ``limit``.
        """
        fields: dict[str, Any] = {name: float(numbers[name]) for name in numbers}
        made = self.record(
            "monitoring.measurement.recorded",
            basis="derived",
            model=model,
            deployment=deployment,
            dataset_version=dataset_version,
            monitor=monitor,
            metric=metric,
            feature=feature,
            slice=slice,
            window_from=window[0],
            window_to=window[1],
            rows=rows,
            value=float(value),
            breach=breach,
            **fields,
        )
        return Entry(id=made.id, digest=made.digest, name=monitor)

    def complete_review(  # noqa: PLR0913  one keyword a field
        self,
        kind: str,
        decision: str,
        *,
        reviewer: str,
        model: str | None = None,
        dataset: str | None = None,
        object: Handle | None = None,  # noqa: A002  the word of the event type
        trigger: str | None = None,
        measurements: Sequence[Handle] = (),
        next_due: Moment | None = None,
        note: str | None = None,
        document: str | Path | bytes | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record that a person looked at a model or at data, and what follows.

        Args:
            kind: ``model`` or ``data``.
            decision: accept, investigate, retrain, restrict or withdraw.
            reviewer: pseudonym of the person.
            model: name of the model.
            dataset: name of the dataset.
            object: version, deployment or dataset version.
            trigger: schedule, breach, finding and so on.
            measurements: measurements that were looked at.
            next_due: when the next review is due.
            note: why, in short.
            document: record of the review; kept by its content.
            by: identity that signs; the client's own by default.
        """
        made = self.record_as(
            by,
            "monitoring.review.completed",
            basis="stated",
            kind=kind,
            model=model,
            dataset=dataset,
            object=object,
            trigger=trigger,
            measurements=[one.id for one in measurements],
            reviewer=reviewer,
            decision=decision,
            next_due=next_due,
            note=note,
            document=self.kept(document),
        )
        return Entry(id=made.id, digest=made.digest, name=decision)

    def note_context(
        self,
        title: str,
        *,
        begins: Moment | None = None,
        ends: Moment | None = None,
        text: str | None = None,
        systems: Sequence[str] = (),
    ) -> Entry:
        """Record something outside that explains what the data show.

        Args:
            title: what happened, in short.
            begins: from when; now by default.
            ends: until when; open by default.
            text: more of it.
            systems: AI systems that it touches; all by default.
        """
        made = self.record(
            "monitoring.context.noted",
            basis="stated",
            title=title,
            text=text,
            begins=now_unless(begins),
            ends=ends,
            systems=list(systems),
        )
        return Entry(id=made.id, digest=made.digest, name=title)

    def issue_validation(  # noqa: PLR0913  one keyword a field
        self,
        outcome: str,
        *,
        kind: str = "independent",
        validator: str,
        scope: str,
        object: Handle | None = None,  # noqa: A002  the word of the event type
        model: str | None = None,
        unit: str | None = None,
        findings: Sequence[Mapping[str, Any]] = (),
        next_due: Moment | None = None,
        document: str | Path | bytes | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record a validator's report on a version, release or system.

        Args:
            outcome: fit, conditional or not_fit.
            kind: independent, bias_audit, peer_review or red_team.
            validator: pseudonym of who validated.
            scope: what was looked at.
            object: event of what was validated.
            model: model that it belongs to.
            unit: organisational unit of the validator.
            findings: mappings with ``id``, ``severity``, ``text`` and perhaps ``due``.
            next_due: when the next one is due.
            document: the report; kept by its content.
            by: identity that signs; the client's own by default.
        """
        made = self.record_as(
            by,
            "evaluation.validation.issued",
            basis="stated",
            object=object,
            model=model,
            kind=kind,
            validator=validator,
            unit=unit,
            scope=scope,
            outcome=outcome,
            findings=[dict(one) for one in findings],
            next_due=next_due,
            document=self.kept(document),
        )
        return Entry(id=made.id, digest=made.digest, name=outcome)
