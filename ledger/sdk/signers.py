"""Whether a key may sign an event, as far as this home knows before it is emitted.

The sealer refuses an approval by a key that is no person's, long after the call has
returned. Where the sealed control log can be read, it answers at once: from the file of
an embedded log, or from the brokers within three seconds. Where it cannot, the event is
recorded and the sealer judges; what it refuses, worker, doctor and dashboard name.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ledger.errors import LedgerError, NotAuthorisedError

if TYPE_CHECKING:
    from ledger.authority import KeyState
    from ledger.config import Config
    from ledger.control import Control

_WAIT_S = 3.0


class Signers:
    """Refuses beforehand what the sealer would refuse for its signature.

    Args:
        config: the ledger home; None refuses nothing.
    """

    def __init__(self, config: Config | None) -> None:
        self._config = config
        self._passed: dict[tuple[str, str], bytes] = {}
        self._control: tuple[bytes, Control] | None = None

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
            key = self._key(self._config, identity, sealed)
        except (LedgerError, OSError):
            return  # whoever opens the emitter says why; the sealer judges
        if key is not None and not may_write(key, event, "events"):
            raise NotAuthorisedError(
                f"{identity}: its key is registered as a {key.kind}'s and may not sign "
                f"{event}; nothing was recorded",
                hint="sign as a person: mlledger key new person:NAME; see key ls",
            )
        self._passed[identity, event] = sealed

    def _key(self, config: Config, identity: str, sealed: bytes) -> KeyState | None:
        """Return an identity's key as the control log has it at a checkpoint."""
        from ledger.keys import key_fingerprint, load_signer
        from ledger.setup import key_uri

        signer = load_signer(key_uri(config, identity), base=config.home)
        if self._control is None or self._control[0] != sealed:
            self._control = (sealed, _control_in_time(config))
        return self._control[1].key(key_fingerprint(signer.public_key))


def _checkpoint(config: Config) -> bytes:
    """Return what tells one state of the sealed control log from another."""
    from ledger.log import CONTROL
    from ledger.public import PublicFolder

    return PublicFolder(config.public).read(config.origin(CONTROL), "checkpoint")


def _control_in_time(config: Config) -> Control:
    """Return the sealed control log; brokers have three seconds to answer.

    Raises:
        LogUnavailableError: they did not.
    """
    from ledger.errors import LogUnavailableError

    if config.log.kind == "sqlite":
        return _control(config)
    found: list[Control | LedgerError | OSError] = []

    def read() -> None:
        try:
            found.append(_control(config))
        except (LedgerError, OSError) as error:
            found.append(error)

    reader = threading.Thread(target=read, name="control log", daemon=True)
    reader.start()
    reader.join(_WAIT_S)
    if not found:
        raise LogUnavailableError(f"no answer within {_WAIT_S:.0f} s")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _control(config: Config) -> Control:
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.verification import load_control

    log = open_log(config)
    try:
        return load_control(log, PublicFolder(config.public), config.ledger_id)
    finally:
        log.close()
