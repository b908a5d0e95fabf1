"""The steps of a batch by name, and what a batch comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS = (
    "read",
    "judge",
    "stage",
    "stage-file",
    "swap",
    "sign",
    "copy",
    "copy-file",
    "cosign",
    "publish",
    "publish-kept",
    "policy",
    "clean",
    "clean-staging",
    "done",
)
"""Names the hook is called with, each before its step is taken."""


@dataclass(frozen=True, slots=True)
class SealResult:
    """What one batch sealed.

    Attributes:
        origin: such as ``acme/p0``.
        leaves: number of new leaves; 0 when the log had nothing new.
        events: number of events in the entries it accepted.
        size: number of leaves in the tree now.
        verdicts: how often each verdict was given.
        refused: how many entries do not count, by verdict and by the signer that their
            header names, unproven.
    """

    origin: str
    leaves: int
    events: int
    size: int
    verdicts: Mapping[Verdict, int] = field(default_factory=dict[Verdict, int])
    refused: Mapping[tuple[Verdict, str], int] = field(
        default_factory=dict[tuple[Verdict, str], int]
    )


def no_hook(_step: str) -> None:
    """Do nothing between the steps."""
