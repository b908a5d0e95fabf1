"""Answers: whole logs are enclosed, and the question asked anew gives the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ledger.bundle.content import Reader
from ledger.bundle.contents import is_read
from ledger.bundle.rows import compare_rows
from ledger.errors import EvidenceError, IntegrityError, MissingEvidenceError

if TYPE_CHECKING:
    from ledger.verification.findings import Findings

Rows = list[dict[str, object]]
Replay = Callable[[Reader], Rows]
"""Answers the question of a bundle from its events; raises what it cannot."""


def verify_answer(
    reader: Reader, found: Findings, replay: Replay | None
) -> tuple[str, dict[str, Any]]:
    """Check an answer; returns what was found, in words and as JSON."""
    contents = reader.enclosed.contents
    for each in contents.ranges:
        checkpoint = reader.checks.checkpoints.get(each.log)
        if checkpoint is None:
            continue  # an earlier step says so
        if each.first != 0 or each.last != checkpoint.size - 1:
            found.add(
                IntegrityError(
                    f"{each.log}: an answer is drawn from the whole log",
                    place=each.log,
                    expected=f"leaves 0–{checkpoint.size - 1}",
                    actual=f"leaves {each.first}–{each.last}",
                )
            )
    for error in _unread_logs(reader):
        found.add(error)
    if found or not contents.answer:
        return "", {}
    labels = {
        each.log: complete_words(each.first, each.last) for each in contents.ranges
    }
    rows, more = Rows(), ()
    with found.collected():
        if replay is None:
            raise MissingEvidenceError(
                f"{contents.question}: this program cannot replay questions",
                place="answer.json",
                hint="pip install mlledger",
            )
        rows = replay(reader)
        more = compare_rows(contents.answer, rows, question=contents.question)
    said = f"{contents.question}: {len(rows)} rows, replayed from the enclosed entries"
    words = "; ".join(f"{log} {label}" for log, label in labels.items())
    about: dict[str, Any] = {
        "question": contents.question,
        "parameters": dict(contents.parameters),
        "ranges": labels,
        "rows": rows,
    }
    if more:
        about["not_replayed"] = more
        words += f"; not replayed: {', '.join(sorted(more))}"
    return f"{said}; {words}", about


def _unread_logs(reader: Reader) -> Iterator[EvidenceError]:
    """Yield what is wrong with logs that a question reads and that are not enclosed."""
    checks, contents = reader.checks, reader.enclosed.contents
    enclosed = {each.log for each in contents.ranges}
    for origin in checks.authority.state.logs:
        log = origin.removeprefix(f"{checks.name}/")
        if log in enclosed or not is_read(contents.question, log):
            continue
        listed = checks.moments.listed
        if listed.get(log) or (contents.manifest and contents.manifest.log == log):
            yield IntegrityError(
                f"{log}: left out, and the manifest says that something is in it",
                place=log,
            )
        elif not listed:
            yield MissingEvidenceError(
                f"{log}: left out; no manifest says that nothing is in it", place=log
            )


def complete_words(first: int, last: int) -> str:
    """Return the label of a complete range: what it says, and what it does not."""
    return (
        f"complete as recorded, positions {first}–{last}; says nothing about what was "
        "never logged"
    )
