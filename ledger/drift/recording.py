"""What an event says of one column that was compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.drift.compare import Difference
    from ledger.drift.sketch import ColumnSketch

MONITOR = "drift"
"""Name of the monitor in the plan, unless another is said."""


def measurements(
    found: Sequence[Difference], current: Sequence[ColumnSketch]
) -> Iterator[dict[str, Any]]:
    """Return fields of ``monitoring.measurement.recorded``, one a column.

    Args:
        found: differences by column.
        current: the columns that were looked at.
    """
    rows = {one.name: one.count + one.missing for one in current}
    for one in found:
        yield {
            "metric": one.metric,
            "feature": one.column,
            "rows": rows.get(one.column, 0),
            "value": one.effect,
            "reference": 0.0,
            "effect": one.effect,
            "p_value": one.p_value,
            "limit": one.limit,
            "breach": one.breach,
        }
