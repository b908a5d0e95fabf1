"""Tiles: the paths and bytes a tree is published as. No I/O.

Level 0 of the tiles holds leaf hashes, level L + 1 the roots of the full tiles of
level L; a full tile holds 256 hashes of 32 bytes. Beside each tile of level 0 stands
an entries tile with the leaves themselves, each as ``u16 length ‖ leaf``. The last
tile of a level is partial when the tree's size says so::

    size 70,000    tile/0/000 … tile/0/272    tile/0/273.p/112
                   tile/1/000                 tile/1/001.p/17
                                              tile/2/000.p/1
                   tile/entries/000 …         tile/entries/273.p/112

Source: C2SP tlog-tiles v0.1.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.errors import IntegrityError, MalformedError, RootMismatchError
from ledger.merkle import HASH_SIZE, Frontier, leaf_hash, root_of
from ledger.tree import complete_subtrees

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEAF = 0xFFFF
# Eighteen digits: a tree of 2**63 leaves has fewer tiles than that.
_NUMBER = r"(?:x[0-9]{3}/){0,5}[0-9]{3}"
_PATH = re.compile(rf"tile/([0-9]{{1,2}}|entries)/({_NUMBER})(?:\.p/([0-9]{{1,3}}))?")


@dataclass(frozen=True, slots=True)
class TilePath:
    """Name of a tile.

    Attributes:
        level: 0..63, or None for an entries tile.
        index: number of the tile within its level.
        width: hashes or entries in it, 1..256; below 256 it is partial.
    """

    level: int | None
    index: int
    width: int = WIDTH

    def __str__(self) -> str:
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_format_index(self.index)}{partial}"


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile of hashes, such as ``tile/0/x001/x234/067.p/8``."""
    return str(TilePath(level, index, width))


def entries_path(index: int, width: int = WIDTH) -> str:
    """Return the path of an entries tile, such as ``tile/entries/000``."""
    return str(TilePath(None, index, width))


def parse_tile_path(path: str) -> TilePath:
    """Parse the path of a tile.

    Raises:
        MalformedError: it is no path that :func:`tile_path` or :func:`entries_path`
            makes.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedError(f"{path}: not the path of a tile", place=path)
    level, number, width = match.groups()
    parsed = TilePath(
        None if level == "entries" else int(level),
        int(number.replace("x", "").replace("/", "")),
        WIDTH if width is None else int(width),
    )
    partial_is_full = width is not None and not 0 < parsed.width < WIDTH
    if str(parsed) != path or partial_is_full or (parsed.level or 0) > 63:
        raise MalformedError(f"{path}: not the path of a tile", place=path)
    return parsed


def tiles_of(size: int) -> Iterator[TilePath]:
    """Name every tile that a tree of this size consists of, entries included."""
    for level, count in level_counts(size):
        for index in range(count >> HEIGHT):
            yield TilePath(level, index)
        if count % WIDTH:
            yield TilePath(level, count >> HEIGHT, count % WIDTH)
    for index in range(-(-size // WIDTH)):
        yield TilePath(None, index, min(WIDTH, size - index * WIDTH))


def level_counts(size: int) -> list[tuple[int, int]]:
    """Return ``(level, number of hashes)`` of each tile level, lowest first."""
    levels = range(-(-size.bit_length() // HEIGHT))
    return [(level, size >> HEIGHT * level) for level in levels]


def encode_entries(leaves: Sequence[bytes]) -> bytes:
    """Return the bytes of an entries tile.

    Raises:
        ValueError: a leaf has more than 65,535 bytes.
    """
    if any(len(leaf) > MAX_LEAF for leaf in leaves):
        raise ValueError(f"a leaf has more than {MAX_LEAF} bytes")
    return b"".join([len(leaf).to_bytes(2, "big") + leaf for leaf in leaves])


def parse_entries(data: bytes, *, width: int) -> list[bytes]:
    """Parse an entries tile; inverse of :func:`encode_entries`.

    Args:
        data: the whole file.
        width: number of entries it must hold.

    Raises:
        MalformedError: it holds fewer, more, or a part of one.
    """
    leaves: list[bytes] = []
    place = 0
    for _ in range(width):
        start = place + 2
        place = start + int.from_bytes(data[place:start], "big")
        if place > len(data) or start > len(data):
            raise MalformedError(f"the entries end within leaf {len(leaves)}")
        leaves.append(data[start:place])
    if place != len(data):
        raise MalformedError(f"bytes are left over after {width} entries")
    return leaves


def parse_hashes(data: bytes, *, width: int) -> list[bytes]:
    """Parse a tile of hashes.

    Raises:
        MalformedError: its length is not ``32 * width``.
    """
    if len(data) != HASH_SIZE * width:
        raise MalformedError(f"{len(data)} bytes are not a tile of {width} hashes")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def subtree_roots(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the complete subtrees that a tile's hashes fall into, largest first."""
    places = complete_subtrees(0, len(hashes))
    return [root_of(hashes[i << k : (i + 1) << k]) for k, i in places]


