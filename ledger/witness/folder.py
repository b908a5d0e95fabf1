"""The folder of a witness: its key and its memory, which belong together.

::

    witness.key     PKCS#8 PEM, readable by its owner alone
    witness.sqlite  whom it belongs to, and what was signed
    lock            held by the process that serves

A witness that has lost its memory would sign any history as if it were the first, and
so make a second one valid. So a key without the memory that goes with it is refused,
unless each of the logs is given a pin to start from.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import ConfigurationError, ConflictError, NotFoundError
from ledger.keys import Ed25519Signer, Signer, load_signer, write_key
from ledger.note import Vkey, check_name, cosignature_vkey
from ledger.witness.state_sqlite import Remembered, WitnessState

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ledger.witness.witness import Pin

KEY, MEMORY = "witness.key", "witness.sqlite"
_LOST = (
    "restore witness.sqlite from its newest copy, or give each log a --pin with the "
    "size and root it is known to have reached, or begin in a new folder with a new key"
)


@dataclass(frozen=True, slots=True)
class WitnessFolder:
    """An opened folder.

    Attributes:
        name: name of the witness.
        signer: its key.
        state: its memory.
    """

    name: str
    signer: Signer
    state: WitnessState

    @property
    def vkey(self) -> Vkey:
        """What others know the witness by."""
        return cosignature_vkey(self.name, self.signer.public_key)


@contextmanager
def opened(
    folder: Path, *, name: str = "", logs: Sequence[Vkey] = (), pins: Sequence[Pin] = ()
) -> Generator[WitnessFolder]:
    """Open the folder of a witness, made when absent, and keep others out meanwhile.

    Args:
        folder: where key and memory lie.
        name: name of the witness, a schema-less URL by preference; needed on the first
            start only, and made from the key when it is empty then.
        logs: keys of the logs that will be served.
        pins: where the history of some of them must start.

    Raises:
        ConfigurationError: key and memory do not belong together, another name, or a
            pin that contradicts what is remembered.
        ConflictError: another process serves the folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        is_new = not (folder / MEMORY).exists()
        state = WitnessState(folder / MEMORY)
        try:
            _check_memory(folder, state, is_new=is_new, logs=logs, pins=pins)
            found = _witness(folder, state, name)
            _apply_pins(state, logs, pins)
            yield found
        except BaseException:
            if is_new and state.is_blank() and state.owner() is None:
                (folder / MEMORY).unlink()  # so that the next start asks again
            raise
        finally:
            state.close()


def read_vkey(folder: Path) -> Vkey:
    """Return the verifier key of the witness in a folder.

    Raises:
        NotFoundError: no witness has been started there.
    """
    if not (folder / MEMORY).exists() or not (folder / KEY).exists():
        raise NotFoundError(
            f"{folder}: no witness here", hint="mlledger witness serve makes one"
        )
    state = WitnessState(folder / MEMORY)
    try:
        owner = state.owner()
    finally:
        state.close()
    if owner is None:
        raise NotFoundError(f"{folder / MEMORY}: belongs to no witness")
    return cosignature_vkey(*owner)


def _check_memory(
    folder: Path,
    state: WitnessState,
    *,
    is_new: bool,
    logs: Sequence[Vkey],
    pins: Sequence[Pin],
) -> None:
    """Refuse to go on with half of what belongs together."""
    has_key, owner = (folder / KEY).exists(), state.owner()
    pinned = {pin.origin for pin in pins}
    origins = {vkey.name for vkey in logs}
    if has_key and owner is None and not (origins and origins <= pinned):
        what = "absent" if is_new else "empty"
        raise ConfigurationError(
            f"{folder / MEMORY}: {what}, but {KEY} is there and may have signed",
            hint=_LOST,
        )
    if not has_key and owner is not None and not state.is_blank():
        raise ConfigurationError(
            f"{folder / KEY}: absent, but its memory is there",
            hint="restore the key, or begin in a new folder with a new key",
        )


def _witness(folder: Path, state: WitnessState, name: str) -> WitnessFolder:
    """Return key and name; new ones are in the memory before the key is on disk."""
    owner, path = state.owner(), folder / KEY
    is_new = not path.exists()
    made = Ed25519Signer.generate()
    signer = made if is_new else load_signer(f"file:{path}", base=folder)
    if owner is not None and not is_new and owner[1] != signer.public_key:
        raise ConfigurationError(
            f"{folder / MEMORY}: belongs to another key, {owner[1].hex()}", hint=_LOST
        )
    known = owner[0] if owner is not None and not is_new else ""
    if known and name and name != known:
        raise ConfigurationError(
            f"this witness is called {known}, not {name}",
            hint="a name belongs to its key: begin in a new folder for another one",
        )
    chosen = known or name or f"witness-{signer.public_key[:4].hex()}"
    check_name(chosen)
    with state.transaction():
        state.own(chosen, signer.public_key)
    if is_new:
        write_key(path, made)
    return WitnessFolder(chosen, signer, state)


def _apply_pins(state: WitnessState, logs: Sequence[Vkey], pins: Sequence[Pin]) -> None:
    origins = {vkey.name for vkey in logs}
    with state.transaction():
        for pin in pins:
            if pin.origin not in origins:
                raise ConfigurationError(f"{pin.origin}: a pin, but no --log of it")
            known = state.latest(pin.origin)
            if known is None:
                start = Remembered(pin.size, pin.root, 0, b"")
                state.remember(pin.origin, start)
            elif known.size < pin.size or (
                known.size == pin.size and known.root != pin.root
            ):
                raise ConfigurationError(
                    f"{pin.origin}: remembered at size {known.size} with root "
                    f"{known.root.hex()}, but pinned to {pin.size}:{pin.root.hex()}",
                    hint="the memory was rolled back, or the pin is of another history",
                )


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("wb") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"{path}: another process serves this witness",
                hint="one process serves a folder: stop the other one",
            ) from error
        yield
