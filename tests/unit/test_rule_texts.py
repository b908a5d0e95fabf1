"""The texts of the rules: both times on every table, parameters described and used."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from projections.controls.rule_text import rule_text
from projections.controls.rulebook import rules
from projections.golden.faults import cases

FOLDER = Path(__file__).resolve().parents[2] / "projections" / "controls" / "rules"
TEXTS = sorted(FOLDER.rglob("*.sql"))
READ = re.compile(
    r"(?:FROM|JOIN)\s+(?:registry|lineage|controls|decisions|governance|integrity)"
    r"\.\w+ AS (\w+)"
)
KNOWN = re.compile(r"(\w+)\.sealed_at <= (?:%\(known_as_of\)s|e\.until)")
PARAMETER = re.compile(r"%\((\w+)\)s")
ALWAYS = {"as_of", "known_as_of", "rule"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_every_table_is_read_as_far_as_it_was_known(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    unbounded = Counter(READ.findall(text)) - Counter(KNOWN.findall(text))
    assert not unbounded, "tables are read without %(known_as_of)s under these names"


@pytest.mark.parametrize("name", rules())
def test_every_parameter_is_described_and_used(name: str) -> None:
    text = rule_text(name)
    code = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    used = set(PARAMETER.findall(code)) - ALWAYS
    assert used == rules()[name].parameters.keys()
    head = (FOLDER / f"{name}.sql").read_text(encoding="utf-8").partition("\nWITH")[0]
    assert used <= set(PARAMETER.findall(head)), "the header leaves one out"


def test_every_rule_has_a_fault_and_a_twin() -> None:
    told = Counter(case.rule for case in cases())
    assert told == dict.fromkeys(rules(), 2)
