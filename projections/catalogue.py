"""The questions that have a number: what each serves, and where its function is.

The mapping from law to question is data of a day, not law: a provision whose text was
not read in a copy of the official source says so wherever it is shown.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

NOT_CHECKED = "not checked at source"
CHECKED_ON = "2026-11-20"


@dataclass(frozen=True, slots=True)
class Provision:
    """A provision that a question serves.

    Attributes:
        text: such as ``EU AI Act, Article 12(1)``.
        read: whether its text was read in a copy of the official source, for the AI
            Act as published in 2024; amendments of 2026 were not.
    """

    text: str
    read: bool

    def __str__(self) -> str:
        return self.text if self.read else f"{self.text} ({NOT_CHECKED})"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with a number.

    Attributes:
        number: such as ``Q04``.
        name: of its function, and on the command line.
        module: where that function is.
        provisions: what it serves.
    """

    number: str
    name: str
    module: str
    provisions: tuple[Provision, ...]

    @property
    def function(self) -> Callable[..., Any]:
        """The function that asks it."""
        return getattr(importlib.import_module(f"projections.{self.module}"), self.name)

    @property
    def page(self) -> str:
        """Its documentation, a path in the project."""
        return f"docs/questions/{self.number.lower()}-{self.name.replace('_', '-')}.md"


@cache
def catalogue() -> tuple[Question, ...]:
    """Return the questions by number."""
    from projections.numbered import NUMBERED

    return tuple(sorted(NUMBERED, key=lambda one: one.number))


@cache
def numbers() -> dict[str, str]:
    """Return the name of each question by its number."""
    return {one.number: one.name for one in catalogue()}
