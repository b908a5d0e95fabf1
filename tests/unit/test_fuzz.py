"""The fuzzing of parsers: what it found stays found, and the harness itself lives."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from tests.fuzz.kept import FOLDER, Kept, kept_of, read
from tests.fuzz.mutation import mutated
from tests.fuzz.parser import BrokenPromiseError, Parser
from tests.fuzz.parsers import PARSERS

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = {"body": 100, "bundle": 6, "document": 120, "journal": 20, "token": 120}
every = pytest.mark.parametrize("parser", PARSERS.values(), ids=list(PARSERS))


def family(error: type[LedgerError]) -> Iterator[type[LedgerError]]:
    for child in error.__subclasses__():
        yield child
        yield from family(child)


@every
def test_what_was_found_is_answered_rightly(parser: Parser) -> None:
    for kept in kept_of(parser.name):
        assert parser.examine(kept.data) == kept.expected, kept.case


@every
def test_seeds_and_mutations_end_in_documented_answers(parser: Parser) -> None:
    seeds, count = list(parser.seeds()), MUTATIONS.get(parser.name, 300)
    change = parser.mutate or mutated
    said = {
        parser.examine(change(seeds[number % len(seeds)], number)[: parser.most])
        for number in range(count)
    }
    assert said <= {"accepted"} | {
        kind.__name__ for error in parser.errors for kind in (error, *family(error))
    }


def test_a_seed_of_each_parser_is_accepted() -> None:
    for parser in PARSERS.values():
        answers = (parser.examine(seed) for seed in parser.seeds())
        assert "accepted" in answers, parser.name


def test_findings_are_of_parsers_and_read_back() -> None:
    paths = sorted(FOLDER.glob("*/*.json"))
    assert {path.parent.name for path in paths} <= PARSERS.keys()
    assert all(read(path).before for path in paths)
    assert len(paths) > 20


def test_a_broken_promise_is_told() -> None:
    def second(data: bytes) -> None:
        from tests.fuzz.parser import same

        same(data.strip(), data)

    parser = Parser("p", "p", second, lambda: [b"x"])
    assert parser.examine(b"x") == "accepted"
    with pytest.raises(BrokenPromiseError, match="second spelling"):
        parser.examine(b" x")
    slow = Parser("p", "p", lambda _: sum(range(100_000)), list, slow=0.0)
    with pytest.raises(BrokenPromiseError, match="for one input"):
        slow.examine(b"")


def test_the_fuzzer_is_pinned_where_its_group_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (wanted,) = project["dependency-groups"]["fuzz"]
    pinned = (ROOT / "requirements-fuzz.txt").read_text(encoding="utf-8")
    assert wanted.startswith("atheris>=")
    assert pinned.startswith("atheris==")
    assert "://" not in pinned


def test_large_findings_are_kept_deflated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.fuzz.kept.FOLDER", tmp_path)
    for data in (b"small", b"large" * 9_000):
        kept = Kept("note", "case", "it hung", "MalformedError", data)
        kept.write()
        path = tmp_path / "note" / "case.json"
        assert read(path) == kept
        assert path.stat().st_size < 1_000
