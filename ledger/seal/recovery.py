"""Recovery: on start a sealer distrusts itself, and stops rather than sign on sand.

State, public folder and log are compared before the first batch. What a kill or power
cut left behind is finished; what contradicts itself raises, with the place of the
contradiction and what to do about it:

===========================================  =======================================
found                                        done
===========================================  =======================================
public behind the state                      staged files copied, note signed again
public ahead of the state                    stop: the state was rolled back
a witness ahead of the state                 stop: the state was rolled back
a witness holds another history              stop: evidence of a fork
same size, other root                        stop: evidence of a fork
right-edge tiles do not give the root        stop: a tile was altered
last leaf's record differs from the log      stop: the log was altered
log shorter than what is sealed              stop: the range that is lost is named
log begins later than a trimming allows      stop: the range that is gone is named
origin closed by the control log             stop: it goes on in another epoch
topic made anew                              stop: another log under the same name
===========================================  =======================================
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint
from ledger.errors import (
    ConflictError,
    IntegrityError,
    MissingEvidenceError,
    RootMismatchError,
)
from ledger.leaf import SealLeaf, parse_leaf
from ledger.public import PENDING, OriginReader, read_checkpoint
from ledger.tree import Frontier
from ledger.verdict import Verdict

if TYPE_CHECKING:
    from ledger.control import Control
    from ledger.seal.origin import SealedOrigin
    from ledger.seal.state import HeadState

_RESTORE_STATE = (
    "the sealer's state is older than what it published: restore the newest state, or "
    "mlledger seal rebuild-state; sealing on would sign a second history"
)
_FORK = "two histories of one size exist: keep both as evidence, seal no further"
_RESTORE_LOG = (
    "restore these records from a replica, an archive or a producer's journal; or go "
    "on without them: mlledger log restore"
)


def recover(parts: SealedOrigin) -> HeadState | None:
    """Bring public up to the state, or stop; returns the head to go on from.

    Raises:
        IntegrityError: state, public folder and log contradict each other.
        MissingEvidenceError: tiles or records that are needed are absent.
    """
    head = parts.state.head(parts.origin)
    published = _published(parts)
    verify_not_rolled_back(parts, head, published)
    if head is None:
        parts.publication.drop_other_staging(size=0, root=b"")
        return None
    verify_log_identity(parts, head)
    staged = parts.publication.is_staged(size=head.size, root=head.root)
    if staged:
        parts.copy(head)
    verify_edge(parts, head, published)
    behind = staged or published is None or published.size < head.size
    if behind or parts.publisher.is_due():
        parts.publish_again(head)
    verify_log_reaches(parts, head.next_offset)
    verify_last_record(parts, head)
    parts.publication.drop_other_staging(size=head.size, root=head.root)
    return head


def verify_not_rolled_back(
    parts: SealedOrigin, head: HeadState | None, published: Checkpoint | None
) -> None:
    """Check that the state is at least as new as what was published.

    Raises:
        IntegrityError: it is older, or it holds another root of the same size.
    """
    size = head.size if head else 0
    notes = [note for note in (published, _published(parts, PENDING)) if note]
    ahead = max([parts.publication.largest_kept(), *(note.size for note in notes)])
    place = f"{parts.origin}/checkpoint"
    if ahead > size:
        raise IntegrityError(
            f"{parts.origin}: published up to {ahead}, but the state says {size}",
            place=place,
            expected=f"size {size} or less",
            actual=f"size {ahead}",
            hint=_RESTORE_STATE,
        )
    other = next((n for n in notes if n.size == size and head and n != _of(head)), None)
    if head and other:
        raise IntegrityError(
            f"{parts.origin}: size {size} has one root in the state and another one in "
            "the published checkpoint",
            place=place,
            expected=head.root.hex(),
            actual=other.root.hex(),
            hint=_FORK,
        )


def verify_log_identity(parts: SealedOrigin, head: HeadState) -> None:
    """Check that the log is the one that was sealed, not one of the same name.

    Raises:
        IntegrityError: its identity differs.
    """
    identity = parts.log.identity(parts.partition)
    if identity != head.topic_id:
        raise IntegrityError(
            f"{parts.origin}: the log was made anew; {head.next_offset} offsets of the "
            "former one are sealed",
            place=f"log {parts.origin}",
            expected=head.topic_id.hex(),
            actual=identity.hex(),
            hint="point mlledger.toml at the sealed log, or: mlledger log restore",
        )


def verify_edge(
    parts: SealedOrigin, head: HeadState, published: Checkpoint | None = None
) -> None:
    """Hash the right edge of the published tiles; they must give the state's root.

    Raises:
        RootMismatchError: they, or the state's frontier, give another one.
        MissingEvidenceError: a tile is absent.
    """
    frontier = Frontier.from_bytes(head.size, head.frontier).root()
    if frontier != head.root:
        raise RootMismatchError(
            expected=head.root, computed=frontier, place=f"state of {parts.origin}"
        )
    reader = _reader(parts, head)
    reader.leaf(head.size - 1)
    if published:
        computed = reader.root_at(published.size)
        if computed != published.root:
            raise RootMismatchError(
                expected=published.root,
                computed=computed,
                place=f"{parts.origin}/checkpoint",
                what=f"root at size {published.size}",
            )


def verify_open(control: Control, origin: str) -> None:
    """Check that an origin was not closed: its tree must never grow again.

    Raises:
        ConflictError: it was; the partition goes on in another epoch.
    """
    state = control.logs.get(origin)
    if state is not None and state.closed_at is not None:
        raise ConflictError(
            f"{origin}: closed at control leaf {state.closed_at}",
            hint="its partition goes on in another epoch: take [log.epochs] of "
            "mlledger.toml from where the log was restored, and start again",
        )


def verify_log_reaches(parts: SealedOrigin, next_offset: int) -> int:
    """Check that the log still reaches up to what is sealed, and begins no later.

    Args:
        parts: the origin.
        next_offset: offset of the first record that is not sealed yet.

    Returns:
        The first offset the log still holds.

    Raises:
        IntegrityError: it is shorter, or it now begins after the next offset.
    """
    start, end = parts.log.bounds(parts.partition)
    if end < next_offset:
        lost = (end, next_offset)
    elif start > next_offset:
        lost = (next_offset, start)
    else:
        return start
    raise IntegrityError(
        f"{parts.origin}: offsets {lost[0]} to {lost[1] - 1} are lost from the log",
        place=f"log {parts.origin} offset {lost[0]}",
        expected=f"offset {next_offset} within or next to the log",
        actual=f"offsets [{start}, {end})",
        hint=_RESTORE_LOG,
    )


def verify_last_record(parts: SealedOrigin, head: HeadState) -> None:
    """Compare the record of the last leaf that has one with the log.

    Raises:
        IntegrityError: the log holds another record at that offset.
        MissingEvidenceError: it holds none.
    """
    leaf = _last_with_record(parts, head)
    if leaf is None:
        return
    place = f"log {parts.origin} offset {leaf.offset}"
    record = next(
        parts.log.read(parts.partition, leaf.offset, max_records=1),
        None,
    )
    if record is None or record.offset != leaf.offset:
        raise MissingEvidenceError(
            f"{place}: the last sealed record is not there",
            place=place,
            expected=leaf.record_hash.hex(),
            hint=_RESTORE_LOG,
        )
    found = sha256(record.value or b"").digest()
    if found != leaf.record_hash:
        raise IntegrityError(
            f"{place}: the last sealed record is another one now",
            place=place,
            expected=leaf.record_hash.hex(),
            actual=found.hex(),
            hint=_RESTORE_LOG,
        )


def _last_with_record(parts: SealedOrigin, head: HeadState) -> SealLeaf | None:
    reader = _reader(parts, head)
    for index in range(head.size - 1, -1, -1):
        leaf = parse_leaf(reader.leaf(index))
        if leaf.verdict != Verdict.GAP:
            return leaf
    return None


def _of(head: HeadState) -> Checkpoint:
    return Checkpoint(origin=head.origin, size=head.size, root=head.root)


def _published(parts: SealedOrigin, name: str = "checkpoint") -> Checkpoint | None:
    try:
        return read_checkpoint(parts.public, parts.vkeys, name=name)
    except MissingEvidenceError:
        return None


def _reader(parts: SealedOrigin, head: HeadState) -> OriginReader:
    return OriginReader(parts.public, parts.vkeys, checkpoint=parts.checkpoint_of(head))
