"""Collect what one check finds, so that a broken ledger does not print for ever."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import EvidenceError
from ledger.verification.steps import Step, held, step_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

LISTED = 100


class Findings:
    """The findings of one named check.

    Args:
        name: what is checked, such as ``acme/p0 records``.
        skipped: so many of a kind are counted before the first that is listed.
        listed: at most so many of a kind are listed, 1 or more.
    """

    def __init__(self, name: str, *, skipped: int = 0, listed: int = LISTED) -> None:
        self.name = name
        self._skipped, self._last = skipped, skipped + listed
        self._listed: list[Step] = []
        self._counts = {"failed": 0, "not_checked": 0}

    def __bool__(self) -> bool:
        return any(self._counts.values())

    @property
    def listed(self) -> list[Step]:
        """The findings that are listed one by one."""
        return list(self._listed)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each status, listed or not."""
        return dict(self._counts)

    def restore(self, listed: Sequence[Step], counts: Mapping[str, int]) -> None:
        """Go on from findings that an earlier run has made."""
        self._listed = list(listed)
        self._counts = {name: int(counts[name]) for name in self._counts}

    def add(self, error: EvidenceError) -> None:
        """Take one finding; outside the part that is listed they are only counted."""
        step = step_of(self.name, error)
        self._counts[step.status] += 1
        if self._skipped < self._counts[step.status] <= self._last:
            self._listed.append(step)

    @contextmanager
    def collected(self) -> Generator[None]:
        """Turn an error of the evidence into a finding and go on."""
        try:
            yield
        except EvidenceError as error:
            self.add(error)

    def steps(self, detail: str) -> list[Step]:
        """Return the findings; without any, one step that holds with this detail."""
        if not self:
            return [held(self.name, detail)]
        return self._listed + [
            Step(
                self.name,
                "failed" if status == "failed" else "not_checked",
                f"and {count - self._last} more",
                code="LDG-V002" if status == "failed" else "LDG-V005",
            )
            for status, count in self._counts.items()
            if count > self._last
        ]
