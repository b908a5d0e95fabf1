r"""The wire format of ``add-checkpoint``.

The request's body::

    old <size>
    <base64 of a hash>          at most 63 of them
                                an empty line
    <checkpoint, a signed note>

The answer is 200 and signature lines, 409 with the size the witness holds as
``text/x.tlog.size``, or another status that says what was wrong.

Source: C2SP tlog-witness v1.0.0, "add-checkpoint".
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.merkle import HASH_SIZE
from ledger.note import Note, parse_base64, parse_decimal, parse_note

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
MAX_REQUEST = 128 << 10
"""Bytes of a request: 63 hashes and a note with many post-quantum signatures."""
MAX_ANSWER = 64 << 10
MAX_PROOF = 63


@dataclass(frozen=True, slots=True)
class Request:
    """A log's wish for a cosignature.

    Attributes:
        old_size: size of the checkpoint the proof starts from; 0 for none.
        proof: consistency proof from there, 32-byte hashes; empty when there is none
            to give.
        note: the checkpoint, a whole signed note.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers.

    Attributes:
        status: HTTP status code.
        body: signature lines, a size, or a reason in words.
        content_type: of the body.
    """

    status: int
    body: bytes = b""
    content_type: str = TEXT_TYPE


def format_request(*, old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the body of a request; inverse of :func:`parse_request`."""
    hashes = "".join(f"{b64encode(node).decode('ascii')}\n" for node in proof)
    return f"old {old_size}\n{hashes}\n".encode() + note


def parse_request(body: bytes) -> Request:
    """Parse the body of a request; the note is not looked into.

    Raises:
        MalformedError: another form, or more than 63 hashes.
    """
    head, gap, note = body.partition(b"\n\n")
    if not gap:
        raise MalformedError("no empty line before the checkpoint")
    try:
        first, *rest = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError("old size and proof are ASCII") from error
    if not first.startswith("old "):
        raise MalformedError("the first line is not: old <size>")
    if len(rest) > MAX_PROOF:
        raise MalformedError(f"{len(rest)} hashes, more than {MAX_PROOF}")
    proof = tuple(parse_base64(line) for line in rest)
    if any(len(node) != HASH_SIZE for node in proof):
        raise MalformedError(f"a hash has {HASH_SIZE} bytes")
    return Request(parse_decimal(first[4:]), proof, note)


def format_size(size: int) -> bytes:
    """Return the body of a 409; inverse of :func:`parse_size`."""
    return f"{size}\n".encode("ascii")


def parse_size(body: bytes) -> int:
    """Parse the body of a 409.

    Raises:
        MalformedError: it is not a decimal number and a newline.
    """
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("a size is ASCII") from error
    if not text.endswith("\n"):
        raise MalformedError(f"{text[:40]!r}: a size ends with a newline")
    return parse_decimal(text[:-1])


def parse_lines(text: str, body: bytes) -> Note:
    """Parse the signature lines of a 200 as a note over what was submitted.

    Args:
        text: text of the submitted note.
        body: the answer's body.

    Raises:
        MalformedError: the body holds anything but signature lines.
    """
    note = parse_note(text.encode() + b"\n" + body)
    if note.text != text:
        raise MalformedError("the answer holds more than signature lines")
    return note
