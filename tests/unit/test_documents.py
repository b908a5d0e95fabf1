"""What documents say exists: tests, files, links; and words they never use."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUARANTEES = ROOT / "docs" / "guarantees.md"
PROMISE = "A single-operator ledger proves nothing against its operator."
TEST = re.compile(r"`(tests/[\w/.-]+\.py)::(\w+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(
    r"`((?:benchmarks|dashboard|docs|examples|ledger|projections|schemas|tests)"
    r"/[^`\s:]*)`"
)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# What the project never says of itself; in quotes it may say that it does not say so.
NEVER = re.compile(
    r"complian(?:t|ce)|tamper(?:ing)?[ -]?(?:is |was )?pro(?:of|ved|ven)"
    r"|gdpr[ -]?erased|unforgeable|unhackable|immutable|100 ?% secure|cannot be forged",
    re.IGNORECASE,
)
QUOTED = re.compile(r"[\"“][^\"“”\n]*[\"”]")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def names_of(path: Path) -> frozenset[str]:
    """Names of the test functions of a file, in classes too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [node.name for node in ast.walk(tree) if isinstance(node, kinds)]
    return frozenset(name for name in names if name.startswith("test_"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_test_that_is_named_exists(document: Path) -> None:
    absent = [
        f"{path}::{name}"
        for path, name in TEST.findall(document.read_text(encoding="utf-8"))
        if not (ROOT / path).is_file() or name not in names_of(ROOT / path)
    ]
    assert absent == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_file_and_link_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = [name for name in NAMED.findall(text) if "<" not in name]
    absent = [name for name in named if not list(ROOT.glob(name.rstrip("/")))]
    for link in LINK.findall(CODE.sub("", text)):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = document.parent / target if target else document
        if not there.exists() or (anchor and anchor not in anchors(there)):
            absent.append(link)
    assert absent == []


def anchors(document: Path) -> set[str]:
    """Anchors of the headings of a document."""
    heads = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    kept = [re.sub(r"[^\w\s-]", "", head).strip().lower() for head in heads]
    return {re.sub(r"\s", "-", head) for head in kept}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_no_document_says_what_nobody_can_know(document: Path) -> None:
    text = QUOTED.sub('""', document.read_text(encoding="utf-8"))
    said = [line for line in text.splitlines() if NEVER.search(line)]
    assert said == []


def test_the_first_line_says_what_is_not_proved() -> None:
    first = GUARANTEES.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# {PROMISE}"
    for document in (ROOT / "README.md", ROOT / "docs" / "threat-model.md"):
        text = document.read_text(encoding="utf-8")
        assert "proves nothing against" in text


def test_each_promise_is_one_sentence_with_its_ground_and_its_tests() -> None:
    text = GUARANTEES.read_text(encoding="utf-8")
    promises = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert len(promises) >= 25
    for promise in promises:
        body = promise.partition("\n## ")[0]
        title, _, rest = body.partition("\n")
        assert title.endswith("."), title
        assert not re.search(r"[.!?] [A-Z]", title), title
        assert rest.lstrip().startswith("Rests on: "), title
        assert TEST.search(rest), title


def test_the_limits_come_last() -> None:
    text = GUARANTEES.read_text(encoding="utf-8")
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads[-1] == "Limits, in plain words"


def test_the_checks_can_fail() -> None:
    assert TEST.findall("`tests/unit/test_x.py::test_y`")
    assert NEVER.search("This makes you GDPR-compliant.")
    assert NEVER.search("the log is tamper-proof")
    assert not NEVER.search(QUOTED.sub('""', 'never "compliant"'))
    assert "limits" in anchors(ROOT / "README.md")
    assert "test_the_checks_can_fail" in names_of(Path(__file__))
