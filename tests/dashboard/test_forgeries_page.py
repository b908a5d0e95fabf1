"""The rows about bundles, through ``verify.html`` in Chromium without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.page_builder import build_page
from tests.support.browser_verify import open_page
from tests.support.forgeries.stage import Stage
from tests.support.forgeries.table import EVERY, Numbered
from tests.support.forgeries.through_page import page_failure

pytestmark = [pytest.mark.browser]
THROUGH_PAGE = [one for one in EVERY if one.through_page]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file: Path = tmp_path_factory.mktemp("page") / "verify.html"
    file.write_text(build_page(), encoding="utf-8")
    with open_page(file) as opened:
        yield opened
        assert opened.asked == [file.as_uri()], "the page asked for something"
        assert opened.complaints == []


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    def no_server() -> str:
        raise AssertionError("bundles ask no database")

    return Stage(tmp_path_factory.mktemp("forgeries"), no_server)


@pytest.mark.parametrize("one", THROUGH_PAGE, ids=str)
def test_the_page_gives_the_same_verdict(
    page: Any, stage: Stage, one: Numbered
) -> None:
    assert page_failure(page, one.row, stage) == ""


def test_forgeries_and_honest_cases_go_through_the_page() -> None:
    labels = [one.label[0] for one in THROUGH_PAGE]
    assert labels.count("F") >= 40
    assert labels.count("H") >= 15
