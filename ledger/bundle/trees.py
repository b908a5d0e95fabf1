"""Events under their entries' roots, and leaves under their checkpoints' roots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from ledger.bundle.clocks import verify_control_clocks
from ledger.bundle.contents import CONTROL, MANIFEST, Contents, LogPart
from ledger.bundle.enclosed import At, Enclosed
from ledger.bundle.range_proof import RangeWalk, parse_hashes
from ledger.bundle.tlog_proof import parse_proof
from ledger.entry import event_leaf, verify_events_root
from ledger.errors import (
    EvidenceError,
    IntegrityError,
    MalformedError,
    MissingEvidenceError,
)
from ledger.tree import leaf_hash
from ledger.verdict import Verdict
from ledger.verification.control import verify_record
from ledger.verification.places import at

if TYPE_CHECKING:
    from ledger.checkpoint import Checkpoint
    from ledger.leaf import SealLeaf
    from ledger.verification.findings import Findings


def verify_events(enclosed: Enclosed, found: Findings) -> str:
    """Check that events and records are those their seal leaves commit to."""
    for log, part in enclosed.contents.logs.items():
        with found.collected():
            _verify_shown(enclosed, log, part)
        for number, value in part.records.items():
            with found.collected():
                _verify_recorded(enclosed, At(log, number), value)
    records = sum(len(part.records) for part in enclosed.contents.logs.values())
    whole = f", {records} records as sealed" if records else ""
    return f"{len(enclosed.facts)} events under their signed roots{whole}"


def _verify_shown(enclosed: Enclosed, log: str, part: LogPart) -> None:
    with at(f"{log}/events.proof"):
        hashes = parse_hashes(part.events_proof)
    for number, events in groupby(part.events, key=lambda event: event.leaf):
        place = At(log, number)
        header = enclosed.headers[place]
        leaves = {
            event.index: leaf_hash(
                event_leaf(
                    stream_id=header.stream_id,
                    seq=header.seq,
                    index=event.index,
                    schema_id=event.schema_id,
                    salt=event.salt,
                    body=event.body,
                )
            )
            for event in events
        }
        with at(str(place)):
            walk = RangeWalk(leaves, size=header.n_events, proof=hashes, exact=False)
            walk.verify(header.events_root, what="events_root")
        hashes = hashes[walk.taken :]
    if hashes:
        place = f"{log}/events.proof"
        raise MalformedError(f"{place}: {len(hashes)} hashes too many", place=place)


def _verify_recorded(enclosed: Enclosed, place: At, value: bytes) -> None:
    verify_record(enclosed.leaves[place], value, str(place))
    if entry := enclosed.entries.get(place):
        with at(str(place)):
            verify_events_root(entry)


def verify_leaves(enclosed: Enclosed, found: Findings) -> str:
    """Check what the leaves say, and that ranges are whole."""
    for place, fact in enclosed.facts.items():
        if fact.leaf.verdict != Verdict.ACCEPTED:
            found.add(IntegrityError(f"{place}: not accepted", place=str(place)))
    for log, part in enclosed.contents.logs.items():
        leaves = [
            (At(log, number), enclosed.leaves[At(log, number)])
            for number in part.leaves
        ]
        for before, after in pairwise(leaves):
            with found.collected():
                _verify_order(before, after)
    verify_control_clocks(enclosed, found)
    for each in enclosed.contents.ranges:
        for error in _holes(enclosed, each.log, each.first, each.last):
            found.add(error)
    accepted = len(enclosed.headers)
    return f"{len(enclosed.leaves)} seal leaves, {accepted} of them ACCEPTED"


def _verify_order(before: tuple[At, SealLeaf], after: tuple[At, SealLeaf]) -> None:
    (earlier, first), (place, second) = before, after
    close = place.leaf == earlier.leaf + 1
    is_dense = second.offset == first.last_offset + 1
    if not (is_dense if close else second.offset > first.last_offset):
        raise IntegrityError(
            f"{place}: its offset does not follow that of {earlier}",
            place=str(place),
            expected=f"offset {first.last_offset + 1}" + ("" if close else " or more"),
            actual=f"offset {second.offset}",
        )
    for what in ("sealed_at_ms", "registry_size"):
        low, high = getattr(first, what), getattr(second, what)
        if high < low:
            raise IntegrityError(
                f"{place}: {what} goes back",
                place=str(place),
                expected=f"{low} or more",
                actual=str(high),
            )


def _holes(
    enclosed: Enclosed, log: str, first: int, last: int
) -> Iterator[EvidenceError]:
    part = enclosed.contents.logs.get(log)
    if part is None:
        yield MissingEvidenceError(f"{log}: nothing of it is enclosed", place=log)
        return
    if last - first >= len(part.leaves):
        yield IntegrityError(
            f"{log}: the bundle is to hold the leaves {first}–{last}, and does not",
            place=log,
            expected=f"{last - first + 1} leaves",
            actual=str(len(part.leaves)),
        )
        return
    for number in range(first, last + 1):
        leaf = enclosed.leaves.get(At(log, number))
        recorded = number in part.records
        if leaf is None or recorded == (leaf.verdict == Verdict.GAP):
            yield IntegrityError(
                f"{log} leaf {number}: not enclosed, so the range is not complete",
                place=f"{log} leaf {number}",
            )


def verify_inclusion(log: str, part: LogPart, checkpoint: Checkpoint) -> RangeWalk:
    """Check that the leaves of a log are in the tree of its checkpoint.

    Returns:
        the walk, from which inclusion paths follow.
    """
    with at(f"{log}/leaves.proof"):
        walk = RangeWalk(
            {number: leaf_hash(data) for number, data in part.leaves.items()},
            size=checkpoint.size,
            proof=parse_hashes(part.proof),
        )
        walk.verify(checkpoint.root)
    return walk


def verify_tlog_proofs(
    contents: Contents, checkpoints: Mapping[str, Checkpoint], found: Findings
) -> None:
    """Check the tlog-proofs of the subject's and the manifest's leaf, where enclosed.

    Args:
        contents: the bundle's.
        checkpoints: those that parse, by log.
        found: takes a proof that is not of that leaf.
    """
    wanted = {
        "partition.tlog-proof": (contents.partition_proof, contents.subject),
        "manifest.tlog-proof": (contents.manifest_proof, contents.manifest),
    }
    for name, (data, place) in wanted.items():
        if place is not None and data:
            with found.collected(), at(name):
                _verify_tlog_proof(contents, data, At(*place[:2]), checkpoints)


def _verify_tlog_proof(
    contents: Contents, data: bytes, place: At, checkpoints: Mapping[str, Checkpoint]
) -> None:
    from ledger import tree

    log, number = place
    proof = parse_proof(data)
    part, checkpoint = contents.logs.get(log), checkpoints.get(log)
    if part is None or checkpoint is None:
        raise MissingEvidenceError(f"{place}: no checkpoint to compare with")
    if proof.index != number or proof.checkpoint != part.checkpoint:
        raise IntegrityError(
            "the tlog-proof is of another leaf or checkpoint",
            expected=f"index {number}",
            actual=f"index {proof.index}",
        )
    if number not in part.leaves:
        raise MalformedError(f"{place}: not enclosed")
    tree.verify_inclusion(
        index=number,
        size=checkpoint.size,
        leaf=leaf_hash(part.leaves[number]),
        proof=proof.path,
        root=checkpoint.root,
    )


def role_of_log(log: str) -> str:
    """Return ``control``, ``manifest`` or ``events``."""
    first = log.partition("/")[0]
    return first if first in {CONTROL, MANIFEST} else "events"
