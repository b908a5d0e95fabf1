"""The whole table: forgeries, what nothing finds, and honest cases, numbered."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.forgeries import (
    bundle_rows,
    chain_rows,
    container_rows,
    control_rows,
    honest_bundles,
    honest_rows,
    log_rows,
    note_rows,
    operator_rows,
    producer_rows,
    table_rows,
    verdict_rows,
    witness_rows,
)
from tests.support.forgeries.bundle_base import BUNDLE
from tests.support.forgeries.rows import Row


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row and its number.

    Attributes:
        label: ``F<n>`` a forgery, ``N<n>`` one that nothing finds, ``H<n>`` honest.
        row: what it is.
    """

    label: str
    row: Row

    @property
    def through_page(self) -> bool:
        """Whether ``verify.html`` can be asked the same."""
        return self.row.check is BUNDLE

    def __str__(self) -> str:
        return f"{self.label} {self.row.title}"


def _numbered(letter: str, *groups: list[Row]) -> list[Numbered]:
    rows = [row for group in groups for row in group]
    return [Numbered(f"{letter}{n}", row) for n, row in enumerate(rows, 1)]


FORGED = _numbered(
    "F",
    verdict_rows.ROWS,
    control_rows.ROWS,
    producer_rows.ROWS,
    log_rows.ROWS,
    witness_rows.ROWS,
    table_rows.ROWS,
    operator_rows.ROWS,
    note_rows.ROWS,
    chain_rows.ROWS,
    bundle_rows.ROWS,
    container_rows.ROWS,
)
UNFOUND = _numbered("N", log_rows.UNFOUND, note_rows.UNFOUND, operator_rows.UNFOUND)
HONEST = _numbered(
    "H",
    honest_rows.HONEST,
    producer_rows.HONEST,
    table_rows.HONEST,
    honest_bundles.HONEST,
)
EVERY = (*FORGED, *UNFOUND, *HONEST)
