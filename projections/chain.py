"""The chain of a decision: from the decision to the sources of its training data (Q01).

Each link is a row that names its event; a link that no event fills stands there as a
gap that names the event type which would fill it. With a verifier every link is read
again from the log, verified, made into a row anew and compared with the stored one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.errors import NotFoundError
from projections.chain_steps import STEPS, TYPES
from projections.chain_verify import SUSPECT, Integrity, Outcome, check_rows
from projections.chain_walk import DECISION, Walk
from projections.columns import to_time
from projections.evidence import Bounds

if TYPE_CHECKING:
    from ledger.verification import LedgerVerifier, VerifiedEvent
    from projections.chain_rows import RowReader
    from projections.database import Connection
    from projections.rows import EventPosition
    from projections.stored import Stored

NOT_RECORDED = "Not recorded in the ledger"
# A decision carries no envelope: its producer records what it saw happen.
LEAN_BASIS = "observed"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a chain, or a gap in it.

    Attributes:
        kind: what it is, such as ``release``.
        title: in short, for people; of a gap :data:`NOT_RECORDED`.
        event_id: the event; of a gap, the event that is referred to, if any.
        type: its event type.
        time: when it happened, as claimed.
        sealed_at: when it was sealed, by the sealer's clock.
        attested_at: sealed not later than this, by the word of somebody else than the
            operator; None without one.
        attested_by: whose word that is; None for what was not verified.
        basis: how the fact is known, as its producer says.
        identity: who signed it.
        position: where it is in the log.
        fields: what it says.
        integrity: ``verified``, ``failed`` or ``not_checked``.
        reason: why it failed or was not checked.
        place: where a failure is: file, log offset, or table, row and column.
        expected: what the evidence implies.
        actual: what was found.
        missing: of a gap, the event type that would fill it.
    """

    kind: str
    title: str
    event_id: UUID | None = None
    type: str | None = None
    time: datetime | None = None
    sealed_at: datetime | None = None
    attested_at: datetime | None = None
    attested_by: str | None = None
    basis: str | None = None
    identity: str | None = None
    position: EventPosition | None = None
    fields: dict[str, object] = field(default_factory=dict[str, object])
    integrity: Integrity = "not_checked"
    reason: str | None = None
    place: str | None = None
    expected: str | None = None
    actual: str | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """A decision and everything that is recorded about how it came to be.

    Attributes:
        decision_id: the decision.
        links: the decision first, then upstream.
        verified: whether a verifier looked at it.
        exit_code: 0, 5 a contradiction, 6 something could not be checked, 13 valid in a
            suspect window; gaps do not count.
    """

    decision_id: UUID
    links: tuple[Link, ...]
    verified: bool
    exit_code: int

    @property
    def decision(self) -> Link:
        """The decision itself."""
        return self.links[0]

    @property
    def missing(self) -> tuple[str, ...]:
        """Event types that would fill the gaps."""
        return tuple(link.missing for link in self.links if link.missing)


def decision_chain(
    connection: Connection,
    decision_id: UUID,
    *,
    as_of: datetime | None = None,
    known_as_of: datetime | None = None,
    verifier: LedgerVerifier | None = None,
) -> Chain:
    """Return the chain of a decision.

    Args:
        connection: of any role.
        decision_id: id of the decision's event.
        as_of: what had happened by then; None is no bound.
        known_as_of: what had been sealed by then; None is no bound.
        verifier: None leaves every link unchecked.

    Raises:
        NotFoundError: no such decision is recorded.
        ConfigurationError: the projections are not there yet.
    """
    from projections.chain_closure import Closure
    from projections.chain_rows import RowReader

    bounds = Bounds(as_of, known_as_of)
    if verifier is None:
        reader = None
        walk = Walk(Closure(connection, decision_id, bounds), decision_id, STEPS)
    else:
        reader = RowReader(connection, bounds)
        walk = _recovered(reader, decision_id, verifier)
    if not walk.found[DECISION]:
        raise NotFoundError(
            f"decision {decision_id}: not recorded, or not projected yet",
            hint="bring the projections up to date with: mlledger worker --once",
        )
    links = links_of(walk, verifier, reader)
    code = _exit_code(links) if verifier else 0
    return Chain(decision_id, tuple(links), verifier is not None, code)


def _recovered(reader: RowReader, decision_id: UUID, verifier: LedgerVerifier) -> Walk:
    """Walk over the stored rows, and over events whose rows are absent."""
    reader.recover_known(TYPES, verifier)
    walk = Walk(reader, decision_id, STEPS)
    if not walk.is_incomplete:
        return walk
    reader.recover_short(verifier)
    return Walk(reader, decision_id, STEPS)


def links_of(
    walk: Walk,
    verifier: LedgerVerifier | None = None,
    reader: RowReader | None = None,
) -> list[Link]:
    """Return the links that a walk met, in the order of the steps.

    Args:
        walk: what was found.
        verifier: None leaves every link unchecked.
        reader: knows how far the projections have read; needed with a verifier.
    """
    rows = [row for kind in walk.kinds for row in walk.found[kind]]
    outcomes = [Outcome("not_checked")] * len(rows)
    if verifier and reader:
        outcomes = check_rows(rows, verifier, reader.positions())
    checked = dict(zip(map(id, rows), outcomes, strict=True))
    links: list[Link] = []
    for kind in walk.kinds:
        links += [_link(kind, row, checked[id(row)]) for row in walk.found[kind]]
        links += [_gap(kind, name) for name in walk.gaps[kind]]
    return links


def _link(kind: str, row: Stored, outcome: Outcome) -> Link:
    values = row.values
    step = STEPS[kind]
    basis, identity = values.get("basis"), values["identity"]
    event = outcome.event
    return Link(
        kind=kind,
        title=step.title(values),
        event_id=row.id,
        type=step.type_of(values),
        time=_moment(values["time"]),
        sealed_at=_moment(values["sealed_at"]),
        attested_at=_attested(event) if event else None,
        attested_by=event.attested_by if event else None,
        basis=basis if isinstance(basis, str) else LEAN_BASIS,
        identity=identity if isinstance(identity, str) else None,
        position=row.position,
        fields=row.fields(),
        integrity=outcome.integrity,
        reason=outcome.reason,
        place=outcome.place,
        expected=outcome.expected,
        actual=outcome.actual,
    )


def _gap(kind: str, name: bytes | str | None) -> Link:
    """Return the gap of a kind; ``name`` is what is referred to, if anything is."""
    event_id = UUID(bytes=name) if isinstance(name, bytes) else None
    if event_id:
        reason = "referred to, and no such event is recorded"
    elif name:
        reason = f"{name} is referred to, and no event describes it"
    else:
        reason = "no event says so"
    return Link(
        kind, NOT_RECORDED, event_id, reason=reason, missing=STEPS[kind].types[0]
    )


def _attested(event: VerifiedEvent) -> datetime | None:
    until = event.attested_ms
    return None if until is None else to_time(until * 1_000)


def _moment(value: object) -> datetime | None:
    return to_time(value) if isinstance(value, int) else None


def _exit_code(links: list[Link]) -> int:
    recorded = [link for link in links if link.missing is None]
    found = {link.integrity for link in recorded}
    if "failed" in found:
        return 5
    if "not_checked" in found:
        return 6
    return 13 if any(link.reason == SUSPECT for link in recorded) else 0
