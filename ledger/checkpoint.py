"""Checkpoints: an origin's size and root as a log signed them.

The text of the note has three lines and no more::

    <origin>
    <size, decimal>
    <base64 of the 32-byte root>

A log key signs nothing but such texts, and only with its own origin in line 1: a note
has no other mark of what it is.

Source: C2SP tlog-checkpoint v1.0.0, without extension lines.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import MalformedError, SignatureError
from ledger.merkle import EMPTY_ROOT, HASH_SIZE
from ledger.note import (
    Note,
    SignatureLine,
    Vkey,
    check_name,
    is_signed_by,
    log_vkey,
    parse_base64,
    parse_decimal,
    parse_note,
    verify_note,
)

if TYPE_CHECKING:
    from ledger.keys import Signer


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head.

    Attributes:
        origin: name of the log, such as ``example.org/p0``.
        size: number of leaves, ``0 <= size < 2**63``.
        root: 32-byte root hash; SHA-256 of nothing when ``size`` is 0.

    Raises:
        MalformedError: a value is out of range.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_name(self.origin)
        if not 0 <= self.size < 1 << 63:
            raise MalformedError(f"{self.size}: not a tree size")
        if len(self.root) != HASH_SIZE or (self.size == 0 and self.root != EMPTY_ROOT):
            raise MalformedError(f"{self.root.hex()}: not the root of such a tree")

    @property
    def body(self) -> str:
        """The three lines that are signed, each with its newline."""
        root = b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\n"


def sign_checkpoint(checkpoint: Checkpoint, *signers: Signer) -> bytes:
    """Return the whole note, signed by the log's key, or by each of its active keys.

    The same checkpoint and keys give the same bytes.
    """
    lines = tuple(_signed(checkpoint, signer) for signer in signers)
    return Note(checkpoint.body, lines).to_bytes()


def _signed(checkpoint: Checkpoint, signer: Signer) -> SignatureLine:
    vkey = log_vkey(checkpoint.origin, signer.public_key)
    return SignatureLine(vkey.name, vkey.key_id, signer.sign(checkpoint.body.encode()))


def parse_checkpoint(data: bytes) -> tuple[Checkpoint, Note]:
    """Parse a checkpoint note without checking any signature.

    Raises:
        MalformedError: it is no note, or its text not the three lines.
    """
    note = parse_note(data)
    lines = note.text.split("\n")
    if len(lines) != 4:
        raise MalformedError(f"a checkpoint has 3 lines, not {len(lines) - 1}")
    origin, size, root, _ = lines
    return Checkpoint(origin, parse_decimal(size), parse_base64(root)), note


def verify_checkpoint(data: bytes, vkey: Vkey | Sequence[Vkey]) -> Checkpoint:
    """Check the log's signature and return what it signed.

    Args:
        data: the whole note; signature lines of other keys are ignored.
        vkey: the log's verifier key, or several of one log; their name is the origin.

    Raises:
        MalformedError: it does not parse.
        SignatureError: another origin, or the log's signature is missing or wrong.
    """
    vkeys = (vkey,) if isinstance(vkey, Vkey) else tuple(vkey)
    checkpoint, note = parse_checkpoint(data)
    if checkpoint.origin != vkeys[0].name:
        text = f"a checkpoint of {checkpoint.origin} is not one of {vkeys[0].name}"
        raise SignatureError(text, expected=vkeys[0].name, actual=checkpoint.origin)
    verify_log_signatures(note, vkeys)
    return checkpoint


def verify_log_signatures(note: Note, vkeys: Sequence[Vkey]) -> tuple[Vkey, ...]:
    """Check that one key of a log or more signed a note, and none of them wrongly.

    Args:
        note: signature lines of other keys are ignored.
        vkeys: the log's keys, one or more.

    Returns:
        The keys that signed, in the order given.

    Raises:
        SignatureError: no line of any of them, or one that is wrong or there twice.
    """
    signed = tuple(vkey for vkey in vkeys if is_signed_by(note, vkey))
    for vkey in signed or vkeys[:1]:
        verify_note(note, vkey)
    return signed


def unlisted_signers(note: Note, vkeys: Iterable[Vkey]) -> list[str]:
    """Return ``<name>+<key id>`` of each signature line whose key is not listed.

    In our own published folder such a line contradicts the policy; in a foreign note
    it means nothing.
    """
    listed = {(vkey.name, vkey.key_id) for vkey in vkeys}
    return [
        f"{line.name}+{line.key_id.hex()}"
        for line in note.signatures
        if (line.name, line.key_id) not in listed
    ]


def format_policy(log_vkeys: Sequence[Vkey], witness_policy: str) -> str:
    """Return the text of ``public/policy``, the same from every hand.

    Args:
        log_vkeys: of control, manifest, p0, p1 …, in this order.
        witness_policy: text of the last witness policy set, or empty.
    """
    lines = [f"log {vkey}" for vkey in log_vkeys]
    if witness_policy:
        lines += witness_policy.removesuffix("\n").split("\n")
    return "".join(f"{line}\n" for line in lines)
