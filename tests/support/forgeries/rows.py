"""A row of the table: who forged what, which check must find it, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ledger.verification.steps import Step, exit_code

if TYPE_CHECKING:
    from tests.support.forgeries.stage import Stage

Group = Literal["forged", "not found", "honest"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a check came to.

    Attributes:
        code: exit code, ``verdict <n>``, ``HTTP <n>`` or what a producer does.
        places: of everything that did not hold; of what was looked at, for a verdict.
    """

    code: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Something that an auditor, a sealer, a witness or a producer runs.

    Attributes:
        name: as it stands in the table.
        run: takes what was forged.
    """

    name: str
    run: Callable[[Any], Found]


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        by: who can do it: P producer, B broker, D database, S operator, V viewer, O
            outsider; empty for an honest case.
        title: what was forged, in plain words.
        start: gives the honest thing, anew or as a copy.
        forge: makes the forged one; None stands for the changed honest one.
        check: must find it.
        code: what the check must come to.
        place: one of the places that it must name; empty where nothing is to be found.
    """

    by: str
    title: str
    start: Callable[[Stage], AbstractContextManager[Any]]
    forge: Callable[[Any], Any]
    check: Check
    code: str
    place: str = ""

    def run(self, stage: Stage) -> Found:
        """Make it and let it be checked."""
        with self.start(stage) as honest:
            made = self.forge(honest)
            return self.check.run(honest if made is None else made)

    def failure(self, found: Found) -> str:
        """Return what is wrong with what was found; empty when it is as it must be."""
        if found.code != self.code:
            return f"came to {found.code}, not {self.code}: {found.places}"
        if self.place and self.place not in found.places:
            return f"named {found.places}, not {self.place}"
        if self.code == "0" and found.places:
            return f"accused {found.places}"
        return ""


def untouched(_honest: object) -> None:
    """Forge nothing."""


def of_steps(steps: Sequence[Step]) -> Found:
    """Return what steps come to, and the places of those that do not hold."""
    wrong = [step for step in steps if step.is_finding]
    return Found(str(exit_code(steps)), tuple(s.place or s.name for s in wrong))
