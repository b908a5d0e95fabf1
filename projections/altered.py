"""What a rebuild puts right, in words: nobody's alterations are mended silently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import Error

from ledger.errors import LedgerError
from projections.asking import asking
from projections.digests import digest_projections
from projections.structure_check import structure_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.database import Connection
    from projections.digests import Digested, TableContent

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Before:
    """The tables as they were found.

    Attributes:
        digested: what they held; empty where that could not be read.
        warnings: what was plainly wrong with them.
    """

    digested: Sequence[Digested]
    warnings: Sequence[str]


def found_before(connection: Connection) -> Before:
    """Look at the tables before they are made anew, whatever state they are in.

    Args:
        connection: of the owner, in autocommit.
    """
    warnings = [f"was not as it must be: {one}" for one in structure_errors(connection)]
    try:
        with asking():
            return Before(digest_projections(connection), warnings)
    except (LedgerError, Error) as error:
        return Before([], [*warnings, f"the tables before could not be read: {error}"])


def altered_tables(before: Sequence[Digested], after: Sequence[Digested]) -> list[str]:
    """Return the tables that held other rows than the same leaves make of the log.

    Tables of another version, or that have read further since, are no evidence of
    anything and are left out.
    """
    made = {(one.projection, one.version, one.heads): one for one in after}
    altered: list[str] = []
    for one in before:
        same = made.get((one.projection, one.version, one.heads))
        if same is not None:
            altered += _differing(one, {item.table: item for item in same.tables})
    return altered


def warnings_of(before: Before, after: Sequence[Digested]) -> list[str]:
    """Return what whoever rebuilds must know: most of all, which rows were altered."""
    said = list(before.warnings[:_NAMED])
    if more := len(before.warnings) - len(said):
        said.append(f"and {more} more")
    if tables := altered_tables(before.digested, after):
        said.append(
            f"rows had been altered in {', '.join(tables)}: not what the log makes of "
            "the same leaves; answers given from them may have been false"
        )
    return said


def digests_of(found: Sequence[Digested]) -> dict[str, str]:
    """Return ``<projection>.<table>`` → ``sha256:<hex>``."""
    return {
        f"{one.projection}.{item.table}": f"sha256:{item.digest.hex()}"
        for one in found
        for item in one.tables
    }


def _differing(found: Digested, made: dict[str, TableContent]) -> list[str]:
    return [
        f"{found.projection}.{item.table}"
        for item in found.tables
        if made.get(item.table) != item
    ]
