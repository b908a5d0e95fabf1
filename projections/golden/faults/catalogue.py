"""Which stories there are: two for each rule, entered by decorators."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.golden.faults.stage import Stage

    Story = Callable[[Stage], None]

_PACKAGE = "projections.golden.faults"
_MACHINERY = {"catalogue", "stage", "steps", "telling"}
_stories: dict[tuple[str, str], Story] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """One story, and what it is told for.

    Attributes:
        rule: id of the rule.
        kind: ``fault`` or ``twin``.
        tell: tells it on a stage.
    """

    rule: str
    kind: str
    tell: Story

    @property
    def key(self) -> str:
        """The prefix of every name in the story."""
        return f"{self.rule}.{self.kind}"


def fault(rule: str) -> Callable[[Story], Story]:
    """Enter a story in which a rule must find something."""
    return _entering(rule, "fault")


def twin(rule: str) -> Callable[[Story], Story]:
    """Enter the story beside it, in which no rule may find anything."""
    return _entering(rule, "twin")


def cases() -> list[Case]:
    """Return all stories, by rule, from every module of this package."""
    for module in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
        if module.name not in _MACHINERY:
            importlib.import_module(f"{_PACKAGE}.{module.name}")
    return [Case(*key, _stories[key]) for key in sorted(_stories)]


def _entering(rule: str, kind: str) -> Callable[[Story], Story]:
    def enter(story: Story) -> Story:
        assert (rule, kind) not in _stories, rule  # noqa: S101  a defect of this package
        _stories[rule, kind] = story
        return story

    return enter
