"""What the commands that change keys have in common: home, log, control log, roots."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control
    from ledger.keys import Signer
    from ledger.rotation import Act

SEALED = "It counts once the control log is sealed (a running worker does that)."
RootKeyOption = Annotated[
    list[str] | None,
    Option(help="key URI of a root; repeatable; default every keys/root*.key"),
]


@contextmanager
def acting(home: Path | None, root_keys: Sequence[str] | None = None) -> Generator[Act]:
    """Open a home to change its keys; the log is closed afterwards.

    Args:
        home: the ledger home, or None for the nearest.
        root_keys: key URIs of roots; an empty list means every ``root*.key`` of the key
            folder, None that no root is needed.

    Raises:
        ConfigurationError: a root key that was named is not usable.
    """
    from ledger.config import load_config
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.rotation import Act
    from ledger.verification import load_control

    config = load_config(home)
    roots = [] if root_keys is None else root_signers(config, root_keys)
    log = open_log(config)
    try:
        control = load_control(log, PublicFolder(config.public), config.ledger_id)
        yield Act(config, log, control, roots)
    finally:
        log.close()


def root_signers(config: Config, root_keys: Sequence[str]) -> list[Signer]:
    """Return the signers of some root keys, or of all that lie in the key folder."""
    from ledger.keys import load_signer

    lying = (f"file:{path}" for path in sorted(config.keys.glob("root*.key")))
    return [load_signer(uri, base=config.home) for uri in root_keys or lying]


def control_of(config: Config) -> Control:
    """Return the verified control log of a home."""
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.verification import load_control

    log = open_log(config)
    try:
        return load_control(log, PublicFolder(config.public), config.ledger_id)
    finally:
        log.close()
