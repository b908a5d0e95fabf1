"""RFC 6962 Merkle trees: roots, inclusion and consistency proofs, compact ranges.

A leaf hashes as SHA-256(0x00 ‖ data), a node as SHA-256(0x01 ‖ left ‖ right), the
empty tree as SHA-256 of nothing. A tree of n leaves splits at the largest power of
two below n, so it falls into complete subtrees, one per one-bit of n, largest first:
a tree of 7 into leaves 0-3, 4-5 and 6, which are ``(2, 0)``, ``(1, 2)`` and ``(0, 6)``.

``(level, index)`` names the complete subtree over the leaves
``index * 2**level .. (index + 1) * 2**level``. All proofs here are made from such
subtrees, wherever they come from: :data:`Nodes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.errors import MalformedError, RootMismatchError
from ledger.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    Frontier,
    check_hashes,
    fold_right,
    leaf_hash,
    node_hash,
    parents_of,
    root_of,
)

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "Frontier",
    "Nodes",
    "complete_subtrees",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "nodes_of",
    "root_from_inclusion_proof",
    "root_from_nodes",
    "root_of",
    "verify_consistency",
    "verify_inclusion",
]

Nodes = Callable[[int, int], bytes]
"""``(level, index)`` → hash of the complete subtree of ``2**level`` leaves there."""


def nodes_of(leaf_hashes: Sequence[bytes]) -> Nodes:
    """Return the complete subtrees over leaf hashes that lie in memory."""
    levels = [list(leaf_hashes)]
    while len(levels[-1]) > 1:
        levels.append(parents_of(levels[-1]))
    return lambda level, index: levels[level][index]


def root_from_nodes(nodes: Nodes, size: int) -> bytes:
    """Return the root of the first ``size`` leaves, ``size >= 0``."""
    return _range_root(nodes, 0, size) if size else EMPTY_ROOT


def inclusion_proof(nodes: Nodes, *, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf ``index`` is in the tree of ``size`` leaves.

    Args:
        nodes: complete subtrees of the tree.
        index: zero-based position of the leaf, ``0 <= index < size``.
        size: number of leaves in the tree.

    Returns:
        32-byte hashes, from the leaf's sibling up to the root's child.

    Raises:
        ValueError: ``index`` is outside the tree.

    Source: RFC 9162, section 2.1.3.1.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of size {size}")
    start, end = 0, size
    proof: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_root(nodes, middle, end))
            end = middle
        else:
            proof.append(_range_root(nodes, start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(nodes: Nodes, *, old_size: int, new_size: int) -> list[bytes]:
    """Return the proof that a tree is the beginning of a larger one.

    Args:
        nodes: complete subtrees of the larger tree.
        old_size: size of the smaller tree, ``0 < old_size <= new_size``.
        new_size: size of the larger tree.

    Raises:
        ValueError: the sizes are out of range.

    Source: RFC 9162, section 2.1.4.1.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"no consistency proof from {old_size} to {new_size}")
    start, end = 0, new_size
    proof: list[bytes] = []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            proof.append(_range_root(nodes, middle, end))
            end = middle
        else:
            proof.append(_range_root(nodes, start, middle))
            start = middle
    if start > 0:
        proof.append(_range_root(nodes, start, end))
    return proof[::-1]


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the entry with hash ``leaf`` is entry ``index`` of a tree.

    Args:
        index: zero-based position of the entry, ``0 <= index < size``.
        size: number of entries in the tree.
        leaf: 32-byte leaf hash, from :func:`leaf_hash`.
        proof: 32-byte sibling hashes, from the leaf's sibling up to the root's child.
        root: 32-byte root hash, taken from a verified checkpoint.

    Raises:
        MalformedError: ``index`` is outside the tree, or the proof has a wrong length.
        RootMismatchError: the proof leads to another root.

    Source: RFC 9162, section 2.1.3.2.
    """
    computed = root_from_inclusion_proof(index, size, leaf, proof)
    if computed != root:
        raise RootMismatchError(expected=root, computed=computed)


def root_from_inclusion_proof(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes]
) -> bytes:
    """Return the root that an inclusion proof leads to.

    Raises:
        MalformedError: ``index`` is outside the tree, or the proof has a wrong length.
    """
    if not 0 <= index < size:
        raise MalformedError(f"no leaf {index} in a tree of size {size}")
    check_hashes([leaf, *proof])
    sides = _left_sides(index, size - 1)
    if len(proof) != len(sides):
        raise MalformedError(f"the proof has {len(proof)} hashes, not {len(sides)}")
    computed = leaf
    for left, other in zip(sides, proof, strict=True):
        computed = node_hash(other, computed) if left else node_hash(computed, other)
    return computed


def _left_sides(place: int, last: int) -> list[bool]:
    """Tell for each sibling on the way up whether it stands to the left.

    Args:
        place: index of the node to start from, within its level.
        last: index of the last node of that level.
    """
    sides: list[bool] = []
    while last:
        left = bool(place & 1) or place == last
        sides.append(left)
        # On the right edge a node without a sibling moves up as it is.
        while left and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return sides


def verify_consistency(
    *,
    old_size: int,
    new_size: int,
    old_root: bytes,
    new_root: bytes,
    proof: Sequence[bytes],
) -> None:
    """Check that a tree is the beginning of a larger one.

    Args:
        old_size: size of the smaller tree, ``0 < old_size <= new_size``; anything
            is consistent with the empty tree, so asking about it is refused.
        new_size: size of the larger tree.
        old_root: 32-byte root of the smaller tree.
        new_root: 32-byte root of the larger tree.
        proof: 32-byte hashes as :func:`consistency_proof` makes them.

    Raises:
        MalformedError: the sizes or the proof's length are wrong.
        RootMismatchError: the proof leads to another old or new root.

    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 < old_size <= new_size:
        raise MalformedError(f"cannot check consistency of {old_size} and {new_size}")
    old, new = new_root, new_root
    if old_size != new_size:
        proof = _whole_proof(old_size, old_root, proof)
        old, new = _roots_from_consistency_proof(old_size, new_size, proof)
    elif proof:
        raise MalformedError("trees of one size need no proof")
    if old != old_root:
        raise RootMismatchError(expected=old_root, computed=old, what="old root")
    if new != new_root:
        raise RootMismatchError(expected=new_root, computed=new, what="new root")


def _whole_proof(
    old_size: int, old_root: bytes, proof: Sequence[bytes]
) -> Sequence[bytes]:
    check_hashes([old_root, *proof])
    # An old tree that is one complete subtree is its own first proof element.
    return [old_root, *proof] if old_size.bit_count() == 1 else proof


def _roots_from_consistency_proof(
    old_size: int, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    sides = _left_sides(place, last)
    if len(proof) != len(sides) + 1:
        raise MalformedError("the consistency proof has a wrong length")
    old = new = proof[0]
    for left, other in zip(sides, proof[1:], strict=True):
        if left:
            old, new = node_hash(other, old), node_hash(other, new)
        else:
            new = node_hash(new, other)
    return old, new


def complete_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Return ``(level, index)`` of the subtrees ``start..end`` falls into.

    ``start`` must be a multiple of the smallest power of two that is not below
    ``end - start``, as it is for every node of the tree. Largest first.
    """
    found: list[tuple[int, int]] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def _range_root(nodes: Nodes, start: int, end: int) -> bytes:
    return fold_right([nodes(*place) for place in complete_subtrees(start, end)])


def _split(size: int) -> int:
    """Return the largest power of two below ``size``, ``size >= 2``."""
    return 1 << (size - 1).bit_length() - 1
