"""One changed byte anywhere in a copied home is found, and the place is named.

The copy is made by ``cp -r`` of the whole home, embedded Postgres included, while the
original's server runs; each change is undone after its test.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil
import psycopg
import pytest

from ledger.config import load_config
from projections.database import Database
from tests.support.story import (
    Answered,
    Home,
    Told,
    changed_record,
    flipped,
    make_home,
    removed,
    removed_record,
    tell,
)

pytestmark = pytest.mark.postgres
CONTROL = -1
# A broker's records are changed in tests/faults/test_end_to_end.py; data folders do not
# depend on the log.
embedded = pytest.mark.parametrize("original", ["sqlite"], indirect=True)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)]
)
def original(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Home, Told]]:
    """A home with its own server, which runs as long as the tests do."""
    kafka = request.param == "kafka"
    bootstrap = request.getfixturevalue("kafka_bootstrap") if kafka else ""
    home = make_home(tmp_path_factory.mktemp("original"), bootstrap=bootstrap)
    told = tell(home, tmp_path_factory.mktemp("work"))
    with Database.open(home.config):
        home.work()
        yield home, told


@pytest.fixture(scope="module")
def copy(
    original: tuple[Home, Told], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    home = original[0].copy(tmp_path_factory.mktemp("copied") / "home")
    with Database.open(home.config):
        yield home


@pytest.fixture(scope="module")
def decision(original: tuple[Home, Told]) -> UUID:
    return original[1].decision


@pytest.fixture(scope="module")
def where(copy: Home, decision: UUID) -> tuple[int, int]:
    """Partition and leaf of the decision."""
    answer = show(copy, decision)
    assert answer.exit == 0
    position = answer.data["links"][0]["position"]
    return copy.config.partition(position["origin"]), position["leaf"]


def show(home: Home, decision: UUID) -> Answered:
    return home.ask("decision", "show", decision, "--verify")


FILES = {
    "tile": "tile/0/**/*",
    "entries tile": "tile/entries/**/*",
    "checkpoint": "checkpoint",
    "control checkpoint": "checkpoint",
}


def published(home: Home, what: str, partition: int) -> Path:
    of = CONTROL if what.startswith("control") else partition
    return home.file(FILES[what], partition=of)


def found(answer: Answered, code: int, place: str) -> None:
    """The command failed, and at least one error stands at that very place."""
    assert answer.exit == answer.envelope["exit"] == code
    assert not answer.envelope["ok"]
    assert any(place in one for one in answer.places), answer.places
    ids = {error["id"] for error in answer.envelope["errors"]}
    assert ids  # each error says what it is
    assert all(error["message"] for error in answer.envelope["errors"])


@pytest.mark.parametrize(
    ("what", "at"),
    [
        *((what, 0.5) for what in FILES),
        ("checkpoint", 0.02),  # the origin; in the middle stands the root
        ("checkpoint", 0.97),  # the signature
        ("entries tile", 0.999),  # the last leaf
    ],
)
def test_a_flipped_byte_in_a_published_file_is_a_contradiction(
    copy: Home, decision: UUID, where: tuple[int, int], what: str, at: float
):
    path = published(copy, what, where[0])
    place = str(path.relative_to(copy.config.public))
    with flipped(path, at):
        found(show(copy, decision), 5, place)
        found(copy.ask("verify", "log"), 5, place)


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_gone_could_not_be_checked(
    copy: Home, decision: UUID, where: tuple[int, int], what: str
):
    path = published(copy, what, where[0])
    place = str(path.relative_to(copy.config.public))
    with removed(path):
        found(show(copy, decision), 6, place)
        found(copy.ask("verify", "log"), 6, place)


@embedded
@pytest.mark.parametrize(
    ("change", "code"), [(changed_record, 5), (removed_record, 6)], ids=["flip", "gone"]
)
def test_a_changed_record_contradicts_and_a_lost_one_could_not_be_checked(
    copy: Home, decision: UUID, where: tuple[int, int], change, code: int
):
    partition, offset = where
    place = f"{copy.config.origin(partition)} offset {offset}"
    with change(copy.config, partition, offset):
        found(show(copy, decision), code, place)
        found(copy.ask("verify", "log"), code, place)
    assert show(copy, decision).exit == 0


@pytest.mark.parametrize(
    ("table", "column", "other"),
    [
        ("decisions.decision", "output", "'deny'"),
        ("registry.release", "thresholds", """'{"accept": 0.4}'"""),
        ("registry.approval", "decision", "'reject'"),
    ],
)
def test_a_changed_column_of_a_row_is_named(
    copy: Home,
    original: tuple[Home, Told],
    decision: UUID,
    table: str,
    column: str,
    other: str,
):
    links = show(copy, decision).data["links"]
    kind = table.partition(".")[2]
    event = next(link["event_id"] for link in links if link["kind"] == kind)
    with altered_row(copy, table, column, other, event):
        found(show(copy, decision), 5, f"{table} {event} column {column}")
        assert copy.ask("verify", "log").exit == 0  # which asks no database
        assert show(original[0], decision).exit == 0  # the copy has its own rows
    assert show(copy, decision).exit == 0


@contextmanager
def altered_row(
    home: Home, table: str, column: str, other: str, event: str
) -> Iterator[None]:
    key = "event_id = %s"
    with (
        Database.open(home.config) as database,
        database.connect("owner", autocommit=True) as connection,
    ):
        select = f"SELECT {column} FROM {table} WHERE {key}".encode()
        row = connection.execute(select, (event,)).fetchone()
        assert row is not None
        update = f"UPDATE {table} SET {column} = {other} WHERE {key}".encode()
        assert connection.execute(update, (event,)).rowcount == 1
        assert connection.execute(select, (event,)).fetchone() != row
        try:
            yield
        finally:
            back = f"UPDATE {table} SET {column} = %s WHERE {key}".encode()
            value = row[0]
            if isinstance(value, dict):
                value = json.dumps(value)
            connection.execute(back, (value, event))


@pytest.fixture
def one_more(original: tuple[Home, Told], tmp_path: Path) -> Iterator[Home]:
    """A further copy, without a server of its own yet."""
    return original[0].copy(tmp_path / "home")


def data_folder(home: Home) -> Path:
    return home.path / home.config.database.folder


def server_of(home: Home) -> psutil.Process:
    lines = (data_folder(home) / "postmaster.pid").read_text().splitlines()
    return psutil.Process(int(lines[0]))


@embedded
def test_a_copy_gets_a_server_of_its_own_and_leaves_the_originals_alone(
    original: tuple[Home, Told], one_more: Home, decision: UUID
):
    before = server_of(original[0])
    assert server_of(one_more) == before  # this is what the copied file says
    with Database.open(one_more.config) as database:
        with psycopg.connect(database.dsn) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row == (str(data_folder(one_more)),)
        assert server_of(one_more) != before
    assert not (data_folder(one_more) / "postmaster.pid").exists()  # it was stopped
    assert server_of(original[0]) == before
    assert before.is_running()
    assert show(original[0], decision).exit == 0


@embedded
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGKILL], ids=["stop", "kill"]
)
def test_a_copy_made_of_a_running_server_is_asked_after_that_ones_end(
    one_more: Home, decision: UUID, tmp_path: Path, number: signal.Signals
):
    with Database.open(one_more.config) as database:
        database.connect().close()
        second = one_more.copy(tmp_path / "second")
        server = server_of(one_more)
        server.send_signal(number)
        server.wait(60)
    done = second.run("decision", "show", decision, "--verify", "--json")
    assert (done.returncode, json.loads(done.stdout)["exit"]) == (0, 0), done.stderr
    assert show(one_more, decision).exit == 0  # the killed one starts again as well


@embedded
def test_a_process_that_has_a_dead_servers_number_is_left_alone(
    one_more: Home, decision: UUID
):
    with Database.open(one_more.config):
        path = data_folder(one_more) / "postmaster.pid"
        lines = path.read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as bystander:
        path.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        assert show(one_more, decision).exit == 0
        assert bystander.poll() is None
        bystander.kill()


@embedded
def test_a_home_that_is_moved_from_under_its_server_is_asked_at_its_new_place(
    one_more: Home, decision: UUID, tmp_path: Path
):
    database = Database.open(one_more.config)
    database.connect().close()
    server = server_of(one_more)
    moved = one_more.path.rename(tmp_path / "moved")
    database.close()
    assert server.is_running()

    assert show(Home(load_config(moved)), decision).exit == 0
    assert psutil.wait_procs([server], timeout=60)[1] == []


@embedded
def test_a_flipped_byte_in_a_table_file_of_the_database_is_a_contradiction(
    one_more: Home, decision: UUID
):
    with Database.open(one_more.config) as database, database.connect() as connection:
        row = connection.execute(
            "SELECT pg_relation_filepath(tableoid) FROM decisions.decision LIMIT 1"
        ).fetchone()
        assert row is not None
    with flipped(data_folder(one_more) / str(row[0]), 0.99):
        answer = show(one_more, decision)
    found(answer, 5, "block 0")
