"""Regulation mappings: dated data, one TOML file for each report."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

NOT_READ = "not checked at source"


@dataclass(frozen=True, slots=True)
class Provision:
    """A provision that a report speaks to.

    Attributes:
        id: stable name.
        provision: how lawyers cite it.
        text_ref: which text was read, or that none was.
        asks: what it asks for, in short.
        verified_on: date of the check, ISO 8601.
        confidence: ``P``, ``S`` or ``R`` with ``-H``, ``-M`` or ``-L``.
        note: "not checked at source" unless the provision's text was read.
    """

    id: str
    provision: str
    text_ref: str
    asks: str
    verified_on: str
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A version of a mapping."""

    version: str
    provisions: tuple[Provision, ...]


def mapping(report: str) -> Mapping:
    """Return the mapping of a report, such as ``R5``."""
    text = files(__name__).joinpath(f"{report.lower()}.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return Mapping(data["version"], tuple(_provision(row) for row in data["provision"]))


def _provision(row: dict[str, Any]) -> Provision:
    text = {key: str(value) for key, value in row.items()}
    note = "" if text["confidence"].startswith("P") else NOT_READ
    return Provision(**text, note=note)
