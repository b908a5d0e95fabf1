"""Whether a key may sign an event, as far as this home knows before it is emitted.

The sealer refuses an approval by a key that is no person's, long after the call has
returned. Where the log is a file of this home, the sealed control log answers at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LedgerError, NotAuthorisedError

if TYPE_CHECKING:
    from ledger.authority import KeyState
    from ledger.config import Config
    from ledger.control import Control


class Signers:
    """Refuses beforehand what the sealer would refuse for its signature.

    Args:
        config: the ledger home; None refuses nothing.
    """

    def __init__(self, config: Config | None) -> None:
        is_here = config is not None and config.log.kind == "sqlite"
        self._config = config if is_here else None
        self._passed: dict[tuple[str, str], bytes] = {}

    def require(self, identity: str, event: str) -> None:
        """Refuse a signer whose key is known, and known not to sign such events.

        Args:
            identity: who is to sign.
            event: type of the event.

        Raises:
            NotAuthorisedError: the sealed control log has the key, and it may not.
        """
        if self._config is None:
            return
        from ledger.authority import may_write

        try:
            sealed = _checkpoint(self._config)
            if self._passed.get((identity, event)) == sealed:
                return
            key = _key(self._config, identity)
        except (LedgerError, OSError):
            return  # whoever opens the emitter says why; the sealer judges
        if key is not None and not may_write(key, event, "events"):
            raise NotAuthorisedError(
                f"{identity}: its key is registered as a {key.kind}'s and may not sign "
                f"{event}; nothing was recorded",
                hint="sign as a person: mlledger key new person:NAME; see key ls",
            )
        self._passed[identity, event] = sealed


def _checkpoint(config: Config) -> bytes:
    """Return what tells one state of the sealed control log from another."""
    from ledger.log import CONTROL
    from ledger.public import PublicFolder

    return PublicFolder(config.public).read(config.origin(CONTROL), "checkpoint")


def _key(config: Config, identity: str) -> KeyState | None:
    """Return an identity's key as the sealed control log has it."""
    from ledger.keys import key_fingerprint, load_signer
    from ledger.setup import key_uri

    signer = load_signer(key_uri(config, identity), base=config.home)
    return _control(config).key(key_fingerprint(signer.public_key))


def _control(config: Config) -> Control:
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.verification import load_control

    log = open_log(config)
    try:
        return load_control(log, PublicFolder(config.public), config.ledger_id)
    finally:
        log.close()
