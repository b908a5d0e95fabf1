"""Read a published ledger: plain files, each of them authenticated before use.

::

    public/policy                       public/<name>/p0/checkpoint
    public/<name>/control/…             public/<name>/p0/checkpoint.<size>
    public/<name>/manifest/…            public/<name>/p0/tile/…

What a reader returns follows from the checkpoint's root: each tile that is touched
is hashed whole and compared with the hash above it, and each entries tile leaf by leaf
with its hashes. A file that is present but wrong raises :class:`MalformedError` or
:class:`IntegrityError`; one that is absent, :class:`MissingEvidenceError`; either way
``place`` is its path below ``public/``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from ledger import tree
from ledger.checkpoint import Checkpoint, verify_checkpoint
from ledger.errors import EvidenceError, MalformedError, MissingEvidenceError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.tiles import WIDTH, parse_tile_path
from ledger.tileset import TileSet

if TYPE_CHECKING:
    from ledger.note import Vkey


class Public(Protocol):
    """Where a published ledger is read from."""

    def read(self, origin: str, path: str) -> bytes:
        """Return the bytes of a file of an origin.

        Raises:
            MissingEvidenceError: it is absent or cannot be read.
        """
        ...

    def list(self, origin: str) -> Iterator[str]:
        """Name the files of an origin, as :meth:`read` takes them, sorted by folder."""
        ...

    def policy(self) -> bytes:
        """Return the bytes of ``policy``.

        Raises:
            MissingEvidenceError: it is absent or cannot be read.
        """
        ...


class PublicFolder:
    """A published ledger in a local folder; see :class:`Public`.

    Attributes:
        root: the folder ``public``.
    """

    __slots__ = ("root",)

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, origin: str, path: str) -> bytes:
        """See :meth:`Public.read`."""
        return self._read(f"{origin}/{path}")

    def list(self, origin: str) -> Iterator[str]:
        """See :meth:`Public.list`."""
        folder = self._locate(origin)
        for path in _files_below(folder):
            yield path.relative_to(folder).as_posix()

    def policy(self) -> bytes:
        """See :meth:`Public.policy`."""
        return self._read("policy")

    def _read(self, place: str) -> bytes:
        try:
            return self._locate(place).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingEvidenceError(f"{place}: absent", place=place) from error
        except IsADirectoryError as error:
            raise MalformedError(f"{place}: a folder", place=place) from error
        except OSError as error:
            text = f"{place}: {error.strerror}"
            raise MissingEvidenceError(text, place=place) from error

    def _locate(self, place: str) -> Path:
        parts = PurePosixPath(place).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise MalformedError(f"{place}: not a place below public/", place=place)
        return self.root.joinpath(*parts)


class OriginReader:
    """Reads one origin as of one verified checkpoint; nothing it returns is trusted.

    Args:
        public: where the files are.
        vkey: the log's verifier key; its name is the origin.
        checkpoint: a checkpoint that the caller has verified, or None to read and
            verify the file ``checkpoint``.

    Raises:
        MissingEvidenceError, MalformedError, IntegrityError: as the module says.

    Attributes:
        checkpoint: the tree head that all answers follow from.
    """

    def __init__(
        self, public: Public, vkey: Vkey, *, checkpoint: Checkpoint | None = None
    ) -> None:
        self.origin = vkey.name
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


def read_checkpoint(
    public: Public, vkey: Vkey, *, name: str = "checkpoint"
) -> Checkpoint:
    """Read a checkpoint file of an origin and check the log's signature.

    Args:
        public: where the files are.
        vkey: the log's verifier key; its name is the origin.
        name: ``checkpoint`` or ``checkpoint.<size>``.

    Raises:
        MissingEvidenceError: the file is absent.
        MalformedError: it does not parse.
        SignatureError: another origin, or the log's signature is missing or wrong.
    """
    data = public.read(vkey.name, name)
    with placed(vkey.name, name):
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


def _files_below(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _files_below(path)
        else:
            yield path
