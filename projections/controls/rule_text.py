"""The text of a rule: its query with everything it includes, and its description.

Many rules ask first which deployments run, which versions somebody wants released, or
where a version's data come from. Those parts stand once, in ``rules/include``, and a
line ``-- include <name>`` in a rule's query is replaced by the file of that name; the
line ``-- include <package>.<name>`` by what the questions of that package share.
Around every query stands ``include/frame.sql``, which lets recorded exceptions count.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, LiteralString, cast

from ledger.errors import NotFoundError
from projections.sql_files import shared

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_INCLUDE = re.compile(r"^-- include (?:([a-z]+)\.)?([a-z_]+)$", re.MULTILINE)
_QUERY = "-- include query"


def rules_folder() -> Traversable:
    """Return the folder in which the rules are: ``<rule-id>.sql`` and ``.yaml``."""
    return files("projections.controls").joinpath("rules")


@cache
def rule_text(rule: str) -> LiteralString:
    """Return the query of a rule, its includes in their places and its frame around it.

    Like :func:`projections.statements.sql`, a place where text from a file becomes a
    literal: the files are part of the program, not input.

    Args:
        rule: id of the rule, which is the name of its files.

    Raises:
        NotFoundError: there is no such rule, or no such include.
    """
    query = _whole(_read(f"{rule}.sql"))
    framed = _read("include/frame.sql").replace(_QUERY, query.removesuffix(";"))
    return cast("LiteralString", framed)


@cache
def rule_description(rule: str) -> str:
    """Return the description of a rule, as its YAML stands.

    Raises:
        NotFoundError: there is no such rule.
    """
    return _read(f"{rule}.yaml")


def rule_ids() -> list[str]:
    """Return the ids of all rules, sorted."""
    names = [file.name for file in rules_folder().iterdir()]
    return sorted(name.removesuffix(".sql") for name in names if name.endswith(".sql"))


def _whole(text: str) -> str:
    """Return a text with everything that it includes, and that this includes."""
    return _INCLUDE.sub(lambda found: _included(found[1], found[2]), text)


def _included(package: str | None, name: str) -> str:
    if package is None:
        return _whole(_read(f"include/{name}.sql"))
    return shared(f"projections.{package}", name)


def _read(name: str) -> str:
    file = rules_folder().joinpath(*name.split("/"))
    if not file.is_file():
        raise NotFoundError(
            f"there is no rule file {name}",
            hint="mlledger control ls names the rules",
        )
    return file.read_text(encoding="utf-8").rstrip("\n")
