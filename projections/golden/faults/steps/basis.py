"""What a step of a story is, and the numbers that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.golden.faults.stage import Stage

Fields = dict[str, Any]
ROWS = 1_000
FEATURES = (("age", 18.0, 90.0), ("income", 0.0, 9_000.0), ("debt", 0.0, 4_000.0))
"""Name, smallest and largest value of each feature; all are float64."""
USE = "credit"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story.

    Attributes:
        event_type: what it records.
        signed_by: identity that signs it.
        fields: makes the fields of its event, from what was told before.
    """

    event_type: str
    signed_by: str
    fields: Callable[[Stage], Fields]


STEPS: dict[str, Step] = {}


def step(
    event_type: str, signed_by: str = "service:catalogue"
) -> Callable[[Callable[[Stage], Fields]], Callable[[Stage], Fields]]:
    """Enter a step under the name of its function.

    Args:
        event_type: what it records.
        signed_by: identity that signs it.
    """

    def enter(fields: Callable[[Stage], Fields]) -> Callable[[Stage], Fields]:
        STEPS[fields.__name__] = Step(event_type, signed_by, fields)
        return fields

    return enter
