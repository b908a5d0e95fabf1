"""The sealer's state, made anew from what it published.

Head, frontier, streams and accepted entries follow from the leaves; every record that
is there is judged again on the way. The head must be the newest that was ever signed:
of several candidates (``checkpoint``, ``checkpoint.pending``, what lies in staging) the
largest is taken, because a sealer that starts from less would sign a second history.
The state moves forward in steps, each of them a true state of the origin, so that an
interrupted call is simply repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import (
    ConflictError,
    IntegrityError,
    MissingEvidenceError,
    RootMismatchError,
)
from ledger.leaf import parse_leaf
from ledger.recovery.newest_head import newest_head
from ledger.seal.publish import Publication
from ledger.seal.state import AcceptedEntry, HeadState, StreamChanges
from ledger.seal.steps import no_hook
from ledger.tree import Frontier, leaf_hash
from ledger.verdict import Verdict
from ledger.verification.leaves import LeafAudit
from ledger.verification.places import partition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.config import Config
    from ledger.judgement import Judgement
    from ledger.log import Log
    from ledger.public import OriginReader
    from ledger.seal.state import State, StreamKey
    from ledger.verdict import StreamHead
    from ledger.verification.control import ControlReader

STEP = 20_000
"""Leaves between two moves of the state."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the state of an origin was and is.

    Attributes:
        origin: the origin.
        was: number of leaves it knew before, 0 without a state.
        size: number of leaves it knows now.
        unchecked: number of records that are gone and could not be judged again.
    """

    origin: str
    was: int
    size: int
    unchecked: int


def rebuild_state(
    config: Config,
    *,
    log: Log,
    state: State,
    control: ControlReader,
    origin: str,
    progress: Callable[[int], None] | None = None,
) -> Rebuilt:
    """Bring the state of an origin to the newest head that was signed.

    Args:
        config: the ledger home.
        log: the ledger's log.
        state: the sealer's state; nothing else may use it meanwhile.
        control: the sealed control log, refreshed.
        origin: an open origin.
        progress: called with the number of leaves that were done since the last call.

    Raises:
        ConflictError: the state knows more than what was published.
        IntegrityError: tiles, records, verdicts and state contradict each other.
        MissingEvidenceError: nothing is published, or a tile is absent.
    """
    publication = Publication(
        public=config.public, staging=config.staging, origin=origin, hook=no_hook
    )
    with publication.locked():
        reader = newest_head(config, control, publication)
        old = state.head(origin)
        work = _Work(log, state, control, reader, old, progress or _silent)
        work.verify_not_ahead()
        work.run()
    return Rebuilt(
        origin, old.size if old else 0, reader.checkpoint.size, work.unchecked
    )


def _silent(_leaves: int) -> None:
    """Show no progress."""


class _Work:
    def __init__(
        self,
        log: Log,
        state: State,
        control: ControlReader,
        reader: OriginReader,
        old: HeadState | None,
        progress: Callable[[int], None],
    ) -> None:
        """Take what to read, and the head the state has, if any."""
        self._log = log
        self._state = state
        self._control = control
        self._reader = reader
        self._old = old
        self._progress = progress
        self._known = old.size if old else 0
        self._frontier = Frontier()
        self._heads: dict[StreamKey, StreamHead] = {}
        self._entries: list[AcceptedEntry] = []
        self._data = b""
        self.unchecked = 0

    def verify_not_ahead(self) -> None:
        old, newest = self._old, self._reader.checkpoint
        if old is None:
            return
        if old.size > newest.size:
            raise ConflictError(
                f"{old.origin}: the state knows {old.size} leaves, {newest.size} are "
                "published: nothing is to be made anew",
                hint="mlledger worker publishes what is missing",
            )
        if (root := self._reader.root_at(old.size)) != old.root:
            raise IntegrityError(
                f"{old.origin}: the state has another root at size {old.size} than the "
                "published tree",
                place=f"state of {old.origin}",
                expected=root.hex(),
                actual=old.root.hex(),
                hint="two histories of one size exist: keep both as evidence",
            )

    def run(self) -> None:
        size = self._reader.checkpoint.size
        identity = self._log.identity(self._partition)
        same = self._old and (self._old.size, self._old.topic_id) == (size, identity)
        if same or not size:
            return
        if self._old is None:
            self._state.forget(self._reader.origin)
        audit = self._audit()
        try:
            for number, judgement in enumerate(audit.each(self._leaves(size)), 1):
                self._take(number - 1, judgement, audit)
                if number == size or number % STEP == 0:
                    self._move(number, audit, identity)
        finally:
            audit.close()
        self._verify_done(audit, size)

    @property
    def _partition(self) -> int:
        return partition_of(self._reader.origin)

    def _audit(self) -> LeafAudit:
        return LeafAudit(
            log=self._log,
            origin=self._reader.origin,
            control=self._control.control,
            control_sealed_at_ms=self._control.sealed_at_ms,
            progress=self._progress,
        )

    def _leaves(self, size: int) -> Iterator[bytes]:
        for data in self._reader.leaves(0, size):
            self._data = data
            self._frontier.append(leaf_hash(data))
            yield data

    def _take(self, index: int, judgement: Judgement, audit: LeafAudit) -> None:
        entry = judgement.entry
        accepted = judgement.verdict == Verdict.ACCEPTED
        if entry is None or not (accepted or judgement.freezes):
            return
        header = entry.header
        key = (header.key_fp, header.stream_id)
        head = audit.head(*key)
        if head is not None:
            self._heads[key] = head
        if accepted and index >= self._known:
            self._entries.append(
                AcceptedEntry(
                    *key, seq=header.seq, header_hash=entry.header_hash, leaf=index
                )
            )

    def _move(self, size: int, audit: LeafAudit, identity: bytes) -> None:
        """Move the state to the tree of the first ``size`` leaves."""
        self._verify_held(audit)
        if size < self._known:
            return
        leaf = parse_leaf(self._data)
        head = HeadState(
            origin=self._reader.origin,
            size=size,
            root=self._frontier.root(),
            next_offset=leaf.last_offset + 1,
            topic_id=identity,
            frontier=self._frontier.to_bytes(),
            sealed_at_ms=leaf.sealed_at_ms,
            registry_size=leaf.registry_size,
        )
        if head.root != self._reader.root_at(size):
            raise RootMismatchError(
                expected=self._reader.root_at(size),
                computed=head.root,
                place=f"{self._reader.origin} leaf {size - 1}",
            )
        self._state.swap(self._old, head, StreamChanges(self._heads, self._entries))
        self._old, self._known = head, size
        self._heads, self._entries = {}, []

    def _verify_held(self, audit: LeafAudit) -> None:
        """Refuse to build on leaves or records that contradict the rules."""
        for step in audit.found():
            if step.status == "failed":
                raise IntegrityError(
                    f"{step.name}: {step.detail}",
                    place=step.place or "",
                    expected=step.expected,
                    actual=step.actual,
                    hint="mlledger audit names everything that is wrong",
                )

    def _verify_done(self, audit: LeafAudit, size: int) -> None:
        self.unchecked = audit.records.missed
        if audit.leaves != size:
            raise MissingEvidenceError(
                f"{self._reader.origin}: {audit.leaves} of {size} leaves could be read",
                place=self._reader.origin,
            )
