"""Range proofs: any set of leaves of one tree, with the hashes that complete it.

Walk the tree from its root. Where no leaf of the set is, the proof gives the hash;
where one is, it is computed. The hashes stand in the order of the walk, left before
right, so a set and a tree have one proof, and what neighbours share stands in it once.
The inclusion path of RFC 6962 of each leaf falls out of the same walk.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from ledger.errors import MalformedError, RootMismatchError
from ledger.merkle import HASH_SIZE, fold_right, node_hash
from ledger.tree import Nodes, complete_subtrees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def range_proof(nodes: Nodes, *, indexes: Sequence[int], size: int) -> list[bytes]:
    """Return the hashes that complete some leaves to the root.

    Args:
        nodes: complete subtrees of the tree.
        indexes: of the leaves, ascending, one at least, each below ``size``.
        size: number of leaves in the tree.

    Raises:
        ValueError: the indexes are none, not ascending, or outside the tree.
    """
    _check(indexes, size)
    proof: list[bytes] = []

    def walk(start: int, end: int) -> None:
        if not _any_in(indexes, start, end):
            found = [nodes(*place) for place in complete_subtrees(start, end)]
            proof.append(fold_right(found))
        elif end - start > 1:
            middle = start + split(end - start)
            walk(start, middle)
            walk(middle, end)

    walk(0, size)
    return proof


class RangeWalk:
    """The nodes of a tree that some leaves and their range proof give.

    Args:
        leaves: leaf hashes by index, ascending, one at least.
        size: number of leaves in the tree.
        proof: 32-byte hashes as :func:`range_proof` orders them.
        exact: refuse hashes that are left over; False to go on after them.

    Raises:
        MalformedError: a leaf outside the tree, hashes that are lacking or left over.

    Attributes:
        root: root hash they lead to.
        taken: number of hashes of the proof that were used.
    """

    def __init__(
        self,
        leaves: Mapping[int, bytes],
        *,
        size: int,
        proof: Sequence[bytes],
        exact: bool = True,
    ) -> None:
        self._leaves = leaves
        self._indexes = list(leaves)
        self._size = size
        self._proof = proof
        self._target = -1
        self._path: list[bytes] = []
        self.taken = 0
        try:
            _check(self._indexes, size)
        except ValueError as error:
            raise MalformedError(str(error)) from error
        self.root = self._walk(0, size)
        if exact and self.taken != len(proof):
            raise MalformedError(f"{len(proof) - self.taken} hashes too many")

    def verify(self, root: bytes, *, what: str = "root") -> None:
        """Check that the walk leads to a root.

        Raises:
            RootMismatchError: it leads to another one.
        """
        if self.root != root:
            raise RootMismatchError(expected=root, computed=self.root, what=what)

    def path(self, index: int) -> list[bytes]:
        """Return the RFC 6962 inclusion path of one of the leaves."""
        self._target, self._path, self.taken = index, [], 0
        self._walk(0, self._size)
        return self._path

    def _walk(self, start: int, end: int) -> bytes:
        if not _any_in(self._indexes, start, end):
            return self._next()
        if end - start == 1:
            return self._leaves[start]
        middle = start + split(end - start)
        left, right = self._walk(start, middle), self._walk(middle, end)
        if start <= self._target < end:
            self._path.append(right if self._target < middle else left)
        return node_hash(left, right)

    def _next(self) -> bytes:
        if self.taken == len(self._proof):
            raise MalformedError("a hash is lacking")
        self.taken += 1
        return self._proof[self.taken - 1]


def split(size: int) -> int:
    """Return the largest power of two below ``size``, ``size >= 2``."""
    return 1 << (size - 1).bit_length() - 1


def parse_hashes(data: bytes) -> list[bytes]:
    """Cut bytes into hashes.

    Raises:
        MalformedError: they are no whole number of hashes.
    """
    if len(data) % HASH_SIZE:
        raise MalformedError(f"{len(data)} bytes are no whole number of hashes")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def _any_in(indexes: Sequence[int], start: int, end: int) -> bool:
    found = bisect_left(indexes, start)
    return found < len(indexes) and indexes[found] < end


def _check(indexes: Sequence[int], size: int) -> None:
    if not indexes or indexes[0] < 0 or indexes[-1] >= size:
        raise ValueError(f"no such leaves in a tree of size {size}")
    if any(low >= high for low, high in pairwise(indexes)):
        raise ValueError("leaves out of order")
