"""Tiles: paths, bytes, and a writer that distrusts what it finds."""

from __future__ import annotations

import json
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors, tiles, tree
from ledger.errors import MalformedError, RootMismatchError
from ledger.tiles import TilePath, TileWriter
from ledger.tree import Frontier


class Store:
    """Written tiles, in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.frontier = Frontier()

    def append(self, leaves: list[bytes]) -> tiles.Extended:
        writer = TileWriter(self.files.__getitem__, self.frontier)
        extended = writer.extend(leaves)
        self.files.update(extended.files)
        self.frontier = writer.frontier
        return extended


def ascii_leaves(size: int) -> list[bytes]:
    return [f"leaf {i}".encode() for i in range(size)]


def test_own_vectors_hold(vectors: Path) -> None:
    paths = sorted((vectors / "tiles").glob("*.json"))
    assert len(paths) >= 25
    for path in paths:
        vector = json.loads(path.read_text(encoding="utf-8"))
        raises = vector["raises"]
        with pytest.raises(getattr(errors, raises)) if raises else nullcontext():
            {"path": check_path, "entries": check_entries, "tree": check_tree}[
                vector["kind"]
            ](vector)
            assert raises is None, path


def check_path(vector: dict[str, Any]) -> None:
    parsed = tiles.parse_tile_path(vector["path"])
    wanted = TilePath(vector["level"], vector["index"], vector["width"])
    assert parsed == wanted
    assert str(wanted) == vector["path"]


def check_entries(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["data"])
    leaves = tiles.parse_entries(data, width=vector["width"])
    assert [leaf.hex() for leaf in leaves] == vector["leaves"]
    assert tiles.encode_entries(leaves) == data


def check_tree(vector: dict[str, Any]) -> None:
    extended = Store().append(ascii_leaves(vector["size"]))
    assert (extended.size, extended.root.hex()) == (vector["size"], vector["root"])
    found = {path: sha256(data).hexdigest() for path, data in extended.files.items()}
    assert found.items() >= vector["files"].items()
    assert set(found) == {str(path) for path in tiles.tiles_of(vector["size"])}


def test_the_specifications_tree_of_70000_has_its_tiles() -> None:
    found = [str(path) for path in tiles.tiles_of(70_000)]
    assert len(found) == 273 + 1 + 1 + 1 + 1 + 274
    partial = [path for path in found if ".p/" in path]
    assert partial == [
        *("tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"),
        "tile/entries/273.p/112",
    ]
    assert [str(path) for path in tiles.tiles_of(256)] == [
        *("tile/0/000", "tile/1/000.p/1", "tile/entries/000")
    ]
    assert list(tiles.tiles_of(0)) == []


@given(
    level=st.none() | st.integers(0, 63),
    index=st.integers(0, 2**55),
    width=st.integers(1, 256),
)
def test_a_path_prints_back(level: int | None, index: int, width: int) -> None:
    path = TilePath(level, index, width)
    assert tiles.parse_tile_path(str(path)) == path


@given(st.lists(st.binary(max_size=40), max_size=256))
def test_entries_print_back(leaves: list[bytes]) -> None:
    data = tiles.encode_entries(leaves)
    assert tiles.parse_entries(data, width=len(leaves)) == leaves


def test_a_leaf_has_at_most_65535_bytes() -> None:
    largest = [b"x" * 65_535]
    assert tiles.parse_entries(tiles.encode_entries(largest), width=1) == largest
    with pytest.raises(ValueError, match="65535"):
        tiles.encode_entries([b"x" * 65_536])


def test_hashes_of_another_length_are_malformed() -> None:
    with pytest.raises(MalformedError):
        tiles.parse_hashes(b"x" * 63, width=2)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_batches_do_not_matter_for_the_tree(batches: list[int]) -> None:
    store, leaves = Store(), ascii_leaves(sum(batches))
    done = 0
    for count in batches:
        extended = store.append(leaves[done : done + count])
        done += count
        assert extended.root == tree.root_of([tree.leaf_hash(x) for x in leaves[:done]])
    whole = Store()
    whole.append(leaves)
    assert whole.files.items() <= store.files.items()
    assert store.frontier.hashes == whole.frontier.hashes


def test_one_writer_can_go_on() -> None:
    writer, leaves = TileWriter({}.__getitem__, Frontier()), ascii_leaves(1000)
    for start in range(0, 1000, 100):
        writer.extend(leaves[start : start + 100])
    whole = Store().append(leaves)
    assert writer.frontier.size == whole.size
    assert writer.frontier.root() == whole.root


@pytest.mark.parametrize("size", [256, 512, 65_536])
def test_a_tree_without_partial_entries_grows_alike(size: int) -> None:
    store, leaves = Store(), ascii_leaves(size + 3)
    store.append(leaves[:size])
    whole = Store()
    assert store.append(leaves[size:]).root == whole.append(leaves).root
    assert whole.files.items() <= store.files.items()


def test_nothing_new_makes_no_file() -> None:
    store = Store()
    store.append(ascii_leaves(300))
    extended = store.append([])
    assert (extended.size, dict(extended.files)) == (300, {})
    assert extended.root == store.frontier.root()


def test_a_batch_writes_only_tiles_that_grew() -> None:
    store = Store()
    store.append(ascii_leaves(300))
    extended = store.append([b"one more"])
    assert set(extended.files) == {"tile/0/001.p/45", "tile/entries/001.p/45"}


@pytest.mark.parametrize(
    "path", ["tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1"]
)
def test_the_writer_finds_a_changed_edge(path: str) -> None:
    store = Store()
    store.append(ascii_leaves(66_000))
    data = store.files[path]
    store.files[path] = bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(RootMismatchError) as caught:
        store.append([b"x"])
    assert caught.value.place == path


@pytest.mark.parametrize("place", [1, 2, -1])
def test_the_writer_finds_a_changed_leaf(place: int) -> None:
    store, path = Store(), "tile/entries/001.p/44"
    store.append(ascii_leaves(300))
    data = bytearray(store.files[path])
    data[place] ^= 1
    store.files[path] = bytes(data)
    with pytest.raises((RootMismatchError, MalformedError)) as caught:
        store.append([b"x"])
    assert caught.value.place == path


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/entries/001.p/44"])
def test_the_writer_finds_a_cut_edge(path: str) -> None:
    store = Store()
    store.append(ascii_leaves(300))
    store.files[path] = store.files[path][:-1]
    with pytest.raises(MalformedError) as caught:
        store.append([b"x"])
    assert caught.value.place == path
