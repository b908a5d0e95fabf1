"""The streams of one origin while a batch is judged: the state, and what it changes."""

from __future__ import annotations

from ledger.seal.state import AcceptedEntry, State, StreamChanges, StreamKey
from ledger.verdict import Judgement, StreamHead, Verdict

_CACHED_HEADS = 65_536


class BatchStreams:
    """See :class:`ledger.verdict.Streams`; reads only the streams a batch touches.

    Heads stay cached from batch to batch: this sealer alone moves them, or else it
    loses the compare-and-swap and starts from the state again.
    """

    def __init__(self, state: State, origin: str) -> None:
        self._state = state
        self._origin = origin
        self._heads: dict[StreamKey, StreamHead | None] = {}
        self._moved: dict[StreamKey, StreamHead] = {}
        self._entries: dict[tuple[StreamKey, int], AcceptedEntry] = {}

    def head(self, key_fp: bytes, stream_id: bytes) -> StreamHead | None:
        """See :meth:`ledger.verdict.Streams.head`."""
        key = (key_fp, stream_id)
        if key not in self._heads:
            self._heads[key] = self._state.stream(self._origin, key)
        return self._heads[key]

    def entry(
        self, key_fp: bytes, stream_id: bytes, seq: int
    ) -> tuple[bytes, int] | None:
        """See :meth:`ledger.verdict.Streams.entry`."""
        key = (key_fp, stream_id)
        if new := self._entries.get((key, seq)):
            return new.header_hash, new.leaf
        return self._state.entry(self._origin, key, seq)

    def apply(self, judgement: Judgement, leaf: int) -> None:
        """Take in the judgement that becomes leaf ``leaf``."""
        entry = judgement.entry
        accepted = judgement.verdict == Verdict.ACCEPTED
        if entry is None or not (accepted or judgement.freezes):
            return
        header = entry.header
        key = (header.key_fp, header.stream_id)
        after = judgement.head_after(leaf, self.head(*key))
        if after is not None:
            self._heads[key] = self._moved[key] = after
        if accepted:
            self._entries[key, header.seq] = AcceptedEntry(
                *key, seq=header.seq, header_hash=entry.header_hash, leaf=leaf
            )

    def changes(self) -> StreamChanges:
        """Return what the batch changed so far."""
        return StreamChanges(dict(self._moved), list(self._entries.values()))

    def committed(self) -> None:
        """Begin the next batch: the changes are in the state now."""
        self._moved.clear()
        self._entries.clear()
        if len(self._heads) > _CACHED_HEADS:
            self._heads.clear()
