r"""C2SP tlog-proof: one leaf's inclusion together with the checkpoint, as text.

::

    c2sp.org/tlog-proof@v1
    index 17
    <base64 of a hash>       from the leaf's sibling up to the root's child
    …

    <the checkpoint, verbatim>

We write no ``extra`` line: nothing protects it. :func:`format_proof` and
:func:`parse_proof` are inverses.

Source: C2SP tlog-proof.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.merkle import HASH_SIZE
from ledger.note import parse_base64, parse_decimal

MAGIC = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof file taken apart; nothing of it has been checked.

    Attributes:
        index: of the leaf.
        path: 32-byte hashes, from the leaf's sibling upward.
        checkpoint: the note, verbatim.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def to_bytes(self) -> bytes:
        """Return the file; inverse of :func:`parse_proof`."""
        hashes = (b64encode(item).decode("ascii") for item in self.path)
        lines = [MAGIC, f"index {self.index}", *hashes, ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint


def parse_proof(data: bytes) -> TlogProof:
    """Take a proof file apart; inverse of :meth:`TlogProof.to_bytes`.

    Raises:
        MalformedError: it has another form, or an ``extra`` line.
    """
    front, gap, checkpoint = data.partition(b"\n\n")
    if not gap or len(front) > 8_192:
        raise MalformedError("no empty line before the checkpoint")
    try:
        magic, place, *hashes = front.decode("ascii").split("\n")
    except (UnicodeDecodeError, ValueError) as error:
        raise MalformedError("not a tlog-proof") from error
    if magic != MAGIC or not place.startswith("index ") or len(hashes) > _MAX_HASHES:
        raise MalformedError("not a tlog-proof, or with an extra line")
    path = tuple(parse_base64(line) for line in hashes)
    if any(len(item) != HASH_SIZE for item in path):
        raise MalformedError("a hash of another length")
    return TlogProof(parse_decimal(place.removeprefix("index ")), path, checkpoint)
