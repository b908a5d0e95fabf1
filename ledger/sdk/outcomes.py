"""Verbs about what became of predictions: batches, outcomes, independent counts."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.sdk.changes import Moment, now_unless
from ledger.sdk.handles import DatasetVersion, Deployment, Entry, Release
from ledger.sdk.recorder import Recorder


class OutcomeVerbs(Recorder):
    """What was scored in bulk, what came true, and what others counted."""

    def batch(  # noqa: PLR0913  one keyword a field
        self,
        release: Release,
        *,
        rows: int,
        started_at: Moment,
        ended_at: Moment | None = None,
        deployment: Deployment | None = None,
        input: DatasetVersion | None = None,  # noqa: A002  the word of the type
        output: DatasetVersion | None = None,
        key_column: str | None = None,
        errors: int = 0,
    ) -> Entry:
        """Record that a release scored a whole dataset: one event for all its rows.

        Args:
            release: what scored.
            rows: rows that were scored.
            started_at: when scoring began.
            ended_at: when it ended; now by default.
            deployment: where it was deployed, if it was.
            input: dataset version that was scored.
            output: dataset version with the scores.
            key_column: column that names a row.
            errors: rows without a score.
        """
        made = self.record(
            "prediction.batch.recorded",
            basis="observed",
            release=release.id,
            deployment=deployment.id if deployment else None,
            input=input,
            output=output,
            rows=rows,
            key_column=key_column,
            started_at=started_at,
            ended_at=now_unless(ended_at),
            errors=errors,
        )
        return Entry(id=made.id, digest=made.digest, name=release.release)

    def end_session(
        self,
        deployment: Deployment,
        *,
        started_at: Moment,
        ended_at: Moment | None = None,
        operator: str | None = None,
        reference_database: str | None = None,
        verified_by: Sequence[str] = (),
    ) -> Entry:
        """Record a period of use (EU AI Act, Article 12(3)).

        Args:
            deployment: what was used.
            started_at: when the use began.
            ended_at: when it ended; now by default.
            operator: pseudonym of who used it.
            reference_database: database that input was checked against.
            verified_by: persons who verified the results.
        """
        made = self.record(
            "prediction.session.ended",
            basis="observed",
            deployment=deployment.id,
            started_at=started_at,
            ended_at=now_unless(ended_at),
            operator=operator,
            reference_database=reference_database,
            verified_by=list(verified_by),
        )
        return Entry(id=made.id, digest=made.digest, name=deployment.environment)

    def observe_outcome(
        self,
        decision: bytes,
        outcome: str | None,
        *,
        observed_at: Moment | None = None,
        source: str | None = None,
        censored: bool = False,
    ) -> Entry:
        """Record what came true of a prediction, often much later.

        Args:
            decision: id of the decision, as :meth:`log_decision` returns it.
            outcome: class or bucket that came true.
            observed_at: when it was known; now by default.
            source: system or process that knows it.
            censored: whether it can no longer be known.
        """
        made = self.record(
            "prediction.outcome.observed",
            basis="observed",
            decision=bytes(decision),
            outcome=outcome,
            observed_at=now_unless(observed_at),
            source=source,
            censored=censored,
        )
        return Entry(id=made.id, digest=made.digest, name=outcome or "")

    def report_count(
        self,
        reporter: str,
        count: int,
        *,
        population: str,
        period_from: Moment,
        period_to: Moment,
        release: Release | None = None,
        deployment: Deployment | None = None,
        output: str | None = None,
    ) -> Entry:
        """Record how many decisions another system counted for itself.

        Args:
            reporter: system that counted, not the one that decided.
            count: how many.
            population: what was counted, in words.
            period_from: begin, inclusive.
            period_to: end, exclusive.
            release: of this release alone.
            deployment: of this deployment alone.
            output: with this output alone.
        """
        made = self.record(
            "prediction.count.reported",
            basis="attested",
            reporter=reporter,
            population=population,
            release=release.id if release else None,
            deployment=deployment.id if deployment else None,
            output=output,
            period_from=period_from,
            period_to=period_to,
            count=count,
        )
        return Entry(id=made.id, digest=made.digest, name=reporter)
