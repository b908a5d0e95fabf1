"""Put the sealers of a ledger home together, and run them until the log is drained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import ConfigurationError
from ledger.log import CONTROL, MANIFEST, Log
from ledger.public import PublicFolder
from ledger.seal.sealer import Sealer
from ledger.seal.signing import load_note_signer
from ledger.seal.steps import no_hook
from ledger.verification.control import ControlReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ledger.config import Config
    from ledger.seal.publish import Hook
    from ledger.seal.state import State
    from ledger.seal.steps import SealResult


def open_state(config: Config, *, dsn: str = "") -> State:
    """Open the sealer's state that a configuration names.

    Args:
        config: the ledger home.
        dsn: libpq connection string of an embedded server's database, used where the
            configuration asks for Postgres and names none.

    Raises:
        ConfigurationError: no database is named, or the extra is not installed.
    """
    if config.seal.state == "sqlite":
        from ledger.seal.state_sqlite import SqliteState

        own = config.home / "seal.sqlite"
        return SqliteState(config.log_path if config.log.kind == "sqlite" else own)
    chosen = config.database.seal_dsn or dsn
    if not chosen:
        raise ConfigurationError(
            "the sealer's state needs a Postgres database",
            hint="set [database] seal_dsn in mlledger.toml or MLLEDGER_PG__SEAL_DSN",
        )
    try:
        from ledger.seal.state_postgres import PostgresState
    except ImportError as error:
        raise ConfigurationError(
            f"state in Postgres needs further packages ({error})",
            hint="pip install 'mlledger[postgres]'",
        ) from error
    return PostgresState(chosen)


def sealers_for(
    config: Config,
    log: Log,
    state: State,
    *,
    partitions: Sequence[int] | None = None,
    hook: Hook = no_hook,
) -> list[Sealer]:
    """Return the sealers of a home: control first, then events, then manifest.

    Args:
        config: the ledger home, with the log keys in its key folder.
        log: the ledger's log.
        state: the sealer's state.
        partitions: the origins this process serves; None for all.
        hook: see :class:`~ledger.seal.sealer.Sealer`.

    Raises:
        ConfigurationError: a log key is absent or readable by others.
    """
    control = ControlReader(
        log=log, public=PublicFolder(config.public), ledger_id=config.ledger_id
    )
    chosen = partitions
    if chosen is None:
        chosen = (CONTROL, *config.event_partitions, config.current(MANIFEST))
    return [
        Sealer(
            config,
            partition=partition,
            log=log,
            state=state,
            signer=load_note_signer(config, config.origin(partition)),
            control=control,
            hook=hook,
        )
        for partition in chosen
    ]


def log_key_uri(config: Config, partition: int) -> str:
    """Return the key URI of a partition's log key."""
    tail = config.origin(partition).partition("/")[2].replace("/", "-")
    return f"file:{config.seal.keys}/log-{tail}.key"


def drain(
    sealers: Iterable[Sealer], *, told: Callable[[SealResult], None] | None = None
) -> int:
    """Seal what the logs hold at the time of the call; returns the number of leaves.

    Sealers take turns, a batch each, in the order given: what the control log says
    counts for the events sealed after it, and no busy origin keeps the others waiting.
    What is appended meanwhile is left to the next call.

    Args:
        sealers: of one process.
        told: called with what each batch came to.
    """
    waiting = [(sealer, sealer.log_end()) for sealer in sealers]
    total = 0
    while waiting:
        grown: list[tuple[Sealer, int]] = []
        for sealer, end in waiting:
            result = sealer.seal_once()
            leaves = result.leaves
            if told is not None:
                told(result)
            total += leaves
            if leaves and sealer.next_offset < end:
                grown.append((sealer, end))
        waiting = grown
    return total


def seal_all(config: Config, log: Log, state: State, *, hook: Hook = no_hook) -> int:
    """Seal everything a log holds now; returns the number of leaves made."""
    return drain(sealers_for(config, log, state, hook=hook))
