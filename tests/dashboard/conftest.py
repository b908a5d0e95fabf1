"""Pages over a real small ledger: the embedded log and a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import connection
from tests.conftest import ROOT
from tests.support.database import Projected, Story, projected, tell, write
from tests.support.ledger import make_ledger
from tests.support.postgres import fresh_database

Opened = Callable[..., AppTest]


@dataclass
class World:
    """A ledger that is projected, and the story in it."""

    made: Projected
    story: Story

    @property
    def decision(self) -> str:
        return str(self.story.decision_id)


@contextmanager
def world_in(folder: Path, server: str, *, decisions: int) -> Iterator[World]:
    """Make a ledger with its own database; without decisions nothing is in it."""
    ledger = make_ledger(folder)
    story = tell(decisions=decisions)
    if decisions:
        write(ledger, story)
    with fresh_database(server) as dsn, projected(ledger, dsn) as made:
        made.seal_and_project()
        yield World(made, story)
    ledger.close()


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("f"), postgres_server, decisions=30) as made:
        yield made


@pytest.fixture(scope="module")
def empty(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("e"), postgres_server, decisions=0) as made:
        yield made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Open the pages of a world: ``opened(world, page="integrity", id=…)``."""
    connection._open.clear()

    def run(
        world: World, page: str = "decision", *, dsn: str | None = None, **params: str
    ) -> AppTest:
        config = world.made.ledger.config
        monkeypatch.setenv("MLLEDGER_HOME", str(config.home))
        monkeypatch.setenv("MLLEDGER_PG__DSN", dsn or config.database.dsn)
        test = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        if page != "decision":
            test = test.run().switch_page(f"views/{page}.py")
        for name, value in params.items():
            test.query_params[name] = value
        return test.run()

    yield run
    connection._open.clear()


def texts(test: AppTest) -> str:
    """Everything a page says, in one text."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "code")
    kinds += ("info", "success", "warning", "error", "metric")
    said: list[str] = []
    for kind in kinds:
        said += [str(item.value) for item in test.get(kind)]
        said += [str(getattr(item, "label", "")) for item in test.get(kind)]
    said += [status.label for status in test.get("status")]
    said += [table.value.to_csv() for table in test.get("table")]
    return "\n".join(said).replace("\\", "")