class Extended(NamedTuple):
    """What :meth:`TileWriter.extend` made.

    Attributes:
        size: number of leaves in the grown tree.
        root: its 32-byte root.
        files: path → bytes of each tile that is new, full and partial.
    """

    size: int
    root: bytes
    files: Mapping[str, bytes]


class TileWriter:
    """Grows a tree: reads the partial tiles at its right edge, makes the next ones.

    Args:
        read: gives the bytes of a tile by its path.
        frontier: the tree to grow, from trusted state. Tiles are not trusted: those at
            the edge are hashed and compared with it.

    Raises:
        MalformedError, RootMismatchError: an edge tile is not as the frontier implies;
            ``place`` is its path.
    """

    def __init__(self, read: Callable[[str], bytes], frontier: Frontier) -> None:
        self._read = read
        self._size = frontier.size
        self._edge = [self._read_edge(*pair) for pair in level_counts(frontier.size)]
        self._check_edge(frontier.hashes)
        self._entries = self._read_entries()

    @property
    def frontier(self) -> Frontier:
        """The tree as grown so far."""
        edges = reversed(self._edge)
        roots = [root for hashes in edges for root in subtree_roots(hashes)]
        return Frontier(self._size, roots)

    def extend(self, leaves: Sequence[bytes]) -> Extended:
        """Append leaves, and name the tiles to write.

        After a failure to store what it returned, go on with a new writer: this one
        has moved on.

        Args:
            leaves: data of the new leaves, at most 65,535 bytes each.
        """
        files: dict[str, bytes] = {}
        if leaves:
            self._extend_entries(leaves, files)
            self._extend_hashes([leaf_hash(leaf) for leaf in leaves], files)
            self._size += len(leaves)
        return Extended(self._size, self.frontier.root(), files)

    def _extend_entries(self, leaves: Sequence[bytes], files: dict[str, bytes]) -> None:
        pending = [*self._entries, *leaves]
        first = self._size >> HEIGHT
        for number, start in enumerate(range(0, len(pending), WIDTH), first):
            part = pending[start : start + WIDTH]
            files[entries_path(number, len(part))] = encode_entries(part)
        self._entries = pending[len(pending) // WIDTH * WIDTH :]

    def _extend_hashes(self, new: list[bytes], files: dict[str, bytes]) -> None:
        level, count = 0, self._size
        while new:
            if level == len(self._edge):
                self._edge.append([])
            pending = self._edge[level] + new
            new = []
            first = count >> HEIGHT
            for number, start in enumerate(range(0, len(pending), WIDTH), first):
                part = pending[start : start + WIDTH]
                files[tile_path(level, number, len(part))] = b"".join(part)
                if len(part) == WIDTH:
                    new.append(root_of(part))
            self._edge[level] = pending[len(new) * WIDTH :]
            level, count = level + 1, first

    def _read_edge(self, level: int, count: int) -> list[bytes]:
        if not (width := count % WIDTH):
            return []
        path = tile_path(level, count >> HEIGHT, width)
        return _placed(path, lambda: parse_hashes(self._read(path), width=width))

    def _check_edge(self, wanted: Sequence[bytes]) -> None:
        place = 0
        for level, count in reversed(level_counts(self._size)):
            path = tile_path(level, count >> HEIGHT, count % WIDTH or WIDTH)
            for root in subtree_roots(self._edge[level]):
                if root != wanted[place]:
                    raise RootMismatchError(
                        expected=wanted[place], computed=root, place=path, what="tile"
                    )
                place += 1

    def _read_entries(self) -> list[bytes]:
        if not (width := self._size % WIDTH):
            return []
        path = entries_path(self._size >> HEIGHT, width)
        leaves = _placed(path, lambda: parse_entries(self._read(path), width=width))
        check_entries(leaves, self._edge[0], place=path)
        return leaves


def check_entries(
    leaves: Sequence[bytes], hashes: Sequence[bytes], *, place: str
) -> None:
    """Check leaves one by one against the hashes of their level-0 tile.

    Args:
        leaves: data of the leaves of one entries tile.
        hashes: the level-0 hashes of the same places; may be fewer.
        place: path of the entries tile, for the error.

    Raises:
        RootMismatchError: a leaf hashes to something else.
    """
    for number, (leaf, wanted) in enumerate(zip(leaves, hashes, strict=False)):
        if (computed := leaf_hash(leaf)) != wanted:
            raise RootMismatchError(
                expected=wanted,
                computed=computed,
                place=place,
                what=f"leaf {number} of the tile",
            )


def _placed(path: str, parse: Callable[[], list[bytes]]) -> list[bytes]:
    try:
        return parse()
    except (IntegrityError, MalformedError) as error:
        error.place = error.place or path
        raise


def _format_index(index: int) -> str:
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03}")
    return "/".join(reversed(parts))
