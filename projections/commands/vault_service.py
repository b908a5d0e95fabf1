"""What the commands of the vault share: its parts, opened for a block."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ledger.config import Config
    from ledger.vault.service import VaultService


@contextmanager
def service(
    home: Path | None, *, reads: bool = False, by: str | None = None
) -> Generator[VaultService]:
    """Open the vault of a home, in its own database and role.

    Args:
        home: of the ledger; None for the nearest.
        reads: whether what is emitted is signed by who reads, not by the producer.
        by: identity of the home that reads, where it is not the one of the settings.
    """
    from ledger.config import load_config
    from ledger.setup import open_emitter
    from ledger.vault.opening import opened_vault
    from ledger.vault.service import VaultService

    config = load_config(home)
    who = (by or config.reader) if reads else config.vault.identity or None
    with ExitStack() as stack:
        vault = stack.enter_context(opened_vault(config, _dsn(config, stack)))
        yield stack.enter_context(
            VaultService(
                vault, lambda: open_emitter(config, identity=who, mode="strict")
            )
        )


def _dsn(config: Config, stack: ExitStack) -> str:
    if config.vault.dsn:
        return config.vault.dsn
    from projections.database import Database

    return stack.enter_context(Database.open(config)).vault_dsn()
