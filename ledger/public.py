"""Read a published ledger: plain files, each of them authenticated before use.

::

    public/policy                       public/<name>/p0/checkpoint
    public/<name>/control/…             public/<name>/p0/checkpoint.<size>
    public/<name>/manifest/…            public/<name>/p0/checkpoint.pending
                                        public/<name>/p0/tile/…

``checkpoint`` has the signatures the policy asks for; ``checkpoint.pending``, where
there is one, is newer, signed by the log, and waits for its witnesses.

What a reader returns follows from the checkpoint's root: each tile that is touched
is hashed whole and compared with the hash above it, and each entries tile leaf by leaf
with its hashes. A file that is present but wrong raises :class:`MalformedError` or
:class:`IntegrityError`; one that is absent, :class:`MissingEvidenceError`; either way
``place`` is its path below ``public/``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from ledger import tree
from ledger.checkpoint import Checkpoint, verify_checkpoint
from ledger.errors import EvidenceError, MissingEvidenceError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.note import Vkey
from ledger.public_folder import Public, PublicFolder
from ledger.tiles import WIDTH, parse_tile_path
from ledger.tileset import TileSet

__all__ = [
    "PENDING",
    "OriginReader",
    "Public",
    "PublicFolder",
    "head_reader",
    "offset_to_leaf",
    "origin_of",
    "placed",
    "read_checkpoint",
    "read_head",
]

PENDING = "checkpoint.pending"


class OriginReader:
    """Reads one origin as of one verified checkpoint; nothing it returns is trusted.

    Args:
        public: where the files are.
        vkey: the log's verifier key, or those in use; their name is the origin.
        checkpoint: a checkpoint that the caller has verified, or None to read and
            verify the file ``checkpoint``.

    Raises:
        MissingEvidenceError, MalformedError, IntegrityError: as the module says.

    Attributes:
        checkpoint: the tree head that all answers follow from.
    """

    def __init__(
        self,
        public: Public,
        vkey: Vkey | Sequence[Vkey],
        *,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.origin = origin_of(vkey)
        self.checkpoint = checkpoint or read_checkpoint(public, vkey)
        self._tiles = TileSet(
            lambda path: public.read(self.origin, path),
            size=self.checkpoint.size,
            root=self.checkpoint.root,
        )
        # Two entries tiles serve a scan and a search beside it; each is some 100 KB.
        self._entries = lru_cache(maxsize=2)(self._tiles.entries)

    def nodes(self, level: int, index: int) -> bytes:
        """Return a complete subtree's hash; see :data:`ledger.tree.Nodes`.

        Raises:
            ValueError: the tree has no such subtree.
        """
        with placed(self.origin):
            return self._tiles.node(level, index)

    def leaf(self, index: int) -> bytes:
        """Return the data of a leaf, ``0 <= index < checkpoint.size``.

        Raises:
            ValueError: the tree has no such leaf.
        """
        if not 0 <= index < self.checkpoint.size:
            raise ValueError(f"no leaf {index} in a tree of {self.checkpoint.size}")
        with placed(self.origin):
            return self._entries(index // WIDTH)[index % WIDTH]

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the data of the leaves ``start..end``, one tile in memory at a time.

        Raises:
            ValueError: the range is not within the tree.
        """
        if not 0 <= start <= end <= self.checkpoint.size:
            raise ValueError(
                f"no range {start}..{end} in {self.checkpoint.size} leaves"
            )
        while start < end:
            first = start % WIDTH
            with placed(self.origin):
                part = self._entries(start // WIDTH)[first : first + end - start]
            yield from part
            start += len(part)

    def verify_tile(self, path: str) -> None:
        """Check any tile file of the origin, old partial tiles included.

        Raises:
            MalformedError: ``path`` names no tile, or its bytes do not parse.
            IntegrityError: its bytes are not those of the tree.
            MissingEvidenceError: it is absent, or reaches beyond the checkpoint.
        """
        with placed(self.origin):
            self._tiles.verify_file(parse_tile_path(path))

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the proof that a leaf is in the checkpoint's tree.

        Raises:
            ValueError: the tree has no such leaf.
        """
        return tree.inclusion_proof(self.nodes, index=index, size=self.checkpoint.size)

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """Return the proof that an older tree is the beginning of this one.

        Raises:
            ValueError: ``old_size`` is not within ``1..checkpoint.size``.
        """
        return tree.consistency_proof(
            self.nodes, old_size=old_size, new_size=self.checkpoint.size
        )

    def root_at(self, size: int) -> bytes:
        """Return the root of the first ``size`` leaves: what older checkpoints show.

        Raises:
            ValueError: ``size`` is not within ``0..checkpoint.size``.
        """
        if not 0 <= size <= self.checkpoint.size:
            raise ValueError(f"no size {size} below {self.checkpoint.size}")
        return tree.root_from_nodes(self.nodes, size)


def origin_of(vkey: Vkey | Sequence[Vkey]) -> str:
    """Return the origin that a log's key, or several of them, belong to."""
    return vkey.name if isinstance(vkey, Vkey) else vkey[0].name


def read_head(public: Public, vkey: Vkey | Sequence[Vkey]) -> Checkpoint:
    """Return the newest tree head that the log signed, cosigned or still pending.

    Raises: as :func:`read_checkpoint`.
    """
    try:
        pending = read_checkpoint(public, vkey, name=PENDING)
    except MissingEvidenceError:
        return read_checkpoint(public, vkey)
    try:
        published = read_checkpoint(public, vkey)
    except MissingEvidenceError:
        return pending
    return pending if pending.size > published.size else published


def head_reader(public: Public, vkey: Vkey | Sequence[Vkey]) -> OriginReader:
    """Return a reader at the newest tree head: what is sealed, published or pending.

    Raises: as :func:`read_checkpoint`.
    """
    return OriginReader(public, vkey, checkpoint=read_head(public, vkey))


def read_checkpoint(
    public: Public, vkey: Vkey | Sequence[Vkey], *, name: str = "checkpoint"
) -> Checkpoint:
    """Read a checkpoint file of an origin and check the log's signature.

    Args:
        public: where the files are.
        vkey: the log's verifier key, or those in use; their name is the origin.
        name: ``checkpoint``, ``checkpoint.<size>`` or ``checkpoint.pending``.

    Raises:
        MissingEvidenceError: the file is absent.
        MalformedError: it does not parse.
        SignatureError: another origin, or the log's signature is missing or wrong.
    """
    origin = origin_of(vkey)
    data = public.read(origin, name)
    with placed(origin, name):
        return verify_checkpoint(data, vkey)


def offset_to_leaf(reader: OriginReader, offset: int) -> int | None:
    """Return the index of the leaf that covers an offset of the log.

    Offsets ascend from leaf to leaf, and a gap leaf covers a range of them, so a leaf's
    index never exceeds its offset: a binary search, which ends at once without gaps.

    Args:
        reader: an origin at a checkpoint.
        offset: offset within the origin's partition, 0 or more.

    Returns:
        The index, or None when the offset is not sealed by that checkpoint.
    """
    low, high = 0, min(offset, reader.checkpoint.size - 1)
    middle = high
    while low <= high:
        leaf = _seal_leaf(reader, middle)
        if leaf.offset <= offset <= leaf.last_offset:
            return middle
        if leaf.offset > offset:
            high = middle - 1
        else:
            low = middle + 1
        middle = (low + high) // 2
    return None


def last_offset(public: Public, head: Checkpoint) -> int:
    """Return the last offset of the log that a tree covers; -1 when it is empty.

    Raises:
        MissingEvidenceError, MalformedError, IntegrityError: the newest tile is absent
            or is not of that tree.
    """
    if not head.size:
        return -1
    with placed(head.origin):
        tiles = TileSet(
            lambda path: public.read(head.origin, path), size=head.size, root=head.root
        )
        return parse_leaf(tiles.entries((head.size - 1) // WIDTH)[-1]).last_offset


@contextmanager
def placed(origin: str, path: str = "") -> Generator[None]:
    """Complete the ``place`` of evidence errors to a path below ``public/``.

    Args:
        origin: put before a place that does not begin with it.
        path: the place to name when the error names none.
    """
    try:
        yield
    except EvidenceError as error:
        place = error.place or path
        if not place.startswith(f"{origin}/"):
            error.place = f"{origin}/{place}" if place else origin
        raise


def _seal_leaf(reader: OriginReader, index: int) -> SealLeaf:
    with placed(reader.origin, f"leaf {index}"):
        return parse_leaf(reader.leaf(index))
