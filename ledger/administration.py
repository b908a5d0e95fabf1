"""What the operator writes into the control log: keys authorised and revoked.

Each act is a stream of its own (open, data, close), for a stream is never continued by
another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ledger import __version__
from ledger.errors import ConflictError, NotFoundError
from ledger.log import CONTROL

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control, KeyState
    from ledger.events.base import Event
    from ledger.keys import Signer
    from ledger.log import Log

DEFAULT_TYPES = ("mlledger.*",)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made and authorised.

    Attributes:
        identity: who signs with it.
        kind: ``service`` or ``person``.
        key_fp: SHA-256 of the raw public key, 32 bytes.
        path: the key file, readable by its owner alone.
    """

    identity: str
    kind: str
    key_fp: bytes
    path: Path


def operator_signer(config: Config) -> Signer:
    """Return the operator's signer; its key lies in the home's key folder."""
    from ledger.keys import load_signer

    return load_signer(f"file:{config.seal.keys}/operator.key", base=config.home)


def append_as_operator(config: Config, log: Log, bodies: Sequence[Event]) -> None:
    """Append facts to the control log as a stream of their own, durable on return.

    Raises:
        ConfigurationError: the operator's key is not here.
        LogUnavailableError: the log does not take them; repeat the call.
    """
    from ledger.genesis import operator_stream

    values = operator_stream(
        name=config.name,
        operator_signer=operator_signer(config),
        facts=bodies,
        software="mlledger",
        version=__version__,
    )
    for value in values:
        log.append(CONTROL, value)


def authorise(
    config: Config,
    log: Log,
    *,
    identity: str,
    kind: Literal["service", "person"],
    public_key: bytes,
    event_types: Sequence[str] = DEFAULT_TYPES,
    attests: bool = False,
) -> None:
    """Authorise a producer's public key for an identity and event types."""
    from ledger.events.ledger import KeyAuthorized

    fact = KeyAuthorized.record(
        public_key=public_key,
        identity=identity,
        kind=kind,
        event_types=list(event_types),
        attests=attests,
    )
    append_as_operator(config, log, [fact])


def new_key(
    config: Config,
    log: Log,
    *,
    identity: str,
    kind: Literal["service", "person"],
    event_types: Sequence[str] = DEFAULT_TYPES,
) -> NewKey:
    """Make a key file for an identity and authorise it.

    Raises:
        ConflictError: a key file of that identity exists.
    """
    from ledger.keys import Ed25519Signer, key_fingerprint, write_key

    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in identity)
    path = config.keys / f"{name}.key"
    if path.exists():
        raise ConflictError(
            f"{path}: a key of that name exists", hint="mlledger key ls"
        )
    signer = Ed25519Signer.generate()
    write_key(path, signer)
    authorise(
        config,
        log,
        identity=identity,
        kind=kind,
        public_key=signer.public_key,
        event_types=event_types,
    )
    return NewKey(identity, kind, key_fingerprint(signer.public_key), path)


def revoke(
    config: Config,
    log: Log,
    control: Control,
    *,
    key_fp: bytes,
    compromised_since: int | None = None,
    reason: str = "",
) -> None:
    """Revoke a producer's key; entries sealed later are refused.

    Args:
        config: the ledger home.
        log: the ledger's log.
        control: the verified control log, to know the key.
        key_fp: 32 bytes, SHA-256 of the raw public key.
        compromised_since: microseconds since 1970, or None.
        reason: a short text.

    Raises:
        NotFoundError: no such key was authorised.
    """
    from ledger.events.ledger import KeyRevoked

    known: KeyState | None = control.key(key_fp)
    if known is None:
        raise NotFoundError(
            f"key {key_fp.hex()}: not authorised", hint="mlledger key ls"
        )
    fact = KeyRevoked.record(
        key_fp=key_fp, compromised_since=compromised_since, reason=reason
    )
    append_as_operator(config, log, [fact])
