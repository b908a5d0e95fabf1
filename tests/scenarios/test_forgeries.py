"""Every row of the table of forgeries, as ``make forgeries`` prints it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.forgeries.rows import Found, untouched
from tests.support.forgeries.stage import Stage
from tests.support.forgeries.table import EVERY, FORGED, HONEST, UNFOUND, Numbered


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    def server() -> str:
        return request.getfixturevalue("postgres_server")

    return Stage(tmp_path_factory.mktemp("forgeries"), server)


@pytest.mark.parametrize("one", FORGED, ids=str)
def test_a_forgery_is_found_where_it_stands(stage: Stage, one: Numbered) -> None:
    assert one.row.failure(one.row.run(stage)) == ""


@pytest.mark.parametrize("one", UNFOUND, ids=str)
def test_what_nothing_finds_is_said_openly(stage: Stage, one: Numbered) -> None:
    assert one.row.failure(one.row.run(stage)) == ""


@pytest.mark.parametrize("one", HONEST, ids=str)
def test_an_honest_ledger_is_not_accused(stage: Stage, one: Numbered) -> None:
    assert one.row.failure(one.row.run(stage)) == ""


def test_the_table_is_as_large_and_as_strict_as_it_says() -> None:
    assert len(FORGED) >= 40
    assert len(HONEST) >= 15
    for one in FORGED:
        assert one.row.by
        assert set(one.row.by) <= set("PBDSVO")
        assert one.row.code != "0"
        assert one.row.place or one.row.code.startswith("HTTP")
    for one in HONEST:
        assert one.row.code in {"0", "6", "13"}
    titles = [(one.row.title, one.row.check.name) for one in EVERY]
    assert len(set(titles)) == len(titles)
    letters = {letter for one in FORGED for letter in one.row.by}
    assert letters == set("PBDSVO")


@pytest.mark.parametrize("name", ["verify log", "audit", "sealer"])
def test_a_row_fails_when_nothing_was_forged(stage: Stage, name: str) -> None:
    """Each check can fail a row: what is honest does not pass for a forgery."""
    one = next(one for one in FORGED if one.row.check.name == name)
    row = replace(one.row, forge=untouched)
    assert row.failure(row.run(stage)) == f"came to 0, not {row.code}: ()"


def test_a_row_fails_in_another_place_or_by_another_code() -> None:
    row = FORGED[0].row
    assert row.failure(Found(row.code, (row.place,))) == ""
    assert row.failure(Found(row.code, ("acme/p0 leaf 1",))) != ""
    assert row.failure(Found("5", (row.place,))) != ""
    honest = HONEST[0].row
    assert honest.failure(Found("0", ("policy",))) == "accused ('policy',)"
