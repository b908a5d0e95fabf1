"""What an id leads to when it is not one decision: several of a case, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import streamlit as st

from dashboard.standing import Standing, clock_time, positions, standings
from dashboard.views.decision_list import draw_decisions
from dashboard.widgets import plain
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from dashboard.access import Access
    from projections.database import Connection
    from projections.decisions.queries import Decision


def draw_candidates(found: Sequence[Decision], caption: str) -> None:
    """Draw several decisions that one id stands for."""
    st.subheader("Several decisions")
    draw_decisions(found, caption)


def draw_not_found(ledger: Access, connection: Connection, wanted: UUID) -> None:
    """Say that nothing has this id, and what can be the reason."""
    st.warning(f"Nothing is recorded under {wanted}.", icon=":material/search_off:")
    st.markdown("What can be the reason, and what this ledger says about it:")
    reasons = [*_lag(ledger, connection), *_made_at(wanted)]
    reasons += [
        (
            "**Not sent yet:** events wait in their producer's journal until the log "
            "takes them; on that machine, `mlledger journal status` tells."
        ),
        (
            f"**Another id or another ledger:** this is ledger "
            f"{plain(ledger.config.name)}; check the id digit by digit."
        ),
    ]
    st.markdown("\n".join(f"- {reason}" for reason in reasons))


def _lag(ledger: Access, connection: Connection) -> list[str]:
    try:
        with ledger.verifier() as verifier, ledger.log() as log:
            stands = standings(
                positions(connection), public=ledger.public, control=verifier.control
            )
            ends = {
                stand.origin: log.bounds(ledger.config.partition(stand.origin))[1]
                for stand in stands
            }
    except LedgerError as error:
        return [f"**The log could not be asked:** {plain(error)}"]
    return [_projected(stands), _sealed(stands, ends)]


def _projected(stands: Sequence[Standing]) -> str:
    behind = sum(stand.behind for stand in stands)
    if not behind:
        return "**Not projected yet:** no; every sealed entry has been projected."
    return (
        f"**Not projected yet:** {behind} sealed entries wait; "
        "`mlledger worker --once` projects them."
    )


def _sealed(stands: Sequence[Standing], ends: dict[str, int]) -> str:
    waiting = sum(max(0, ends[s.origin] - (s.sealed or 0)) for s in stands)
    if not waiting:
        return "**Not sealed yet:** no; every record of the log is sealed."
    return (
        f"**Not sealed yet:** about {waiting} records of the log wait for the sealer; "
        "`mlledger worker --once` seals them."
    )


def _made_at(wanted: UUID) -> list[str]:
    """Return when the id says it was made: the first 48 bits of a UUIDv7."""
    if wanted.version != 7:
        return ["**Not made here:** ids of this ledger are UUIDs of version 7."]
    made = datetime.fromtimestamp((wanted.int >> 80) / 1_000, UTC)
    return [f"**When it was made:** by its own digits the id is of {clock_time(made)}."]
