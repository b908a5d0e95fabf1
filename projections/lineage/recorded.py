"""A recorded run with all that was added to it, ready to be repeated."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ledger.errors import ConflictError, NotFoundError
from ledger.reproduce.recorded import RecordedRun, fold_run
from projections.asking import ALWAYS, Bounds, ask_one
from projections.lineage import queries

if TYPE_CHECKING:
    from uuid import UUID

    from ledger.verification import LedgerVerifier
    from projections.database import Connection

_REGISTRY = "projections.registry"


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """The version that a name means, and the run that made it."""

    event_id: UUID
    version: str
    run_id: UUID | None


def version_named(
    connection: Connection, model: str, name: str | None, *, bounds: Bounds = ALWAYS
) -> NamedVersion:
    """Return the version that a label or alias of a model means.

    Args:
        connection: of any role.
        model: name of the model.
        name: label or alias; None for the newest version.
        bounds: which facts count.

    Raises:
        NotFoundError: no such version is recorded.
    """
    found = ask_one(
        connection,
        _REGISTRY,
        "version_named",
        NamedVersion,
        bounds,
        model=model,
        name=name,
    )
    if found is None:
        asked = f"{model}@{name}" if name else model
        raise NotFoundError(f"model {asked}: no version recorded in the ledger")
    return found


def recorded_run(
    connection: Connection, run: UUID, *, verifier: LedgerVerifier | None = None
) -> RecordedRun:
    """Return a run with its updates, inputs and end.

    Args:
        connection: of any role.
        run: its start event.
        verifier: with it, the start is read from the log and verified, and what it
            says counts; without it the digest of that event is not known.

    Raises:
        NotFoundError: no such run is recorded.
        ConflictError: the tables do not say what was signed.
        IntegrityError: the log contradicts itself.
        MissingEvidenceError: something needed to verify it is absent.
    """
    found = queries.run_show(connection, run)
    if found is None:
        raise NotFoundError(f"run {run}: not recorded in the ledger")
    digest = _verified(found, verifier) if verifier else bytes(32)
    updates = queries.run_updates(connection, run)
    end = None
    if found.outcome is not None:
        end = {
            "outcome": found.outcome,
            "outputs": found.outputs,
            "error": found.error,
        }
    return fold_run(
        asdict(found),
        identity=(run.bytes, digest),
        system=found.system_id,
        updates=[asdict(update) for update in updates],
        inputs=[asdict(one) for one in queries.inputs(connection, run)],
        end=end,
    )


def _verified(found: queries.Run, verifier: LedgerVerifier) -> bytes:
    """Return the digest of the start event, compared with what the tables say."""
    at = found.evidence
    event = verifier.event(origin=at.origin, leaf=at.leaf, index=at.index).decoded
    for name in ("run", "code", "environment", "seeds"):
        if event.fields.get(name) != getattr(found, name):
            raise ConflictError(
                f"run {found.event_id}: the tables do not say what was signed: {name}",
                hint="make them anew: mlledger db rebuild",
            )
    return event.digest()
