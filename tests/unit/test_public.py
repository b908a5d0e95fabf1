"""Reading what is published: whatever is altered, cut or absent is found and named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import tree
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import (
    EvidenceError,
    IntegrityError,
    MalformedError,
    MissingEvidenceError,
    RootMismatchError,
    SignatureError,
)
from ledger.judgement import Verdict
from ledger.keys import Ed25519Signer
from ledger.leaf import SealLeaf, gap_leaf
from ledger.note import log_vkey
from ledger.public import OriginReader, PublicFolder, offset_to_leaf, read_checkpoint
from ledger.tiles import tiles_of
from tests.support.trees import ORIGIN, SIGNER, PublishedTree, publish

SIZE = 300
TILES = [str(path) for path in tiles_of(SIZE)]


@pytest.fixture
def small(tmp_path: Path) -> PublishedTree:
    """300 leaves, published as 300, so that no old partial tile is left."""
    return publish(tmp_path, [SIZE])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> PublishedTree:
    """66,000 leaves: three levels of tiles, a full one on level 1."""
    return publish(tmp_path_factory.mktemp("large"), [66_000])


def read_all(published: PublishedTree) -> list[bytes]:
    reader = published.reader()
    return list(reader.leaves(0, reader.checkpoint.size))


def flip(path: Path, place: int, bit: int) -> Callable[[], None]:
    data = path.read_bytes()
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    path.write_bytes(changed)
    return lambda: (path.write_bytes(data), None)[1]


# ── the honest case ──────────────────────────────────────────────────────────


def test_everything_comes_back_and_verifies(large: PublishedTree) -> None:
    reader = large.reader()
    hashes = [tree.leaf_hash(leaf) for leaf in large.leaves]
    assert reader.checkpoint.root == tree.root_of(hashes)
    assert list(reader.leaves(0, 66_000)) == large.leaves
    assert list(reader.leaves(250, 600)) == large.leaves[250:600]
    assert list(reader.leaves(77, 77)) == []
    assert reader.leaf(65_999) == large.leaves[65_999]
    for size in (0, 1, 255, 256, 65_536, 65_537, 66_000):
        assert reader.root_at(size) == tree.root_of(hashes[:size])


def test_proofs_from_tiles_are_those_of_the_tree(large: PublishedTree) -> None:
    reader = large.reader()
    hashes = [tree.leaf_hash(leaf) for leaf in large.leaves]
    nodes = tree.nodes_of(hashes)
    for index in (0, 255, 256, 40_000, 65_535, 65_536, 65_999):
        proof = reader.inclusion_proof(index)
        assert proof == tree.inclusion_proof(nodes, index=index, size=66_000)
        tree.verify_inclusion(
            index=index,
            size=66_000,
            leaf=hashes[index],
            proof=proof,
            root=reader.checkpoint.root,
        )
    for old in (1, 255, 256, 300, 65_536, 65_999, 66_000):
        proof = reader.consistency_proof(old)
        assert proof == tree.consistency_proof(nodes, old_size=old, new_size=66_000)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_every_size_on_the_way_can_be_read_later(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int]
) -> None:
    published = publish(tmp_path_factory.mktemp("grown"), batches)
    size = 0
    for count in batches:
        size += count
        reader = at_size(published, size)
        assert list(reader.leaves(0, size)) == published.leaves[:size]


def at_size(published: PublishedTree, size: int) -> OriginReader:
    public = PublicFolder(published.root)
    head = read_checkpoint(public, published.vkey, name=f"checkpoint.{size}")
    return OriginReader(public, published.vkey, checkpoint=head)


@pytest.mark.parametrize("size", [0, 1, 256])
def test_small_trees_have_no_special_case(tmp_path: Path, size: int) -> None:
    published = publish(tmp_path, [size])
    assert read_all(published) == published.leaves
    with pytest.raises(ValueError, match="no leaf"):
        published.reader().leaf(size)


def test_memory_stays_flat_while_leaves_stream(large: PublishedTree) -> None:
    reader = large.reader()
    for _ in reader.leaves(0, 66_000):
        pass
    assert reader._entries.cache_info().currsize <= 2
    assert reader._tiles._full.cache_info().currsize <= 128


@pytest.mark.parametrize(
    "ask",
    [
        lambda r: r.leaf(-1),
        lambda r: r.leaf(SIZE),
        lambda r: list(r.leaves(0, SIZE + 1)),
        lambda r: list(r.leaves(2, 1)),
        lambda r: r.nodes(0, SIZE),
        lambda r: r.nodes(9, 0),
        lambda r: r.nodes(-1, 0),
        lambda r: r.nodes(0, -1),
        lambda r: r.root_at(SIZE + 1),
        lambda r: r.inclusion_proof(SIZE),
        lambda r: r.consistency_proof(0),
    ],
)
def test_what_the_tree_does_not_have_is_the_callers_mistake(
    small: PublishedTree, ask: Callable[[OriginReader], object]
) -> None:
    with pytest.raises(ValueError, match=r"no |outside"):
        ask(small.reader())


# ── altered ──────────────────────────────────────────────────────────────────


def sampled_flips(published: PublishedTree) -> Iterator[tuple[str, int]]:
    for number, path in enumerate(map(str, tiles_of(SIZE))):
        length = (published.folder / path).stat().st_size
        places = {0, 1, length - 1, *range(number % 41, length, 41)}
        yield from ((path, place) for place in sorted(places))


def test_a_flipped_byte_anywhere_is_found_in_its_file(small: PublishedTree) -> None:
    assert read_all(small) == small.leaves
    flips = list(sampled_flips(small))
    assert len(flips) > 300
    for path, place in flips:
        restore = flip(small.folder / path, place, place % 8)
        with pytest.raises((IntegrityError, MalformedError)) as caught:
            read_all(small)
        assert caught.value.place == f"{ORIGIN}/{path}", (path, place)
        restore()
    assert read_all(small) == small.leaves


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/000", "tile/0/255", "tile/0/256", "tile/0/257.p/208"),
        *("tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"),
        *("tile/entries/000", "tile/entries/257.p/208"),
    ],
)
def test_the_file_at_fault_is_named_on_every_level(
    large: PublishedTree, path: str
) -> None:
    file = large.folder / path
    restore = flip(file, file.stat().st_size // 2, 3)
    try:
        with pytest.raises((IntegrityError, MalformedError)) as caught:
            read_all(large)
        assert caught.value.place == f"{ORIGIN}/{path}"
    finally:
        restore()


def test_one_leaf_costs_no_trust_in_the_rest_of_its_tile(small: PublishedTree) -> None:
    flip(small.folder / "tile/0/000", 5 * 32, 0)
    with pytest.raises(RootMismatchError) as caught:
        small.reader().leaf(200)
    assert caught.value.place == f"{ORIGIN}/tile/0/000"


def test_with_two_faults_at_the_edge_one_of_them_is_named(small: PublishedTree) -> None:
    flip(small.folder / "tile/0/001.p/44", 0, 0)
    flip(small.folder / "tile/1/000.p/1", 0, 0)
    with pytest.raises(RootMismatchError) as caught:
        small.reader().leaf(0)
    assert caught.value.place.startswith(f"{ORIGIN}/tile/")


def test_an_edge_fault_is_found_though_what_would_tell_is_absent(
    small: PublishedTree,
) -> None:
    flip(small.folder / "tile/0/001.p/44", 0, 0)
    (small.folder / "tile/entries/001.p/44").unlink()
    with pytest.raises(RootMismatchError) as caught:
        small.reader().leaf(0)
    assert caught.value.place == f"{ORIGIN}/tile/0/001.p/44"


@pytest.mark.parametrize("path", [str(path) for path in tiles_of(SIZE)])
@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: b""]
)
def test_a_torn_or_longer_file_is_malformed(
    small: PublishedTree, path: str, change: Callable[[bytes], bytes]
) -> None:
    file = small.folder / path
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(MalformedError) as caught:
        read_all(small)
    assert caught.value.place == f"{ORIGIN}/{path}"


def test_swapped_tiles_are_found(large: PublishedTree) -> None:
    first, second = large.folder / "tile/0/003", large.folder / "tile/0/004"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    try:
        with pytest.raises(RootMismatchError) as caught:
            large.reader().leaf(3 * 256)
        assert caught.value.place == f"{ORIGIN}/tile/0/003"
    finally:
        first.write_bytes(kept)


# ── absent ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["checkpoint", *(str(path) for path in tiles_of(SIZE))]
)
def test_an_absent_file_is_missing_evidence_not_a_contradiction(
    small: PublishedTree, path: str
) -> None:
    (small.folder / path).unlink()
    with pytest.raises(MissingEvidenceError) as caught:
        read_all(small)
    assert caught.value.place == f"{ORIGIN}/{path}"


def test_a_removed_partial_tile_is_replaced_by_the_full_one(tmp_path: Path) -> None:
    published = publish(tmp_path, [SIZE, 300])
    for path in ("tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"):
        (published.folder / path).unlink()
    reader = at_size(published, SIZE)
    assert list(reader.leaves(0, SIZE)) == published.leaves[:SIZE]
    assert reader.checkpoint.size == SIZE


def test_a_fault_in_the_full_tile_that_replaces_a_partial_one_is_named(
    tmp_path: Path,
) -> None:
    published = publish(tmp_path, [SIZE, 300])
    (published.folder / "tile/0/001.p/44").unlink()
    flip(published.folder / "tile/0/001", 32, 0)
    with pytest.raises(RootMismatchError) as caught:
        at_size(published, SIZE).leaf(0)
    assert caught.value.place == f"{ORIGIN}/tile/0/001"


# ── any tile file, by name ───────────────────────────────────────────────────


def test_old_partial_tiles_are_checked_against_the_tree(tmp_path: Path) -> None:
    published = publish(tmp_path, [10, 290, 300])
    reader, public = published.reader(), PublicFolder(published.root)
    paths = [path for path in public.list(ORIGIN) if path.startswith("tile/")]
    assert {"tile/0/000.p/10", "tile/entries/001.p/44", "tile/1/000.p/2"} < set(paths)
    for path in paths:
        reader.verify_tile(path)
        restore = flip(published.folder / path, 0, 0)
        with pytest.raises((IntegrityError, MalformedError)) as caught:
            published.reader().verify_tile(path)
        assert caught.value.place == f"{ORIGIN}/{path}"
        restore()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("tile/0/001.p/45", MissingEvidenceError),
        ("tile/0/002", MissingEvidenceError),
        ("tile/1/000.p/2", MissingEvidenceError),
        ("tile/0/000.p/9", MissingEvidenceError),
        ("tile/0/0", MalformedError),
        ("notes.txt", MalformedError),
    ],
)
def test_a_file_that_the_tree_does_not_have_is_told(
    small: PublishedTree, path: str, error: type[EvidenceError]
) -> None:
    with pytest.raises(error) as caught:
        small.reader().verify_tile(path)
    assert caught.value.place == f"{ORIGIN}/{path}"


# ── the checkpoint and the folder ────────────────────────────────────────────


def test_a_wrong_checkpoint_names_its_file(small: PublishedTree) -> None:
    file = small.folder / "checkpoint"
    stranger = Ed25519Signer.from_seed(bytes(32))
    head = read_checkpoint(PublicFolder(small.root), small.vkey)
    file.write_bytes(sign_checkpoint(head, stranger))
    with pytest.raises(SignatureError) as caught:
        small.reader()
    assert caught.value.place == f"{ORIGIN}/checkpoint"
    file.write_bytes(b"\xff")
    with pytest.raises(MalformedError) as broken:
        small.reader()
    assert broken.value.place == f"{ORIGIN}/checkpoint"


def test_tiles_of_another_tree_do_not_fit_a_signed_root(small: PublishedTree) -> None:
    head = Checkpoint(ORIGIN, SIZE, b"\7" * 32)
    (small.folder / "checkpoint").write_bytes(sign_checkpoint(head, SIGNER))
    with pytest.raises(RootMismatchError):
        small.reader().leaf(0)


def test_a_folder_lists_its_files_and_reads_its_policy(small: PublishedTree) -> None:
    public = PublicFolder(small.root)
    found = list(public.list(ORIGIN))
    wanted = ["checkpoint", f"checkpoint.{SIZE}", *map(str, tiles_of(SIZE))]
    assert sorted(found) == sorted(wanted)
    assert list(public.list("unknown/p0")) == []
    with pytest.raises(MissingEvidenceError) as caught:
        public.policy()
    assert caught.value.place == "policy"
    (small.root / "policy").write_bytes(b"log x\n")
    assert public.policy() == b"log x\n"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/hostname"])
def test_nothing_above_the_folder_is_read(small: PublishedTree, path: str) -> None:
    with pytest.raises(MalformedError):
        PublicFolder(small.root).read("..", path)


def test_a_file_larger_than_any_can_be_is_refused_and_not_read(
    small: PublishedTree,
) -> None:
    with (small.root / ORIGIN / "checkpoint").open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(MalformedError, match="more than"):
        PublicFolder(small.root).read(ORIGIN, "checkpoint")


def test_a_pipe_is_not_waited_for(small: PublishedTree) -> None:
    os.mkfifo(small.root / ORIGIN / "checkpoint.9")
    with pytest.raises(MalformedError, match="a pipe"):
        PublicFolder(small.root).read(ORIGIN, "checkpoint.9")


def test_a_folder_that_leads_into_itself_is_refused(small: PublishedTree) -> None:
    for name in ("one", "two"):
        (small.root / ORIGIN / name).symlink_to(small.root / ORIGIN)
    with pytest.raises(MalformedError, match="twice"):
        list(PublicFolder(small.root).list(ORIGIN))


def test_a_folder_in_the_place_of_a_file_is_malformed(small: PublishedTree) -> None:
    (small.folder / "checkpoint").unlink()
    (small.folder / "checkpoint").mkdir()
    with pytest.raises(MalformedError, match="folder"):
        small.reader()


def test_a_file_that_cannot_be_read_is_missing_evidence(small: PublishedTree) -> None:
    with pytest.raises(MissingEvidenceError, match="too long"):
        PublicFolder(small.root).read(ORIGIN, "x" * 300)


def test_a_file_in_the_place_of_a_folder_hides_what_is_below(
    small: PublishedTree,
) -> None:
    shutil.rmtree(small.folder / "tile/1")
    (small.folder / "tile/1").write_bytes(b"")
    with pytest.raises(MissingEvidenceError):
        small.reader().leaf(0)


# ── offsets ──────────────────────────────────────────────────────────────────


def seal_leaves(layout: list[tuple[int, int]]) -> list[bytes]:
    return [seal_leaf(first, last).to_bytes() for first, last in layout]


def seal_leaf(first: int, last: int) -> SealLeaf:
    if last > first:
        return gap_leaf(first=first, last=last, registry_size=1, sealed_at_ms=1)
    return SealLeaf(
        verdict=Verdict.MALFORMED,
        offset=first,
        broker_timestamp_ms=1,
        aux=0,
        registry_size=1,
        sealed_at_ms=1,
        record_hash=b"\1" * 32,
        env=b"",
    )


@given(st.lists(st.integers(1, 4), max_size=40))
def test_every_sealed_offset_leads_to_its_leaf(
    tmp_path_factory: pytest.TempPathFactory, spans: list[int]
) -> None:
    layout: list[tuple[int, int]] = []
    for span in spans:
        start = layout[-1][1] + 1 if layout else 0
        layout.append((start, start + span - 1))
    data = seal_leaves(layout)
    folder = tmp_path_factory.mktemp("offsets")
    reader = publish(folder, [len(data)], leaf=data.__getitem__).reader()
    end = layout[-1][1] + 1 if layout else 0
    for offset in range(end):
        index = offset_to_leaf(reader, offset)
        assert index is not None
        assert layout[index][0] <= offset <= layout[index][1]
    assert offset_to_leaf(reader, end) is None
    assert offset_to_leaf(reader, end + 1000) is None
    assert offset_to_leaf(reader, -1) is None


def test_a_leaf_that_is_no_seal_leaf_is_named(tmp_path: Path) -> None:
    published = publish(tmp_path, [3])
    with pytest.raises(MalformedError) as caught:
        offset_to_leaf(published.reader(), 1)
    assert caught.value.place == f"{ORIGIN}/leaf 1"


def test_an_origin_is_known_by_its_verifier_key(small: PublishedTree) -> None:
    other = log_vkey("other.example/p0", SIGNER.public_key)
    with pytest.raises(MissingEvidenceError):
        OriginReader(PublicFolder(small.root), other)
    shutil.copytree(small.folder, small.root / "other.example/p0")
    with pytest.raises(SignatureError):
        OriginReader(PublicFolder(small.root), other)
