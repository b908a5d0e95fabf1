"""What a finding looks like, in plain words.

Evidence that contradicts itself does not say who did what, nor whether it was done on
purpose: a failing disk alters records too. The words name what it looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.verification.steps import Step

_RECORDS = (
    ("is not the one that was sealed", "a record was altered after sealing"),
    ("are not those of its leaf", "a record was altered after sealing"),
    ("own time of this record", "the time at which a record arrived was changed"),
    ("where none was", "a record was slipped in after sealing"),
    ("not come so far", "records at the end of the log were deleted"),
    ("were trimmed", "records were deleted as a sealed trimming says"),
    ("are sealed but not in the log", "records were deleted after sealing"),
)
_LEAVES = (
    ("offset is out of order", "a record was left out, or sealed twice"),
    ("sealed_at_ms is out of order", "the time of sealing was set back"),
    ("registry_size is out of order", "verdicts were given by another control log"),
)
_CLOCKS = (("before the control log it rests on", "the time of sealing was set back"),)
_ROWS = (
    ("the log makes no such row", "a row was put into the database by hand"),
    ("makes no row of", "a row was put into the database by hand"),
    ("never projected", "a row was put into the database by hand"),
    ("does not hold it", "a row was deleted from the database"),
    ("its row is absent", "a row was deleted from the database"),
    ("no table holds", "a table was exchanged or altered in the database"),
    ("no such table", "a table was exchanged or altered in the database"),
    ("row-level security", "rows are hidden from those who ask the database"),
    ("has not come yet", "a position in the database was set back"),
    ("others than those projected", "a position in the database was altered"),
    ("are published", "log or public folder went back, or a position was altered"),
)
_SCHEMA = (
    (" policy ", "rows are hidden from those who ask the database"),
    (" row security", "rows are hidden from those who ask the database"),
    (" rule ", "what is written into the database is changed on its way"),
    (" trigger ", "what is written into the database is changed on its way"),
    (" function ", "what is written into the database is changed on its way"),
)
_BY_NAME = (
    (" records", _RECORDS, "records are not what was sealed"),
    (" leaves", _LEAVES, "a seal leaf was altered"),
    (" freshness", _CLOCKS, "an old control log was used to spare a key"),
    ("projection rows", _ROWS, "a row was changed in the database"),
    ("documents", (), "a document was altered after it was recorded"),
    ("projection schema", _SCHEMA, "a table was exchanged or altered in the database"),
    ("projection digests", (), "a digest of the tables that was published is false"),
    ("projection sample", _ROWS, "a row was changed in the database"),
)
_OTHERS = (
    (" tiles", "a published tile was altered after it was published"),
    (" older checkpoints", "a published checkpoint was exchanged or is of another one"),
    (" checkpoint", "the newest checkpoint was altered, forged or set back"),
    (" log start", "the beginning of the log was deleted unannounced"),
    (" end", "an origin was sealed on after it was closed"),
    (" time tokens", "a time token speaks of another history than the published one"),
    (" manifests", "a manifest names another history than the published one"),
    ("policy", "the published policy was changed"),
    ("control log", "the control log was altered, or is of another ledger"),
)


def looks_like(step: Step) -> str | None:
    """Return what a step that did not hold looks like; None for one that holds."""
    if not step.is_finding:
        return None
    if step.name.endswith(" verdicts"):
        return _wrong_verdict(step)
    for end, table, otherwise in _BY_NAME:
        if step.name.endswith(end) and _is_told(step, end):
            return _first(table, step.detail, otherwise)
    if step.status == "not_checked":
        return "something that is needed for the check is absent"
    return _first(_OTHERS, step.name, "evidence was altered")


def _is_told(step: Step, end: str) -> bool:
    """Whether the words for a kind of check fit: what was not done tells nothing."""
    return step.status == "failed" or end == " records"


def _wrong_verdict(step: Step) -> str:
    given = (step.actual or "").startswith("ACCEPTED")
    due = (step.expected or "").startswith("ACCEPTED")
    if given and not due:
        return "a verdict is not the one the rules give: a forged record was accepted"
    if due and not given:
        return "a verdict is not the one the rules give: an honest record was refused"
    return "a verdict is not the one the rules give"


def _first(table: tuple[tuple[str, str], ...], text: str, otherwise: str) -> str:
    return next((words for part, words in table if part in text), otherwise)
