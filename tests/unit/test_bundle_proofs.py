"""Range proofs and tlog-proofs: one proof for a set and a tree, and no other."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import tree
from ledger.bundle.range_proof import RangeWalk, parse_hashes, range_proof
from ledger.bundle.tlog_proof import TlogProof, parse_proof
from ledger.errors import MalformedError, RootMismatchError


def hashes_of(size: int) -> list[bytes]:
    return [sha256(b"%d" % number).digest() for number in range(size)]


@st.composite
def sets(draw: st.DrawFn) -> tuple[int, list[int]]:
    size = draw(st.integers(1, 70))
    chosen = draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=size))
    return size, sorted(chosen)


@given(sets())
def test_any_set_of_leaves_is_proved_with_the_fewest_hashes(
    case: tuple[int, list[int]],
) -> None:
    size, indexes = case
    hashes = hashes_of(size)
    nodes, root = tree.nodes_of(hashes), tree.root_of(hashes)
    proof = range_proof(nodes, indexes=indexes, size=size)
    leaves = {index: hashes[index] for index in indexes}
    walk = RangeWalk(leaves, size=size, proof=proof)
    walk.verify(root)
    for index in indexes:
        path = walk.path(index)
        assert path == tree.inclusion_proof(nodes, index=index, size=size)
    if len(indexes) == 1:
        assert sorted(proof) == sorted(walk.path(indexes[0]))
    if len(indexes) == size:
        assert proof == []


@given(sets(), st.data())
def test_a_changed_hash_leaf_or_size_is_refused(
    case: tuple[int, list[int]], data: st.DataObject
) -> None:
    size, indexes = case
    hashes = hashes_of(size)
    root = tree.root_of(hashes)
    proof = range_proof(tree.nodes_of(hashes), indexes=indexes, size=size)
    leaves = {index: hashes[index] for index in indexes}

    def refused(leaves: dict[int, bytes], size: int, proof: list[bytes]) -> None:
        with pytest.raises((MalformedError, RootMismatchError)):
            RangeWalk(leaves, size=size, proof=proof).verify(root)

    which = data.draw(st.sampled_from(indexes))
    refused(leaves | {which: bytes(32)}, size, proof)
    refused(leaves, size, [*proof, bytes(32)])
    refused({**leaves, size: bytes(32)}, size, proof)
    if proof:
        number = data.draw(st.integers(0, len(proof) - 1))
        refused(leaves, size, [*proof[:number], bytes(32), *proof[number + 1 :]])
        refused(leaves, size, proof[:-1])
        if len(proof) > 1:
            refused(leaves, size, proof[::-1] if proof != proof[::-1] else proof[1:])
    less = {index: leaf for index, leaf in leaves.items() if index != which}
    if less:
        refused(less, size, proof)


def test_a_huge_tree_costs_only_its_depth() -> None:
    size, leaf = (1 << 63) - 1, bytes(32)
    walk = RangeWalk({5: leaf}, size=size, proof=[bytes(32)] * 63)
    assert walk.taken == 63


@pytest.mark.parametrize("leaves", [{}, {3: bytes(32)}, {-1: bytes(32)}])
def test_leaves_outside_the_tree_are_refused(leaves: dict[int, bytes]) -> None:
    with pytest.raises(MalformedError):
        RangeWalk(leaves, size=3, proof=[])
    with pytest.raises(ValueError, match="no such leaves"):
        range_proof(tree.nodes_of(hashes_of(3)), indexes=list(leaves), size=3)


def test_leaves_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        range_proof(tree.nodes_of(hashes_of(3)), indexes=[1, 0], size=3)


def test_half_a_hash_is_refused() -> None:
    with pytest.raises(MalformedError):
        parse_hashes(bytes(33))


@given(
    st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=9)
)
def test_a_tlog_proof_is_read_back(index: int, path: list[bytes]) -> None:
    proof = TlogProof(index, tuple(path), b"o\n1\nr\n\n\xe2\x80\x94 s\n")
    assert parse_proof(proof.to_bytes()) == proof


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v2\nindex 1\n\nx",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nx",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 1\n!\n\nx",
        "c2sp.org/tlog-proof@v1\n\nindex 1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + "A" * 43 + "=\n" * 64 + "\nx",
        "c2sp.org/tlog-proof@v1\nindex ٧\n\nx",
    ],
)
def test_a_tlog_proof_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_proof(text.encode())
