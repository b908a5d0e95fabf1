"""The tiles of one tree, each authenticated against the root before it is used.

A full tile is one subtree: its root must be the hash that its parent tile holds for
it. The partial tiles at the right edge together fall into the complete subtrees of the
whole tree, which must fold to the root. So no byte of a tile goes unchecked, save the
surplus of a wider tile that stands in for a partial one that was removed: it belongs
to a later checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ledger.errors import (
    EvidenceError,
    IntegrityError,
    MalformedError,
    MissingEvidenceError,
    RootMismatchError,
)
from ledger.merkle import EMPTY_ROOT, fold_right, leaf_hash, parents_of
from ledger.tiles import (
    HEIGHT,
    WIDTH,
    TilePath,
    check_entries,
    level_counts,
    parse_entries,
    parse_hashes,
    subtree_roots,
)

MAX_TILES = 128
"""Tiles kept in memory; a tile with its inner nodes takes about 45 KB."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile's hashes and the nodes above them, ``levels[k][i]`` over 2**k hashes.

    Attributes:
        path: the file it was read from.
        levels: lowest first; 9 of them when the tile is full.
    """

    path: TilePath
    levels: tuple[list[bytes], ...]

    @property
    def hashes(self) -> list[bytes]:
        """The hashes the file holds."""
        return self.levels[0]


class TileSet:
    """The authenticated tiles of a tree.

    Args:
        read: gives the bytes of a file by its path, or raises MissingEvidenceError.
        size: number of leaves, from a verified checkpoint.
        root: root of the tree, from the same checkpoint.
    """

    def __init__(self, read: Callable[[str], bytes], *, size: int, root: bytes) -> None:
        self._read = read
        self._size = size
        self._root = root
        self._edge: dict[int, Tile] | None = None
        self._full = lru_cache(maxsize=MAX_TILES)(self._load_full)

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of the complete subtree ``(level, index)``.

        Raises:
            ValueError: the tree has no such subtree.
            RootMismatchError, MalformedError: a tile is not what the root commits to.
            MissingEvidenceError: a tile is absent.
        """
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise ValueError(f"no subtree ({level}, {index}) in {self._size} leaves")
        tile_level, inner = divmod(level, HEIGHT)
        tile_index, place = divmod(index << inner, WIDTH)
        return self._tile(tile_level, tile_index).levels[inner][place >> inner]

    def entries(self, index: int) -> list[bytes]:
        """Return the leaves of entries tile ``index``, each checked by its hash.

        Raises: as :meth:`node`.
        """
        hashes = self._tile(0, index).hashes
        path, data = self._fetch(TilePath(None, index, len(hashes)))
        try:
            leaves = parse_entries(data, width=path.width)
        except MalformedError as error:
            error.place = str(path)
            raise
        check_entries(leaves, hashes, place=str(path))
        return leaves[: len(hashes)]

    def verify_file(self, path: TilePath) -> None:
        """Check any tile file, wide or partial, against the tree.

        Raises:
            IntegrityError, MalformedError: its bytes are not those of the tree.
            MissingEvidenceError: it is absent, or reaches beyond the tree.
        """
        place = str(path)
        level = path.level or 0
        if path.index * WIDTH + path.width > self._size >> HEIGHT * level:
            raise MissingEvidenceError(f"{place}: beyond the checkpoint", place=place)
        wanted = self._tile(level, path.index).hashes[: path.width]
        data = self._read(place)
        try:
            if path.level is None:
                leaves = parse_entries(data, width=path.width)
                check_entries(leaves, wanted, place=place)
            elif parse_hashes(data, width=path.width) != wanted:
                raise IntegrityError(f"{place}: not the tree's hashes", place=place)
        except MalformedError as error:
            error.place = place
            raise

    def _tile(self, level: int, index: int) -> Tile:
        if (index + 1) << HEIGHT * (level + 1) <= self._size:
            return self._full(level, index)
        if self._edge is None:
            self._edge = self._load_edge()
        return self._edge[level]

    def _load_full(self, level: int, index: int) -> Tile:
        expected = self.node(HEIGHT * (level + 1), index)
        tile = self._load(TilePath(level, index))
        if (computed := tile.levels[HEIGHT][0]) != expected:
            raise RootMismatchError(
                expected=expected, computed=computed, place=str(tile.path), what="tile"
            )
        return tile

    def _load_edge(self) -> dict[int, Tile]:
        edge = {
            level: self._load(TilePath(level, count >> HEIGHT, count % WIDTH))
            for level, count in level_counts(self._size)
            if count % WIDTH
        }
        computed = _root_of_edge({k: tile.hashes for k, tile in edge.items()})
        if computed != self._root:
            raise RootMismatchError(
                expected=self._root, computed=computed, place=self._culprit(edge)
            )
        return edge

    def _load(self, path: TilePath) -> Tile:
        found, data = self._fetch(path)
        try:
            hashes = parse_hashes(data, width=found.width)[: path.width]
        except MalformedError as error:
            error.place = str(found)
            raise
        levels = [hashes]
        while len(levels[-1]) > 1:
            levels.append(parents_of(levels[-1]))
        return Tile(found, tuple(levels))

    def _fetch(self, path: TilePath) -> tuple[TilePath, bytes]:
        """Read a tile, or for a partial one that was removed, a wider one.

        Source: C2SP tlog-tiles, "Partial Tiles".
        """
        try:
            return path, self._read(str(path))
        except MissingEvidenceError:
            wider = (WIDTH, *range(path.width + 1, WIDTH)) if path.width < WIDTH else ()
            for width in wider:
                other = TilePath(path.level, path.index, width)
                if (data := self._read_if_there(other)) is not None:
                    return other, data
            raise

    def _read_if_there(self, path: TilePath) -> bytes | None:
        try:
            return self._read(str(path))
        except MissingEvidenceError:
            return None

    def _culprit(self, edge: dict[int, Tile]) -> str:
        """Name the edge tile that what lies below it shows to be wrong.

        The root alone tells only that one of them is. Without a clear answer, the
        lowest is named.
        """
        hashes = {level: tile.hashes for level, tile in edge.items()}
        for level, tile in edge.items():
            mended = {**hashes, level: self._rebuilt(level, tile)}
            if _root_of_edge(mended) == self._root:
                return str(tile.path)
        return str(edge[min(edge)].path)

    def _rebuilt(self, level: int, tile: Tile) -> list[bytes]:
        """Return an edge tile's hashes as the files one level below imply them."""
        index, width = tile.path.index, len(tile.hashes)
        try:
            if level == 0:
                path, data = self._fetch(TilePath(None, index, width))
                leaves = parse_entries(data, width=path.width)
                return [leaf_hash(leaf) for leaf in leaves[:width]]
            first = index * WIDTH
            below = range(first, first + width)
            return [self._load(TilePath(level - 1, i)).levels[HEIGHT][0] for i in below]
        except EvidenceError:
            return tile.hashes  # it cannot be told from below


def _root_of_edge(edge: dict[int, list[bytes]]) -> bytes:
    levels = sorted(edge, reverse=True)
    roots = [root for level in levels for root in subtree_roots(edge[level])]
    return fold_right(roots) if roots else EMPTY_ROOT
