"""Replace keys: a producer's, a log's, a root's, the operator's.

The new key file is on disk before anything is appended, so that no key comes into use
that nobody holds. What the control log, as it is sealed, would refuse is not appended.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.administration import (
    NewKey,
    append_endorsed,
    file_name,
    make_key_file,
    operator_signer,
)
from ledger.errors import (
    ConfigurationError,
    ConflictError,
    NotAuthorisedError,
    NotFoundError,
)

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control
    from ledger.events.ledger import RootSet
    from ledger.keys import Signer
    from ledger.log import Log
    from ledger.note import Vkey
    from ledger.public import Public


@dataclass(frozen=True, slots=True)
class Act:
    """What every change of a key needs.

    Attributes:
        config: the ledger home.
        log: the ledger's log.
        control: the verified control log.
        roots: the root keys that are here, which endorse.
    """

    config: Config
    log: Log
    control: Control
    roots: Sequence[Signer] = ()


def rotate_key(act: Act, *, old: Signer) -> NewKey:
    """Make a key that follows a producer's key; the old one signs until it is revoked.

    Args:
        act: without root keys: old and new key endorse.
        old: the key so far.

    Raises:
        NotFoundError: the control log does not know the old key.
        NotAuthorisedError: it is no producer's key in force.
        ConflictError: the file of the new key exists.
    """
    from ledger.events.ledger import KeyRotated
    from ledger.keys import Ed25519Signer, key_fingerprint, write_key

    old_fp = key_fingerprint(old.public_key)
    known = act.control.key(old_fp)
    if known is None:
        raise NotFoundError(f"key {old_fp.hex()}: not authorised")
    new = Ed25519Signer.generate()
    new_fp = key_fingerprint(new.public_key)
    path = act.config.keys / f"{file_name(known.identity)}.{new_fp.hex()[:8]}.key"
    write_key(path, new)
    fact = KeyRotated.record(old_key_fp=old_fp, public_key=new.public_key)
    with _undoing(path):
        append_endorsed(act.config, act.log, fact, [old, new], control=act.control)
    return NewKey(known.identity, known.kind, new_fp, path)


def announce_log_key(act: Act, origin: str) -> tuple[Vkey, Path]:
    """Make one more log key for an origin; sealers that hold it sign with both.

    Returns:
        Its verifier key, and its file beside the other log keys.

    Raises:
        NotFoundError: no such origin.
        NotAuthorisedError: the origin is closed, or too few roots endorse.
    """
    from ledger.events.ledger import LogKeyAnnounced
    from ledger.keys import Ed25519Signer, write_key
    from ledger.note import log_vkey
    from ledger.seal.signing import log_key_path

    _known(act.control, origin)
    new = Ed25519Signer.generate()
    vkey = log_vkey(origin, new.public_key)
    path = log_key_path(act.config, origin, vkey)
    write_key(path, new)
    fact = LogKeyAnnounced.record(origin=origin, vkey=str(vkey))
    with _undoing(path):
        append_endorsed(act.config, act.log, fact, act.roots, control=act.control)
    return vkey, path


def retire_log_key(act: Act, origin: str, public: Public) -> Vkey:
    """Take the oldest log key of an origin out of use, once another one signs.

    Args:
        act: with root keys.
        origin: such as ``acme/p0``.
        public: the published ledger, whose newest checkpoint tells who signs.

    Raises:
        NotFoundError: no such origin.
        ConflictError: it has no second key, or none that has signed a checkpoint.
        NotAuthorisedError: too few roots endorse.
    """
    from ledger.checkpoint import parse_checkpoint
    from ledger.events.ledger import LogKeyRetired

    _known(act.control, origin)
    oldest, *others = act.control.active_vkeys(origin)
    _, note = parse_checkpoint(public.read(origin, "checkpoint"))
    signed = {(line.name, line.key_id) for line in note.signatures}
    if not any((vkey.name, vkey.key_id) in signed for vkey in others):
        raise ConflictError(
            f"{origin}: no other key has signed its newest checkpoint",
            hint="announce one, let the origin be sealed under both, then retire",
        )
    fact = LogKeyRetired.record(origin=origin, vkey=str(oldest))
    append_endorsed(act.config, act.log, fact, act.roots, control=act.control)
    return oldest


def root_set(
    control: Control,
    *,
    add: Collection[bytes] = (),
    remove: Collection[bytes] = (),
    threshold: int | None = None,
    operators: Sequence[bytes] | None = None,
) -> RootSet:
    """Return the statement that changes roots, threshold or operators.

    Args:
        control: the verified control log; what is not named stays as it has it.
        add: raw public keys of new roots.
        remove: raw public keys of roots that leave office, for good.
        threshold: how many roots must agree from then on; None as before.
        operators: raw public keys of all operators from then on; None as before.

    Raises:
        NotFoundError: a key to remove is no root's.
    """
    from ledger.events.ledger import RootSet

    for key in remove:
        if key not in control.root_keys:
            raise NotFoundError(f"{key.hex()}: no root key in force")
    kept = [key for key in control.root_keys if key not in remove]
    return RootSet.record(
        name=control.name,
        origins=list(control.origins),
        root_keys=[*kept, *add],
        threshold=control.threshold if threshold is None else threshold,
        log_keys=[str(vkey) for vkey in control.log_vkeys.values()],
        operator_keys=list(control.operator_keys if operators is None else operators),
    )


def replace_operator(act: Act) -> NewKey:
    """Put a new key in the place of every operator key; the former are revoked.

    A root writes it into the control log: the former operator may be lost, or worse.
    Other processes that act as operator, such as a worker, must be started anew.

    Raises:
        ConfigurationError: no root key is here.
        NotAuthorisedError: too few roots endorse.
    """
    from ledger.keys import key_fingerprint

    writer = next(
        (key for key in act.roots if key.public_key in act.control.root_keys), None
    )
    if writer is None:
        raise ConfigurationError("no root key is here", hint="give --root-key URI")
    fresh = act.config.keys / "operator.next.key"
    new = _next_operator(act.config, fresh)
    if new.public_key not in act.control.operator_keys:
        fact = root_set(act.control, operators=[new.public_key])
        with _undoing(fresh):
            append_endorsed(
                act.config,
                act.log,
                fact,
                act.roots,
                control=act.control,
                writer=writer,
            )
    place = _put_in_place(act.config, fresh)
    return NewKey("operator", "service", key_fingerprint(new.public_key), place)


def _next_operator(config: Config, path: Path) -> Signer:
    """Return the next operator's key: of a run that was stopped half way, or new."""
    from ledger.keys import load_signer

    if path.exists():
        return load_signer(f"file:{path}", base=config.home)
    return make_key_file(path)


def _put_in_place(config: Config, fresh: Path) -> Path:
    from ledger.keys import key_fingerprint

    place = config.keys / "operator.key"
    if place.exists():
        former = key_fingerprint(operator_signer(config).public_key).hex()[:8]
        place.rename(place.with_name(f"operator.{former}.former.key"))
    fresh.rename(place)
    return place


def _known(control: Control, origin: str) -> None:
    if origin not in control.logs:
        raise NotFoundError(
            f"{origin}: no such origin", hint=f"one of {', '.join(control.origins)}"
        )


@contextmanager
def _undoing(path: Path) -> Generator[None]:
    """Delete a new key's file when nothing was appended that names the key."""
    try:
        yield
    except NotAuthorisedError:
        path.unlink()
        raise
