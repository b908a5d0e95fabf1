"""The one home of SQL: ``sql/<question>.sql`` of a package, by name; no database here.

What several statements share stands once, in ``sql/include`` of the package or of
``projections``, and a line ``-- include <name>`` is replaced by the file of that name.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

_INCLUDE = re.compile(r"^-- include ([a-z_]+)$", re.MULTILINE)


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
    whole = _INCLUDE.sub(lambda found: shared(package, found[1]), text)
    return cast("LiteralString", whole)


def shared(package: str, name: str) -> str:
    """Return ``sql/include/<name>.sql`` of a package: a part, and no statement.

    Args:
        package: dotted name, such as ``projections.registry``.
        name: file name without ``.sql``.
    """
    file = files(package).joinpath("sql", "include", f"{name}.sql")
    if not file.is_file():
        file = files("projections").joinpath("sql", "include", f"{name}.sql")
    return file.read_text(encoding="utf-8").rstrip("\n")
