"""What a verification found, step by step, and the exit code it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger.errors import EvidenceError, MissingEvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterable

Status = Literal["verified", "failed", "not_checked", "not_established"]
"""What a step came to.

``failed``: a contradiction. ``not_checked``: something that should be there is absent.
``not_established``: what would show more has not come or was not asked for, such as the
manifest after the newest one; nothing is wrong and nothing is missing, so it leaves the
exit code alone, and whoever reads must not take more from it than it says.
"""
VERIFIED = "LDG-V000"
SUSPECT = "LDG-V013"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked.

    Attributes:
        name: what was checked, in words.
        status: see :data:`Status`.
        detail: what was found.
        place: file, or ``log <origin> offset <n>``, of a finding; else None.
        expected: printed form of what the evidence implies, or None.
        actual: printed form of what was found, or None.
        code: ``LDG-V000`` for a step that holds, ``LDG-V013`` for one that holds in a
            window in which its key is suspect, else the code of the error.
    """

    name: str
    status: Status
    detail: str
    place: str | None = None
    expected: str | None = None
    actual: str | None = None
    code: str = VERIFIED

    @property
    def is_finding(self) -> bool:
        """Whether it contradicts itself, or could not be checked."""
        return self.status in ("failed", "not_checked")


def held(name: str, detail: str) -> Step:
    """Return the step of a check that holds."""
    return Step(name, "verified", detail)


def step_of(name: str, error: EvidenceError) -> Step:
    """Return the step of a check that ended with an error of the evidence."""
    missing = isinstance(error, MissingEvidenceError)
    return Step(
        name,
        "not_checked" if missing else "failed",
        str(error),
        place=error.place or None,
        expected=error.expected,
        actual=error.actual,
        code=error.code,
    )


def exit_code(steps: Iterable[Step]) -> int:
    """Return 0 valid, 5 contradiction, 6 could not check, 13 valid but suspect.

    A contradiction outweighs what could not be checked, and both outweigh suspicion.
    """
    found = {(step.status, step.code == SUSPECT) for step in steps}
    statuses = {status for status, _ in found}
    if "failed" in statuses:
        return 5
    if "not_checked" in statuses:
        return 6
    return 13 if any(suspect for _, suspect in found) else 0
