"""Projections follow the sealed log: each event once, rows and position together.

:func:`advance` reads the leaves of every origin from its verified checkpoint, the
values from the log, compares each with the leaf's record hash, decodes every event once
and hands it to every projection. One transaction holds the rows of a batch and the
position they reach, so a process that is killed anywhere goes on as if it had not been.
Nothing is skipped: what contradicts itself stops the origin, and an event that makes no
rows is kept as a finding (``integrity.unreadable``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from projections import (
    controls,
    decisions,
    governance,
    integrity,
    lineage,
    registry,
)
from projections.projector import Advanced, Projector, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger.control import Control
    from ledger.log import Log
    from ledger.public import PublicFolder
    from projections.database import Connection
    from projections.rows import RowsOf

__all__ = ["PROJECTIONS", "Advanced", "Projection", "Projector", "Source", "advance"]


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables folded from the log.

    Attributes:
        name: its schema, and the last part of its package.
        rows: the pure function from an event to rows.
    """

    name: str
    rows: RowsOf

    @property
    def package(self) -> str:
        """The package whose ``sql`` folder holds its statements."""
        return f"projections.{self.name}"


PROJECTIONS = (
    Projection(registry.SCHEMA, registry.rows),
    Projection(lineage.SCHEMA, lineage.rows),
    Projection(decisions.SCHEMA, decisions.rows),
    Projection(controls.SCHEMA, controls.rows),
    Projection(governance.SCHEMA, governance.rows),
    Projection(integrity.SCHEMA, integrity.rows),
)


def advance(
    connection: Connection,
    *,
    log: Log,
    public: PublicFolder,
    control: Control,
    projections: Sequence[Projection] = PROJECTIONS,
    schemas: Mapping[str, str] | None = None,
    max_leaves: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Advanced:
    """Bring projections to the sealed head of every origin.

    Args:
        connection: of the writer, with no transaction open.
        log: where values are read.
        public: where checkpoints and leaves are read.
        control: the control log as far as it has been verified; leaves that pin a
            larger registry wait for a newer one.
        projections: which to advance; each keeps its own position for each origin.
        schemas: projection name → schema to write, for shadow schemas.
        max_leaves: stop after so many leaves of each origin.
        progress: is told how many leaves more were read.

    Raises:
        IntegrityError: log, tiles, checkpoint and positions contradict each other.
        MissingEvidenceError: a checkpoint, tile or record that should be there is not.
        DatabaseUnavailableError: the database went away; nothing of the batch stays.
    """
    source = Source(log, public, control)
    projector = Projector(connection, source, projections, schemas or {})
    return projector.advance(max_leaves=max_leaves, progress=progress)
