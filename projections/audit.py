"""Are the tables what the log makes of them? Folded anew in shadow schemas, compared.

What the tables are made of is compared first, for a view or a policy would show other
rows than the table holds. The live tables are digested in one snapshot, together with
how far they had come. Then the log is folded into ``<name>_audit``: first as far as the
digests that were published last, which are compared; then up to the very leaves of the
snapshot. Where a digest differs the two tables are laid side by side and the rows that
differ are named. Readers and the projector go on meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import ConfigurationError, EvidenceError, IntegrityError
from ledger.verification.findings import Findings
from ledger.verification.steps import Step, held, step_of
from projections.asking import asking
from projections.audit_rows import SHADOW, compare_rows, shown
from projections.digests import digest_projections
from projections.projection import PROJECTIONS, Projector
from projections.published import published_digests
from projections.reach import position_errors, rows_beyond
from projections.rebuild import create_shadow, drop_shadow
from projections.registry.periods import differing_periods
from projections.schemas import schema_states
from projections.structure_check import (
    reading_as_auditor,
    structure_steps,
    wrong_steps,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.checkpoint import Checkpoint
    from projections.database import Connection
    from projections.digests import Digested
    from projections.projector import Source

NAME = "projection rows"
PUBLISHED = "projection digests"
_UNEVEN = "the projections have not come equally far"


def audit_tables(
    connection: Connection,
    source: Source,
    *,
    now: int,
    progress: Callable[[int], None] | None = None,
) -> list[Step]:
    """Compare every table of the projections with the log; returns every step.

    Args:
        connection: of the owner, with no transaction open; shadow schemas come and go.
        source: log, public folder and the verified control log.
        now: microseconds since 1970, for partitions.
        progress: is told how many leaves more were read.

    Raises:
        DatabaseUnavailableError: the database went away.
    """
    if step := _not_comparable(connection):
        return [*wrong_steps(connection), step]
    try:
        create_shadow(connection, PROJECTIONS, SHADOW, now=now)
        found = structure_steps(connection, SHADOW)
        return [*found, *_rows(connection, source, progress)]
    finally:
        drop_shadow(connection, SHADOW)


def _rows(
    connection: Connection, source: Source, progress: Callable[[int], None] | None
) -> list[Step]:
    """Compare rows, read as those read who ask, with the log folded anew."""
    try:
        with asking(), reading_as_auditor(connection):
            live = digest_projections(connection)
        reached = _reach(connection, source, live)
        if any(one.heads != live[0].heads for one in live):
            return reached or [_unchecked(_UNEVEN, "mlledger worker")]
        shadow = _Shadow(connection, source, progress)
        found = _against_published(shadow, live)
        return [*reached, *found, *_against_live(shadow, live)]
    except EvidenceError as error:
        return [step_of(NAME, error)]
    except ConfigurationError as error:  # a table is away, as was said before
        return [Step(NAME, "not_checked", str(error), code="LDG-V005")]


def _reach(
    connection: Connection, source: Source, live: Sequence[Digested]
) -> list[Step]:
    """Return what is wrong with the positions; nothing when all agrees."""
    findings = Findings(NAME)
    with asking(), reading_as_auditor(connection):
        errors = position_errors(
            connection, public=source.public, control=source.control
        )
        if any(one.heads != live[0].heads for one in live):
            errors += rows_beyond(connection)
    for error in errors:
        findings.add(error)
    return findings.steps("") if findings else []


class _Shadow:
    """The shadow schemas, as far as the log was folded into them."""

    def __init__(
        self,
        connection: Connection,
        source: Source,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.connection = connection
        self.source = source
        self.gone = 0
        self._progress = progress
        self._projector = Projector(connection, source, PROJECTIONS, SHADOW)
        self._reached: dict[str, int] = {}

    def fold_to(self, heads: Sequence[Checkpoint]) -> dict[str, Digested]:
        """Fold on, of each origin as many leaves; returns the tables by projection.

        Raises:
            IntegrityError: the log contradicts itself, or is shorter than that.
            MissingEvidenceError: a record, tile or checkpoint is absent.
        """
        for head in heads:
            more = head.size - self._reached.get(head.origin, 0)
            if more > 0:
                self._fold(head, more)
        made = digest_projections(self.connection, schemas=SHADOW)
        return {one.projection: one for one in made}

    def _fold(self, head: Checkpoint, leaves: int) -> None:
        done = self._projector.advance(
            max_leaves=leaves, progress=self._progress, origins=[head.origin]
        )
        if done.leaves != leaves:
            raise IntegrityError(
                f"{head.origin}: {head.size} leaves were projected, the log gives less",
                place=f"integrity.position {head.origin}",
                expected=f"{leaves} leaves more",
                actual=f"{done.leaves} leaves more",
            )
        self.gone += done.gone
        self._reached[head.origin] = head.size


def _against_published(shadow: _Shadow, live: Sequence[Digested]) -> list[Step]:
    """Compare what the manifest log says the tables were, as far as it can be known."""
    findings = Findings(PUBLISHED)
    reached = {head.origin: head.size for head in live[0].heads}
    published = published_digests(shadow.source)
    comparable = [
        (one, place)
        for one, place in published.values()
        if one.version in {other.version for other in live}
        and all(head.size <= reached.get(head.origin, 0) for head in one.heads)
    ]
    if not comparable:
        words = "of another version or time" if published else "none were published"
        return [held(PUBLISHED, f"{words}; nothing to compare")]
    heads = comparable[0][0].heads
    made = shadow.fold_to(heads)
    if shadow.gone:
        return [_gone(PUBLISHED, shadow.gone)]
    count = 0
    for one, place in comparable:
        if one.heads == heads and one.projection in made:
            count += 1
            _compare_published(one, made[one.projection], place, findings)
    sizes = ", ".join(f"{head.origin} {head.size}" for head in heads)
    return findings.steps(f"{count} published digests are true, at {sizes}")


def _compare_published(
    said: Digested, made: Digested, place: str, findings: Findings
) -> None:
    now = {item.table: item for item in made.tables}
    for item in said.tables:
        name, true = f"{said.projection}.{item.table}", now.get(item.table)
        if true != item:
            findings.add(
                IntegrityError(
                    f"{place}: says of {name} what the log does not make of it",
                    place=f"{place} {name}",
                    expected=shown(true),
                    actual=shown(item),
                )
            )


def _against_live(shadow: _Shadow, live: Sequence[Digested]) -> list[Step]:
    made = shadow.fold_to(live[0].heads)
    if shadow.gone:
        return [_gone(NAME, shadow.gone)]
    findings = Findings(NAME)
    with asking(), reading_as_auditor(shadow.connection):
        for one in live:
            compare_rows(shadow.connection, one, made[one.projection], findings)
        for error in differing_periods(shadow.connection):
            findings.add(error)
    tables = sum(len(one.tables) for one in live)
    leaves = sum(head.size for head in live[0].heads)
    return findings.steps(f"{tables} tables hold what {leaves} leaves make of them")


def _gone(name: str, records: int) -> Step:
    detail = (
        f"{records} records are gone, as sealed events say: what tables say of them "
        "could not be compared; put their archive into the home's archive folder"
    )
    return Step(name, "not_checked", detail, code="LDG-V005")


def _not_comparable(connection: Connection) -> Step | None:
    states = schema_states(connection)
    if set(states.values()) == {"absent"}:
        return held(NAME, "no projections were made here")
    odd = [name for name, state in states.items() if state != "current"]
    if odd:
        names = ", ".join(odd)
        return _unchecked(
            f"tables absent or of another version: {names}", "mlledger db rebuild"
        )
    return None


def _unchecked(what: str, repair: str) -> Step:
    return Step(NAME, "not_checked", f"{what}; first: {repair}", code="LDG-V005")
