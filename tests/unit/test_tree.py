"""RFC 6962 trees: published probes, own vectors, and a slow twin."""

from __future__ import annotations

import base64
import json
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors, tree
from ledger.errors import EvidenceError, MalformedError, RootMismatchError

LEAVES = [tree.leaf_hash(i.to_bytes(2, "big")) for i in range(600)]
sizes = st.integers(1, 600)


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    n = len(leaves)
    if n == 0:
        return sha256(b"").digest()
    if n == 1:
        return leaves[0]
    k = 1
    while k * 2 < n:
        k *= 2
    return sha256(b"\x01" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


def slow_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, section 2.1.3.1, word for word."""
    n = len(leaves)
    if n == 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return [*slow_path(m, leaves[:k]), slow_root(leaves[k:])]
    return [*slow_path(m - k, leaves[k:]), slow_root(leaves[:k])]


def slow_subproof(m: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """RFC 9162, section 2.1.4.1, word for word."""
    n = len(leaves)
    if m == n:
        return [] if known else [slow_root(leaves)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*slow_subproof(m, leaves[:k], known), slow_root(leaves[k:])]
    return [*slow_subproof(m - k, leaves[k:], False), slow_root(leaves[:k])]


def decoded(values: list[str] | None) -> list[bytes]:
    return [base64.b64decode(value) for value in values or []]


def probe_verdicts(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    found = sorted(folder.rglob("*.json"))
    return [(path.name, json.loads(path.read_text())) for path in found]


def test_every_published_inclusion_probe_gets_its_verdict(shared_vectors: Path) -> None:
    probes = probe_verdicts(shared_vectors / "merkle" / "inclusion")
    assert len(probes) == 98
    for name, probe in probes:
        assert_inclusion(name, probe, probe["leafIdx"], probe["treeSize"])


def test_every_subtree_inclusion_probe_gets_its_verdict(shared_vectors: Path) -> None:
    probes = probe_verdicts(shared_vectors / "merkle" / "subtreeinclusion")
    assert len(probes) == 204
    checked = 0
    for name, probe in probes:
        start, end = probe["start"], probe["end"]
        width = max(end - start, 0)
        # Which ranges are nodes of a tree is the caller's to know, so skip others.
        if start % (1 << max(width - 1, 0).bit_length()) or start >= end:
            assert probe["wantErr"], name
            continue
        assert_inclusion(name, probe, probe["leafIdx"] - start, width)
        checked += 1
    assert checked > 150


def assert_inclusion(name: str, probe: dict[str, Any], index: int, size: int) -> None:
    with pytest.raises(EvidenceError) if probe["wantErr"] else nullcontext():
        tree.verify_inclusion(
            index=index,
            size=size,
            leaf=base64.b64decode(probe["leafHash"]),
            proof=decoded(probe["proof"]),
            root=base64.b64decode(probe["root"]),
        )
        assert not probe["wantErr"], name


def test_every_published_consistency_probe_gets_its_verdict(
    shared_vectors: Path,
) -> None:
    probes = probe_verdicts(shared_vectors / "merkle" / "consistency")
    assert len(probes) == 98
    for name, probe in probes:
        assert_consistency(name, probe, probe["size1"], probe["size2"])


def test_subtree_consistency_probes_from_leaf_0_get_their_verdict(
    shared_vectors: Path,
) -> None:
    found = probe_verdicts(shared_vectors / "merkle" / "subtreeconsistency")
    probes = [(n, p) for n, p in found if p["start"] == 0 and p["end"] != 0]
    assert len(probes) > 50
    for name, probe in probes:
        assert_consistency(name, probe, probe["end"], probe["size"])


def assert_consistency(name: str, probe: dict[str, Any], old: int, new: int) -> None:
    with pytest.raises(EvidenceError) if probe["wantErr"] else nullcontext():
        tree.verify_consistency(
            old_size=old,
            new_size=new,
            old_root=base64.b64decode(probe["root1"]),
            new_root=base64.b64decode(probe["root2"]),
            proof=decoded(probe["proof"]),
        )
        assert not probe["wantErr"], name


def test_own_vectors_hold(vectors: Path) -> None:
    paths = sorted((vectors / "tree").glob("*.json"))
    assert len(paths) >= 10
    for path in paths:
        check_vector(json.loads(path.read_text(encoding="utf-8")))


def check_vector(vector: dict[str, Any]) -> None:
    raises = vector["raises"]
    expected = pytest.raises(getattr(errors, raises)) if raises else nullcontext()
    with expected:
        if vector["kind"] == "root":
            hashes = [tree.leaf_hash(bytes.fromhex(leaf)) for leaf in vector["leaves"]]
            assert tree.root_of(hashes).hex() == vector["root"]
        else:
            names = {
                "inclusion": "verify_inclusion",
                "consistency": "verify_consistency",
            }
            getattr(tree, names[vector["kind"]])(**arguments(vector["arguments"]))


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    def value(item: Any) -> Any:
        if isinstance(item, list):
            return [bytes.fromhex(one) for one in item]
        return bytes.fromhex(item) if isinstance(item, str) else item

    return {name: value(item) for name, item in given.items()}


def test_the_empty_tree_hashes_as_nothing() -> None:
    assert tree.root_of([]) == tree.EMPTY_ROOT == sha256(b"").digest()
    assert tree.Frontier().root() == tree.EMPTY_ROOT
    assert tree.root_from_nodes(tree.nodes_of([]), 0) == tree.EMPTY_ROOT


@given(size=st.integers(0, 600))
def test_all_ways_to_a_root_agree_with_the_definition(size: int) -> None:
    leaves = LEAVES[:size]
    frontier = tree.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    roots = {
        slow_root(leaves),
        tree.root_of(leaves),
        frontier.root(),
        tree.root_from_nodes(tree.nodes_of(LEAVES), size),
    }
    assert len(roots) == 1


@given(size=sizes, data=st.data())
def test_proofs_are_those_of_the_definition_and_verify(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    leaves, nodes = LEAVES[:size], tree.nodes_of(LEAVES[:size])
    proof = tree.inclusion_proof(nodes, index=index, size=size)
    assert proof == slow_path(index, leaves)
    root = slow_root(leaves)
    tree.verify_inclusion(
        index=index, size=size, leaf=leaves[index], proof=proof, root=root
    )
    proof = tree.consistency_proof(nodes, old_size=old, new_size=size)
    assert proof == slow_subproof(old, leaves, True)
    tree.verify_consistency(
        old_size=old,
        new_size=size,
        old_root=slow_root(leaves[:old]),
        new_root=root,
        proof=proof,
    )


@given(size=st.integers(2, 600), data=st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    nodes = tree.nodes_of(LEAVES[:size])
    proof = tree.inclusion_proof(nodes, index=index, size=size)
    root = tree.root_of(LEAVES[:size])
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
    changed = [*proof[:place], flipped, *proof[place + 1 :]]
    for bad in (changed, proof[1:], proof[:-1], [*proof, root], [root, *proof]):
        with pytest.raises((MalformedError, RootMismatchError)):
            tree.verify_inclusion(
                index=index, size=size, leaf=LEAVES[index], proof=bad, root=root
            )


@given(size=st.integers(2, 600), data=st.data())
def test_a_leaf_does_not_verify_at_another_place(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    proof = tree.inclusion_proof(tree.nodes_of(LEAVES[:size]), index=index, size=size)
    root = tree.root_of(LEAVES[:size])
    with pytest.raises((MalformedError, RootMismatchError)):
        tree.verify_inclusion(
            index=other, size=size, leaf=LEAVES[index], proof=proof, root=root
        )


def test_consistency_with_the_empty_tree_is_refused() -> None:
    with pytest.raises(MalformedError):
        tree.verify_consistency(
            old_size=0,
            new_size=1,
            old_root=tree.EMPTY_ROOT,
            new_root=LEAVES[0],
            proof=[],
        )


def test_a_hash_of_another_length_is_malformed() -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        tree.verify_inclusion(
            index=0, size=2, leaf=b"short", proof=[LEAVES[0]], root=LEAVES[0]
        )


@pytest.mark.parametrize("index", [-1, 3])
def test_no_proof_is_made_for_a_leaf_outside(index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion_proof(tree.nodes_of(LEAVES[:3]), index=index, size=3)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_no_consistency_proof_is_made_for_sizes_out_of_order(
    old: int, new: int
) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        tree.consistency_proof(tree.nodes_of(LEAVES[:3]), old_size=old, new_size=new)


@given(size=st.integers(0, 600))
def test_a_frontier_survives_storage_and_grows_alike(size: int) -> None:
    frontier = tree.Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    stored = tree.Frontier.from_bytes(size, frontier.to_bytes())
    assert stored.hashes == frontier.hashes
    copied = stored.copy()
    copied.append(LEAVES[0])
    assert stored.size == size
    assert copied.root() == tree.root_of([*LEAVES[:size], LEAVES[0]])


@pytest.mark.parametrize("data", [b"", b"\0" * 31, b"\0" * 63, b"\0" * 96])
def test_a_frontier_of_a_wrong_length_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        tree.Frontier.from_bytes(3, data)
