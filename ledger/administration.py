"""What is written into the control log: keys authorised and revoked, statements.

Each act is a stream of its own (open, data, close), for a stream is never continued by
another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ledger import __version__
from ledger.errors import ConflictError, NotAuthorisedError, NotFoundError
from ledger.log import CONTROL

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control, KeyState
    from ledger.events.base import Event
    from ledger.events.ledger import StatementEndorsed
    from ledger.keys import Ed25519Signer, Signer
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


def append_as_operator(
    config: Config,
    log: Log,
    bodies: Sequence[Event],
    *,
    control: Control | None = None,
    writer: Signer | None = None,
) -> None:
    """Append facts to the control log as a stream of their own, durable on return.

    Args:
        config: the ledger home.
        log: the ledger's log.
        bodies: the facts.
        control: the verified control log; with it, what it would refuse is not even
            appended.
        writer: another key than the operator's, such as a root's.

    Raises:
        ConfigurationError: the operator's key is not here.
        NotAuthorisedError: the control log as given would refuse it.
        LogUnavailableError: the log does not take them; repeat the call.
    """
    from ledger.genesis import operator_stream

    signer = writer or operator_signer(config)
    values = operator_stream(
        name=config.name,
        operator_signer=signer,
        facts=bodies,
        software="mlledger",
        version=__version__,
        close=not any(_ends_office(body, signer) for body in bodies),
    )
    if control is not None:
        _rehearse(control, values)
    for value in values:
        log.append(CONTROL, value)


def append_endorsed(
    config: Config,
    log: Log,
    statement: Event,
    signers: Sequence[Signer],
    *,
    control: Control | None = None,
    writer: Signer | None = None,
) -> StatementEndorsed:
    """Endorse a statement and append it to the control log; returns what was appended.

    Args:
        config: the ledger home.
        log: the ledger's log.
        statement: such as a ``ledger.root.set``.
        signers: the keys that endorse it.
        control: see :func:`append_as_operator`.
        writer: likewise.

    Raises:
        ConfigurationError, NotAuthorisedError, LogUnavailableError: likewise.
    """
    from ledger.endorsement import endorse

    made = endorse(statement, signers)
    append_as_operator(config, log, [made], control=control, writer=writer)
    return made


def _ends_office(body: Event, signer: Signer) -> bool:
    """Tell whether a fact takes the key that writes it out of office."""
    from ledger.events.ledger import StatementEndorsed
    from ledger.ledger_types import decode_statement

    if not isinstance(body, StatementEndorsed):
        return False
    name, fields = decode_statement(body.model_dump()) or ("", {})
    if name != "ledger.root.set":
        return False
    return signer.public_key not in (*fields["root_keys"], *fields["operator_keys"])


def _rehearse(control: Control, values: Sequence[bytes]) -> None:
    """Refuse entries that the control log, as it is sealed, would not take.

    Raises:
        NotAuthorisedError: what they say is against its state.
    """
    from ledger.entry import KIND_DATA, parse_entry

    for entry in map(parse_entry, values):
        if entry.header.kind == KIND_DATA:
            try:
                control.check_transition(control.size, entry)
            except NotAuthorisedError as error:
                raise NotAuthorisedError(
                    f"the control log would refuse it: {error}",
                    hint="nothing was appended",
                ) from error


def authorise(
    config: Config,
    log: Log,
    *,
    identity: str,
    kind: Literal["service", "person"],
    public_key: bytes,
    event_types: Sequence[str] = DEFAULT_TYPES,
    attests: bool = False,
    control: Control | None = None,
) -> None:
    """Authorise a producer's public key for an identity and event types.

    Raises:
        NotAuthorisedError: the control log, where it is given, would refuse the key.
    """
    from ledger.events.ledger import KeyAuthorized

    fact = KeyAuthorized.record(
        public_key=public_key,
        identity=identity,
        kind=kind,
        event_types=list(event_types),
        attests=attests,
    )
    append_as_operator(config, log, [fact], control=control)


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
    from ledger.keys import key_fingerprint

    path = config.keys / f"{file_name(identity)}.key"
    signer = make_key_file(path)
    authorise(
        config,
        log,
        identity=identity,
        kind=kind,
        public_key=signer.public_key,
        event_types=event_types,
    )
    return NewKey(identity, kind, key_fingerprint(signer.public_key), path)


def make_key_file(path: Path) -> Ed25519Signer:
    """Make a key and write it to a file that only its owner can read.

    Raises:
        ConflictError: the file exists.
    """
    from ledger.keys import Ed25519Signer, write_key

    if path.exists():
        raise ConflictError(
            f"{path}: a key of that name exists", hint="mlledger key ls"
        )
    signer = Ed25519Signer.generate()
    write_key(path, signer)
    return signer


def file_name(identity: str) -> str:
    """Return an identity as a file can be called."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in identity)


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
        NotAuthorisedError: it is a root's or operator's, or revoked already.
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
    append_as_operator(config, log, [fact], control=control)
