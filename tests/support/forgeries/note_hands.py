"""Other notes for the checkpoints of a bundle, by whatever keys somebody holds."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ledger.bundle.contents import Contents
from ledger.note import Note, SignatureLine, cosign, log_vkey, parse_note
from tests.support.bundles import NOW_S, witness_name
from tests.support.forgeries.bundle_base import Forge, part_of
from tests.support.ledgers import NAME, signer

P0_NOTE = "p0/checkpoint"


def renoted(
    contents: Contents, change: Callable[[bytes], bytes], log: str = "p0"
) -> Contents:
    """Another note for a log, in every file that holds it."""
    old = contents.logs[log].checkpoint
    new = change(old)
    return replace(
        part_of(contents, log, checkpoint=new),
        partition_proof=contents.partition_proof.replace(old, new),
        manifest_proof=contents.manifest_proof.replace(old, new),
    )


def noted(change: Callable[[bytes], bytes], **given: Any) -> Forge:
    """The event's bundle with another note of p0."""
    return lambda it: it.case(renoted(it.event, change), **given)


def log_line(text: str, log: str = "p0") -> SignatureLine:
    """What the holder of a log key signs, whatever it says."""
    origin, key = f"{NAME}/{log}", signer(f"log {NAME}/{log}")
    vkey = log_vkey(origin, key.public_key)
    return SignatureLine(origin, vkey.key_id, key.sign(text.encode()))


def witness_lines(
    text: str, *labels: str, time_s: int, key: str = ""
) -> list[SignatureLine]:
    """Cosignatures by witnesses, or in their names by another key."""
    return [
        cosign(
            text,
            name=witness_name(label),
            signer=signer(key or f"witness {label}"),
            time_s=time_s,
        )
        for label in labels
    ]


def signed_anew(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """A note of another text that log and two witnesses have signed."""

    def forge(data: bytes) -> bytes:
        text = change(parse_note(data).text)
        time_s = NOW_S - 86_400
        lines = witness_lines(text, "north", "south", time_s=time_s)
        return Note(text, (log_line(text), *lines)).to_bytes()

    return forge


def lines_kept(count: int) -> Callable[[bytes], bytes]:
    """The note with its first signature lines alone."""

    def change(data: bytes) -> bytes:
        note = parse_note(data)
        return Note(note.text, note.signatures[:count]).to_bytes()

    return change


def lines_added(
    make: Callable[[Note], Sequence[SignatureLine]], keep: int = 9
) -> Callable[[bytes], bytes]:
    """The note with more signature lines."""

    def change(data: bytes) -> bytes:
        note = parse_note(data)
        lines = (*note.signatures[:keep], *make(note))
        return Note(note.text, lines).to_bytes()

    return change


def root_line(text: str, change: Callable[[str], str]) -> str:
    """A checkpoint's text with another spelling of its root."""
    origin, size, root, *rest = text.split("\n")
    return "\n".join([origin, size, change(root), *rest])


def stray_bits(root: str) -> str:
    """The same 32 bytes in base64 that leaves bits over: many decoders take it."""
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    bare = root.rstrip("=")
    last = letters[letters.index(bare[-1]) ^ 1]
    return bare[:-1] + last + "=" * (len(root) - len(bare))
