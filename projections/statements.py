"""The one home of SQL: ``sql/<question>.sql`` of a package, loaded by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, LiteralString, cast

from psycopg.sql import SQL

if TYPE_CHECKING:
    from psycopg.sql import Composable, Composed


@cache
def sql(package: str, name: str) -> LiteralString:
    """Return the text of ``sql/<name>.sql`` in a package.

    The one place where text from a file becomes a literal: the files are part of the
    program, not input.

    Args:
        package: dotted name, such as ``projections.registry``.
        name: file name without ``.sql``.
    """
    text = files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return cast("LiteralString", text)


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
