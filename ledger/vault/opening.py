"""Make a vault, and open the parts of one."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ledger import clock
from ledger.config import FILE_NAME, format_config, load_config
from ledger.errors import ConflictError
from ledger.log import open_log
from ledger.payload.transport import open_payload_log
from ledger.vault.follow import Follower
from ledger.vault.postgres import PostgresVault
from ledger.vault.secrets import load_secrets, make_secrets
from ledger.vault.shelf import Shelf
from ledger.vault.worker import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ledger.config import Config


def make_vault(config: Config, *, enable: bool) -> Config:
    """Make the vault's keys and name its public key in ``mlledger.toml``.

    Args:
        config: of the home.
        enable: whether decisions are captured from now on.

    Returns:
        The changed settings.

    Raises:
        ConflictError: the home names a vault already.
    """
    if config.capture.vault_key:
        raise ConflictError(
            f"{config.home / FILE_NAME}: names a vault's key already",
            hint="set [capture] enabled there to switch capture on or off",
        )
    public = make_secrets(config).public_key
    changed = load_config(config.home)
    capture = replace(changed.capture, vault_key=public.hex(), enabled=enable)
    changed = replace(changed, capture=capture)
    path = config.home / FILE_NAME
    part = path.with_name(path.name + ".part")
    part.write_text(format_config(changed), encoding="utf-8")
    part.chmod(0o600)
    part.replace(path)
    return changed


@contextmanager
def opened_vault(
    config: Config,
    dsn: str,
    *,
    on_step: Callable[[str], None] = lambda _step: None,
    now_us: Callable[[], int] = clock.now_us,
) -> Generator[Vault]:
    """Open a vault for the block.

    Args:
        config: of the home.
        dsn: of the vault's database; the login acts as ``mlledger_vault``.
        on_step: told the name of each step once it is done; tests kill there.
        now_us: clock.

    Raises:
        ConfigurationError: a key is absent or of another vault.
        UnavailableError: log, transport or database is away.
    """
    with ExitStack() as stack:
        secrets = load_secrets(config)
        shelf = Shelf(config.home / config.vault.keys, secrets.wrapping_key)
        stack.callback(shelf.close)
        store = PostgresVault(dsn)
        stack.callback(store.close)
        log = open_log(config)
        stack.callback(log.close)
        transport = open_payload_log(config)
        stack.callback(transport.close)
        follower = Follower(config, log)
        yield Vault(config, secrets, shelf, store, transport, follower, now_us, on_step)
