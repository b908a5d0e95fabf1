"""The sealer's own memory: how far each origin is sealed, and where its streams stand.

One port, :class:`State`, and two adapters, :mod:`ledger.seal.state_sqlite` and
:mod:`ledger.seal.state_postgres`. The head of an origin moves by compare-and-swap
alone, in one transaction with the stream tables: of two sealers one loses.

Nothing in here is evidence. It can be lost and restored from backup, and a sealer that
finds it older than what was published stops (:mod:`ledger.seal.recovery`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ledger.errors import ConflictError
from ledger.verdict import StreamHead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

StreamKey = tuple[bytes, bytes]
"""A stream within an origin: (key_fp 32 bytes, stream_id 16 bytes)."""


@dataclass(frozen=True, slots=True)
class HeadState:
    """How far one origin is sealed.

    Attributes:
        origin: such as ``acme/p0``.
        size: number of leaves, 1 or more.
        root: 32 bytes, root of the tree of that size.
        next_offset: offset of the first record not sealed yet.
        topic_id: 16 bytes, identity of the partition's topic or file.
        frontier: right-most complete subtrees, largest first, 32 bytes each.
        sealed_at_ms: clock of the last batch; never goes back.
        registry_size: size of the control log the last leaf pins.
    """

    origin: str
    size: int
    root: bytes
    next_offset: int
    topic_id: bytes
    frontier: bytes
    sealed_at_ms: int
    registry_size: int


@dataclass(frozen=True, slots=True)
class AcceptedEntry:
    """An accepted entry of a stream.

    Attributes:
        key_fp: 32 bytes, fingerprint of the producer's key.
        stream_id: 16 bytes.
        seq: position within the stream, 0 and up.
        header_hash: 32 bytes, identity of the entry.
        leaf: its index in the origin's tree.
    """

    key_fp: bytes
    stream_id: bytes
    seq: int
    header_hash: bytes
    leaf: int


@dataclass(frozen=True, slots=True)
class StreamChanges:
    """What one batch changes in the stream tables.

    Attributes:
        heads: the new head of each stream the batch moved or froze.
        entries: the entries it accepted.
    """

    heads: Mapping[StreamKey, StreamHead] = field(
        default_factory=dict[StreamKey, StreamHead]
    )
    entries: Sequence[AcceptedEntry] = ()


class State(Protocol):
    """The port. One caller at a time; processes may share what is behind it.

    Every method raises :class:`~ledger.errors.DatabaseUnavailableError` when the
    database is away; after that a swap may or may not have happened.
    """

    def head(self, origin: str) -> HeadState | None:
        """Return how far an origin is sealed, or None before its first batch."""
        ...

    def latest_sealed_ms(self, ledger: str) -> int:
        """Return the largest ``sealed_at_ms`` of a ledger's origins, 0 without any.

        Args:
            ledger: its name, the first part of each of its origins.
        """
        ...

    def stream(self, origin: str, key: StreamKey) -> StreamHead | None:
        """Return the head of a stream, or None when no entry of it was accepted."""
        ...

    def entry(self, origin: str, key: StreamKey, seq: int) -> tuple[bytes, int] | None:
        """Return header hash and leaf of the accepted entry at ``seq``, or None."""
        ...

    def swap(
        self, old: HeadState | None, new: HeadState, changes: StreamChanges
    ) -> None:
        """Move an origin's head from ``old`` to ``new``, with its streams, durably.

        Args:
            old: the head as it was read; None for an origin without one.
            new: the head after the batch; its size exceeds the old one.
            changes: rows of the stream tables, written in the same transaction.

        Raises:
            ConflictError: the head is not ``old`` any more; nothing was written.
        """
        ...

    def forget(self, origin: str) -> None:
        """Delete the streams of an origin that has no head, before they are made anew.

        Raises:
            ConflictError: it has a head; nothing was deleted.
        """
        ...

    def close(self) -> None:
        """Let the database go; harmless when repeated."""
        ...


def has_head(origin: str) -> ConflictError:
    """Return the error of who would forget streams that are in use."""
    return ConflictError(
        f"{origin}: its state has a head",
        hint="a sealer is at work, or another rebuild: stop it, then start again",
    )


def swap_lost(origin: str) -> ConflictError:
    """Return the error of the sealer that lost the compare-and-swap."""
    return ConflictError(
        f"{origin}: its head moved while this sealer worked",
        hint="two sealers serve one origin, or the state was restored: stop one of "
        "them, then start again",
    )
