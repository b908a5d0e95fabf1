"""Statements for the driver: a file's text, whole or with its places filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL

from projections.sql_files import sql

if TYPE_CHECKING:
    from psycopg.sql import Composable, Composed

__all__ = ["composed", "part", "sql"]


def part(package: str, name: str, /, **parts: Composable) -> Composable:
    """Return a statement as part of another: without the mark of its end.

    Args:
        package: dotted name.
        name: file name without ``.sql``.
        parts: what stands in its own ``{name}`` places; none leaves braces alone.
    """
    text = sql(package, name).rstrip().rstrip(";")
    found = SQL(text)
    return found.format(**parts) if parts else found


def composed(package: str, name: str, /, **parts: Composable) -> Composed:
    """Return a statement whose ``{name}`` places are filled with quoted identifiers."""
    return SQL(sql(package, name)).format(**parts)
