"""Signed notes and the verifier keys that name who signed them.

A note is a text, an empty line, and signature lines, as in this one by a log::

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4UR…

Each line holds a key's name and base64 of its 4-byte id and the signature. A text has
one spelling: what :func:`parse_note` accepts prints back byte for byte.

A witness signs two lines more than the text, and puts its time before the signature::

    cosignature/v1
    time 1679315147
    <text>

Source: C2SP signed-note v1.0.0 and tlog-cosignature v1.0.0; for verifier keys, Go's
``x/mod/sumdb/note``.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.errors import MalformedError, SignatureError
from ledger.keys import verify_signature

if TYPE_CHECKING:
    from ledger.keys import Signer

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_NOTE = 1_000_000
MAX_SIGNATURES = 100
_DASH = "\N{EM DASH} "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: who may sign, and with which public key.

    Attributes:
        name: name on the signature line; an origin, for a log's key.
        key_id: first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key).
        type: :data:`ED25519` for logs, :data:`COSIGNATURE` for witnesses.
        public_key: raw key, 32 bytes for these two types.
    """

    name: str
    key_id: bytes
    type: int
    public_key: bytes

    def __str__(self) -> str:
        key = b64encode(bytes([self.type]) + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{key}"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line of a note: a key's name and 4-byte id, and what it signed."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        payload = b64encode(self.key_id + self.signature).decode("ascii")
        return f"{_DASH}{self.name} {payload}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, final newline included, and the signatures below it."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def to_bytes(self) -> bytes:
        """Return the note as it is stored; inverse of :func:`parse_note`."""
        lines = "".join(f"{line}\n" for line in self.signatures)
        return f"{self.text}\n{lines}".encode()


def log_vkey(name: str, public_key: bytes) -> Vkey:
    """Return the verifier key of a log's 32-byte Ed25519 public key.

    Raises:
        MalformedError: the name or the key's length is not usable.
    """
    return _ed25519_vkey(name, ED25519, public_key)


def cosignature_vkey(name: str, public_key: bytes) -> Vkey:
    """As :func:`log_vkey`, for a witness (C2SP tlog-cosignature, "Format")."""
    return _ed25519_vkey(name, COSIGNATURE, public_key)


def parse_vkey(text: str) -> Vkey:
    """Parse ``<name>+<8 hex digits>+<base64 of type and key>``.

    Raises:
        MalformedError: it has another form, or the id is not that of name and key.
    """
    name, id_text, key_text = _three(text)
    check_name(name)
    if not _KEY_ID.fullmatch(id_text):
        raise MalformedError(f"{text!r}: the key id is not 8 lower-case hex digits")
    data = parse_base64(key_text)
    if len(data) < 2 or (data[0] in {ED25519, COSIGNATURE} and len(data) != 33):
        raise MalformedError(f"{text!r}: the key has a wrong length")
    vkey = Vkey(name, bytes.fromhex(id_text), data[0], data[1:])
    if vkey.key_id != _key_id(name, vkey.type, vkey.public_key):
        raise MalformedError(f"{text!r}: the key id is not that of the key")
    return vkey


def parse_note(data: bytes) -> Note:
    """Parse a signed note without checking any signature.

    Raises:
        MalformedError: not UTF-8, a control character other than newline, no empty
            line before the signatures, a signature line of another form, more than
            1,000,000 bytes or 100 signatures.
    """
    if len(data) > MAX_NOTE:
        raise MalformedError(f"a note of {len(data)} bytes, more than {MAX_NOTE}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("the note is not UTF-8") from error
    if _CONTROL.search(whole):
        raise MalformedError("the note holds a control character")
    text, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise MalformedError("the note has no empty line, or no signature below it")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedError(f"{len(lines)} signatures, more than {MAX_SIGNATURES}")
    return Note(f"{text}\n", tuple(_parse_line(line) for line in lines))


def verify_note(note: Note, vkey: Vkey) -> None:
    """Check that a note carries exactly one signature by an Ed25519 key.

    Signature lines of other keys are ignored.

    Raises:
        SignatureError: no line of that key, two of them, or one that does not verify.
    """
    if vkey.type != ED25519:
        raise SignatureError(f"{vkey.name}: not a plain Ed25519 key")
    verify_signature(
        public_key=vkey.public_key,
        signature=_only_line(note, vkey).signature,
        message=note.text.encode(),
    )


def cosign(text: str, *, name: str, signer: Signer, time_s: int) -> SignatureLine:
    """Return a witness's signature line over a checkpoint's text.

    Args:
        text: text of the note, final newline included.
        name: name of the witness.
        signer: its key; one key serves one witness, for the name is not signed.
        time_s: seconds since 1970, ``0 <= time_s < 2**63``.

    Raises:
        MalformedError: name or time is out of range.

    Source: C2SP tlog-cosignature, "Ed25519 signed message".
    """
    if not 0 <= time_s < 1 << 63:
        raise MalformedError(f"{time_s}: not the time of a cosignature")
    vkey = cosignature_vkey(name, signer.public_key)
    signed = time_s.to_bytes(8, "big") + signer.sign(_cosigned(text, time_s))
    return SignatureLine(name, vkey.key_id, signed)


def verify_cosignature(note: Note, vkey: Vkey) -> int:
    """Check that a note carries exactly one cosignature by a witness.

    Returns:
        When the witness signed, in seconds since 1970, by its own clock.

    Raises:
        SignatureError: no line of that key, two of them, one of another length or
            with a time of 2**63 or more, or one that does not verify.
    """
    if vkey.type != COSIGNATURE:
        raise SignatureError(f"{vkey.name}: not the key of a witness")
    signed = _only_line(note, vkey).signature
    time_s = int.from_bytes(signed[:8], "big")
    if len(signed) != 72 or time_s >= 1 << 63:
        raise SignatureError(f"{vkey.name}: a cosignature has 8 + 64 bytes")
    verify_signature(
        public_key=vkey.public_key,
        signature=signed[8:],
        message=_cosigned(note.text, time_s),
    )
    return time_s


def is_signed_by(note: Note, vkey: Vkey) -> bool:
    """Tell whether a note carries a line of a key, valid or not."""
    return bool(_lines_of(note, vkey))


def parse_decimal(text: str) -> int:
    """Parse ``0`` or digits without a leading zero, below 2**63.

    Raises:
        MalformedError: it is spelled otherwise, or too large.
    """
    if not _DECIMAL.fullmatch(text) or (number := int(text)) >= 1 << 63:
        raise MalformedError(f"{text[:40]!r}: not a decimal number")
    return number


def parse_base64(text: str) -> bytes:
    """Parse standard base64 that encodes back to the same text.

    Raises:
        MalformedError: foreign characters, wrong padding, or stray trailing bits.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedError(f"{text[:80]!r}: not base64") from error
    if b64encode(data).decode("ascii") != text:
        raise MalformedError(f"{text[:80]!r}: not the base64 of its own bytes")
    return data


def check_name(name: str) -> None:
    """Refuse a key name that signature lines cannot carry.

    Raises:
        MalformedError: empty, or with a space, a plus sign or a control character.
    """
    if not name or "+" in name or _CONTROL.search(name) or any(map(str.isspace, name)):
        raise MalformedError(f"{name!r}: not a key name")


def _cosigned(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _only_line(note: Note, vkey: Vkey) -> SignatureLine:
    lines = _lines_of(note, vkey)
    if len(lines) != 1:
        count = "two signatures" if lines else "no signature"
        raise SignatureError(f"{count} by {vkey.name}+{vkey.key_id.hex()}")
    return lines[0]


def _lines_of(note: Note, vkey: Vkey) -> list[SignatureLine]:
    wanted = (vkey.name, vkey.key_id)
    return [line for line in note.signatures if (line.name, line.key_id) == wanted]


def _ed25519_vkey(name: str, key_type: int, public_key: bytes) -> Vkey:
    if len(public_key) != 32:
        raise MalformedError("an Ed25519 public key has 32 bytes")
    check_name(name)
    return Vkey(name, _key_id(name, key_type, public_key), key_type, public_key)


def _parse_line(line: str) -> SignatureLine:
    name, space, payload = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise MalformedError(f"{line[:80]!r}: not a signature line")
    check_name(name)
    data = parse_base64(payload)
    if len(data) < 5:
        raise MalformedError(f"{line[:80]!r}: the signature is too short")
    return SignatureLine(name, data[:4], data[4:])


def _three(text: str) -> tuple[str, str, str]:
    parts = text.split("+", 2)  # base64 may hold further plus signs
    if len(parts) != 3:
        raise MalformedError(f"{text[:80]!r}: not a verifier key")
    return parts[0], parts[1], parts[2]


def _key_id(name: str, key_type: int, public_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([key_type]) + public_key).digest()[:4]
