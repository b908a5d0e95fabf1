"""Options that every command spells and explains the same way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from typer import BadParameter, Option

Format = Literal["table", "json", "ndjson", "csv"]

OutputOption = Annotated[
    Format, Option("--output", "-o", help="how the answer is printed on stdout")
]
JsonOption = Annotated[bool, Option("--json", help="the same as --output json")]
HomeOption = Annotated[
    Path | None,
    Option("--home", envvar="MLLEDGER_HOME", help="ledger home; nearest .mlledger"),
]
AsOfOption = Annotated[
    str | None,
    Option("--as-of", help="when it was true; ISO 8601, default: all that is recorded"),
]
MomentOption = Annotated[
    str | None, Option("--as-of", help="when it was true; ISO 8601, default now")
]
KnownAsOfOption = Annotated[
    str | None,
    Option(
        "--known-as-of", help="what had been sealed by then; ISO 8601, default: all"
    ),
]


def chosen(output: Format, *, json: bool) -> Format:
    """Return the output form that ``--output`` and ``--json`` ask for together.

    Raises:
        BadParameter: they ask for two different ones.
    """
    if json and output in {"ndjson", "csv"}:
        raise BadParameter(f"--json and --output {output}: choose one of them")
    return "json" if json else output


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Tell whether arguments that nobody has parsed yet ask for the JSON envelope."""
    pairs = pairwise([*arguments, ""])
    forms = {("--output", "json"), ("-o", "json")}
    written = {"--json", "--output=json", "-ojson"}
    return any(one in written or (one, two) in forms for one, two in pairs)
