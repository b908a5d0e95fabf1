"""An honest home with its answers in Postgres, copied for each row."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
from psycopg import conninfo, sql

from ledger.config import FILE_NAME, format_config
from tests.support.database import Story, projected, tell, with_database, write
from tests.support.forgeries.rows import Check, Found
from tests.support.ledger import copy_ledger, make_ledger
from tests.support.story import Home

if TYPE_CHECKING:
    from tests.support.forgeries.stage import Stage


class Tables:
    """One home and one database to copy.

    Args:
        folder: where the home is made.
        server: DSN of a Postgres server's maintenance database.
    """

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server
        self._copies = 0

    @cached_property
    def _template(self) -> tuple[Path, str, Story]:
        ledger, story = make_ledger(self._folder), tell(decisions=4)
        write(ledger, story)
        ledger.seal()
        name = self._create("")
        with projected(ledger, self._dsn(name)) as it:
            it.project()
        ledger.close()
        return ledger.home, name, story

    @contextmanager
    def copy(self, target: Path) -> Generator[Answering]:
        """Copy home and database; the database goes afterwards."""
        home, database, story = self._template
        name = self._create(database)
        ledger = copy_ledger(home, target)
        config = with_database(ledger.config, self._dsn(name))
        (ledger.home / FILE_NAME).write_text(format_config(config), encoding="utf-8")
        ledger.close()
        try:
            yield Answering(Home(config), story, self._dsn(name))
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _create(self, template: str) -> str:
        self._copies += 1
        name = f"forged_{id(self)}_{self._copies}"
        if template:
            self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        else:
            self._execute("CREATE DATABASE {}", name)
        return name

    def _execute(self, statement: str, *names: str) -> None:
        quoted = map(sql.Identifier, names)
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*quoted))  # type: ignore[arg-type]

    def _dsn(self, name: str) -> str:
        return conninfo.make_conninfo(self._server, dbname=name)


@dataclass
class Answering:
    """A home, the story in it, and where its answers are."""

    home: Home
    story: Story
    dsn: str


@contextmanager
def tables(stage: Stage) -> Generator[Answering]:
    """Start from a copy of the home whose answers are in Postgres."""
    with stage.tables.copy(stage.new_folder()) as it:
        yield it


def changed(statement: str) -> Callable[[Answering], None]:
    """Change the database as its administrator can."""

    def forge(it: Answering) -> None:
        with psycopg.connect(it.dsn, autocommit=True) as connection:
            assert connection.execute(statement.encode()).rowcount > 0

    return forge


def made(statements: str) -> Callable[[Answering], None]:
    """Make something in the database as its administrator can."""

    def forge(it: Answering) -> None:
        with psycopg.connect(it.dsn, autocommit=True) as connection:
            connection.execute(statements.encode())

    return forge


def _asked(*words: str) -> Callable[[Answering], Found]:
    def run(it: Answering) -> Found:
        ids = {"ID": str(it.story.decision_id)}
        answered = it.home.ask(*(ids.get(word, word) for word in words))
        named = [place for place in answered.places if place != "None"]
        places = [_plain(place, it.story) for place in named]
        return Found(str(answered.exit), tuple(places))

    return run


def _plain(place: str, story: Story) -> str:
    """Put the story's labels in the place of its ids, which are random."""
    for name, event in story.events.items():
        place = place.replace(str(UUID(bytes=event.event_id)), f"<{name}>")
    return place.replace(str(story.decision_id), "<decision>")


SHOW = Check("decision show --verify", _asked("decision", "show", "ID", "--verify"))
ALL = Check("audit", _asked("audit"))
SAMPLE = Check("verify projection", _asked("verify", "projection", "--sample", "10000"))
