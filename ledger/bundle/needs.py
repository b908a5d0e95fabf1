"""What the kind of a bundle needs, and what nothing in it asks for.

Source: ``docs/format.md``, "Bundle layout" and step 1 of "Bundle verification".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from ledger.bundle.contents import CONTROL, MANIFEST
from ledger.bundle.layout import (
    ANSWER,
    MANIFEST_PROOF,
    PARTITION_PROOF,
    REPORT,
    token_name,
)
from ledger.errors import EvidenceError, MalformedError, MissingEvidenceError
from ledger.ledger_types import ledger_types

if TYPE_CHECKING:
    from ledger.bundle.contents import Contents, Range
    from ledger.bundle.enclosed import Enclosed
    from ledger.verification.findings import Findings


def verify_needs(
    enclosed: Enclosed, found: Findings, *, partial: Collection[str] = ()
) -> None:
    """Check that what the kind needs is there, and nothing that no kind asks for.

    Args:
        enclosed: the bundle.
        found: takes what is absent or too much.
        partial: logs that are known to lack a file.
    """
    contents = enclosed.contents
    for error in _files(contents):
        found.add(error)
    lacking = [log for log in _needed_logs(contents) if log not in contents.logs]
    for log in lacking:
        if log not in partial:
            found.add(_absent(log))
    for error in _too_much(contents):
        found.add(error)
    if not (partial or lacking):  # else what uses them may be absent
        for error in _unused_schemas(enclosed):
            found.add(error)


def _files(contents: Contents) -> Iterator[EvidenceError]:
    kind, subject, cut = contents.kind, contents.subject, contents.manifest
    asked = {
        REPORT: (kind == "report", contents.report is not None),
        ANSWER: (kind == "answer", bool(contents.answer)),
        PARTITION_PROOF: (subject is not None, bool(contents.partition_proof)),
        MANIFEST_PROOF: (cut is not None, bool(contents.manifest_proof)),
    }
    for name, (is_needed, is_there) in asked.items():
        if is_needed and not is_there:
            yield _absent(name)
        if is_there and not is_needed:
            yield _unasked(name)
    if contents.token and cut is None:
        yield _unasked(token_name(contents))


def _needed_logs(contents: Contents) -> list[str]:
    places = [place for place in (contents.subject, contents.manifest) if place]
    named = {place.log for place in places} | {each.log for each in contents.ranges}
    return sorted({CONTROL} | named)


def _too_much(contents: Contents) -> Iterator[EvidenceError]:
    cut = contents.manifest.log if contents.manifest else None
    ranges = {each.log: each for each in contents.ranges}
    needed = _needed_logs(contents)
    for log, part in contents.logs.items():
        if log.partition("/")[0] == MANIFEST and log not in needed:
            yield _unasked(log)
        if part.consistency and cut in (None, log):
            yield _unasked(f"{log}/consistency.proof")
        if (leaf := _unasked_record(ranges, log, part.records)) is not None:
            yield _unasked(f"{log}/records.bin", f"leaf {leaf}: ")


def _unasked_record(
    ranges: Mapping[str, Range], log: str, records: Collection[int]
) -> int | None:
    whole = ranges.get(log)
    for leaf in records:
        if whole is None or not whole.first <= leaf <= whole.last:
            return leaf
    return None


def _unused_schemas(enclosed: Enclosed) -> Iterator[EvidenceError]:
    used = {fact.schema_id for fact in enclosed.facts.values()} - ledger_types().keys()
    for schema_id in enclosed.contents.schemas.keys() - used:
        yield _unasked(f"schema/{schema_id.hex()}.json")


def _absent(name: str) -> MissingEvidenceError:
    return MissingEvidenceError(f"{name}: not in the bundle", place=name)


def _unasked(name: str, what: str = "") -> MalformedError:
    return MalformedError(f"{name}: {what}nothing asks for it", place=name)
