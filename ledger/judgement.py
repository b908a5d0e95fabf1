"""What a verdict says, and what it does to the streams of its origin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Protocol

from ledger.entry import KIND_CLOSE, SignedEntry


class Verdict(IntEnum):
    """Why a record counts (below 16), does not (16 and more), or is not there (64)."""

    ACCEPTED = 0
    DUPLICATE = 1
    MALFORMED = 16
    BAD_SIGNATURE = 17
    UNKNOWN_KEY = 18
    NOT_AUTHORISED = 19
    KEY_REVOKED = 20
    WRONG_LOG = 21
    SEQ_GAP = 22
    FORK = 23
    BAD_ROOT = 24
    UNKNOWN_SCHEMA = 25
    TOO_LARGE = 27
    STREAM_CLOSED = 28
    GAP = 64

    @property
    def is_quarantine(self) -> bool:
        """Whether a record with this verdict lies in quarantine."""
        return self >= Verdict.MALFORMED


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what it does to the streams.

    Attributes:
        verdict: what the leaf says.
        aux: the leaf's ``aux``.
        entry: the parsed entry; None when it does not parse or is too large.
        freezes: the stream accepts nothing after this.
    """

    verdict: Verdict
    aux: int = 0
    entry: SignedEntry | None = None
    freezes: bool = False

    def head_after(self, leaf: int, before: StreamHead | None) -> StreamHead | None:
        """Return the head of the entry's stream once this is leaf ``leaf``.

        Args:
            leaf: index of the leaf that carries the verdict.
            before: the head as it was; None for a stream not seen before.
        """
        if self.verdict == Verdict.ACCEPTED and self.entry:
            header = self.entry.header
            state = "closed" if header.kind == KIND_CLOSE else "open"
            return StreamHead(header.seq + 1, self.entry.header_hash, leaf, state)
        if self.freezes and before:
            return StreamHead(
                before.next_seq, before.head_hash, before.head_leaf, "frozen"
            )
        return before


@dataclass(frozen=True, slots=True)
class StreamHead:
    """Where a producer's stream stands.

    Attributes:
        next_seq: number the next entry must carry, 1 or more.
        head_hash: 32 bytes, header hash of the last accepted entry.
        head_leaf: leaf index of the last accepted entry.
        state: ``frozen`` after a fork: nothing of it is accepted any more.
    """

    next_seq: int
    head_hash: bytes
    head_leaf: int
    state: Literal["open", "closed", "frozen"]


class Streams(Protocol):
    """The streams of one origin, as its earlier leaves left them."""

    def head(self, key_fp: bytes, stream_id: bytes) -> StreamHead | None:
        """Return a stream's head, or None when nothing of it was accepted."""
        ...

    def entry(
        self, key_fp: bytes, stream_id: bytes, seq: int
    ) -> tuple[bytes, int] | None:
        """Return header hash and leaf index of an accepted entry, or None."""
        ...


class MemoryStreams:
    """The streams of one origin, held in memory: what other states must equal."""

    def __init__(self) -> None:
        self._heads: dict[tuple[bytes, bytes], StreamHead] = {}
        self._entries: dict[tuple[bytes, bytes, int], tuple[bytes, int]] = {}

    def head(self, key_fp: bytes, stream_id: bytes) -> StreamHead | None:
        """See :meth:`Streams.head`."""
        return self._heads.get((key_fp, stream_id))

    def entry(
        self, key_fp: bytes, stream_id: bytes, seq: int
    ) -> tuple[bytes, int] | None:
        """See :meth:`Streams.entry`."""
        return self._entries.get((key_fp, stream_id, seq))

    def apply(self, judgement: Judgement, leaf_index: int) -> None:
        """Take in the judgement that became leaf ``leaf_index``."""
        if judgement.entry is None:
            return
        header = judgement.entry.header
        stream = (header.key_fp, header.stream_id)
        after = judgement.head_after(leaf_index, self._heads.get(stream))
        if after is not None:
            self._heads[stream] = after
        if judgement.verdict == Verdict.ACCEPTED:
            place = (judgement.entry.header_hash, leaf_index)
            self._entries[(*stream, header.seq)] = place
