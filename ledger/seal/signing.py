"""Sign an origin's checkpoints with every log key that is in use.

While a log key is being replaced an origin has two: the control log has announced the
new one and not yet retired the old one. A checkpoint then carries a line of each, so
that whoever knows either can check it.

Key files lie in the key folder, ``log-<role>.key`` the first of an origin and
``log-<role>.<key id>.key`` the later ones: ``log-p0.key``, ``log-p0.1f3a5b7c.key``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.checkpoint import sign_checkpoint
from ledger.errors import ConfigurationError
from ledger.keys import load_signer
from ledger.note import Vkey, log_vkey

if TYPE_CHECKING:
    from ledger.checkpoint import Checkpoint
    from ledger.config import Config
    from ledger.keys import Signer


class NoteSigner:
    """Signs the notes of one origin, and nothing else.

    Args:
        origin: such as ``acme/p0``.
        load: returns the log keys that this machine holds for the origin. Asked again
            when a key comes into use that was not there, so that a running sealer
            takes up an announced key by itself.
    """

    def __init__(self, origin: str, load: Callable[[], Sequence[Signer]]) -> None:
        self.origin = origin
        self._load = load
        self._held: Mapping[Vkey, Signer] = {}

    @property
    def vkeys(self) -> tuple[Vkey, ...]:
        """The verifier keys of what is held, the first of the origin first."""
        if not self._held:
            self._reload()
        return tuple(self._held)

    def sign(self, checkpoint: Checkpoint, active: Sequence[Vkey] = ()) -> bytes:
        """Return the note with a line of each key in use that is held, oldest first.

        The same checkpoint and keys give the same bytes.

        Args:
            checkpoint: of this origin.
            active: the keys in use, as the control log has them; empty before there is
                one, and then every key signs that is held.

        Raises:
            ConfigurationError: none of the keys in use is held.
        """
        if checkpoint.origin != self.origin:
            raise ValueError(f"{checkpoint.origin}: not a checkpoint of {self.origin}")
        if not self._held or not set(active) <= set(self._held):
            self._reload()
        chosen = [self._held[v] for v in active or self._held if v in self._held]
        if not chosen:
            raise ConfigurationError(
                f"{self.origin}: none of its log keys in use is here",
                hint=f"put it beside the others: {', '.join(map(str, active))}",
            )
        return sign_checkpoint(checkpoint, *chosen)

    def _reload(self) -> None:
        self._held = {log_vkey(self.origin, s.public_key): s for s in self._load()}


def load_note_signer(config: Config, origin: str) -> NoteSigner:
    """Return the signer of an origin's checkpoints, with its keys from the key folder.

    Raises:
        ConfigurationError: no log key is there, or others can read one.
    """
    signer = NoteSigner(origin, lambda: load_log_keys(config, origin))
    if not signer.vkeys:
        raise ConfigurationError(f"{log_key_path(config, origin)}: absent")
    return signer


def load_log_keys(config: Config, origin: str) -> list[Signer]:
    """Return every log key of an origin that lies in the key folder.

    Raises:
        ConfigurationError: others can read one, or it is no Ed25519 key.
    """
    first = log_key_path(config, origin)
    later = sorted(first.parent.glob(f"{first.stem}.[0-9a-f]*.key"))
    return [
        load_signer(f"file:{path}", base=config.home)
        for path in (first, *later)
        if path.exists()
    ]


def log_key_path(config: Config, origin: str, vkey: Vkey | None = None) -> Path:
    """Return where a log key lies: the first of an origin, or a later one.

    Args:
        config: the ledger home.
        origin: such as ``acme/p0`` or ``acme/p0/e1``.
        vkey: a later key, named by its id; None for the first.
    """
    role = origin.partition("/")[2].replace("/", "-")
    mark = f".{vkey.key_id.hex()}" if vkey else ""
    return config.keys / f"log-{role}{mark}.key"
