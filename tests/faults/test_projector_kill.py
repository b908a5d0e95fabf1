"""A projector that is killed anywhere leaves tables as if it had not been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ledger import clock
from projections.digests import table_digests
from projections.rebuild import rebuild
from tests.support.database import Projected, projected, tell, write
from tests.support.ledger import make_ledger

pytestmark = [pytest.mark.postgres, pytest.mark.faults]

PROJECT = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from ledger.config import load_config
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.verification import load_control
    from projections.database import Database
    from projections.projection import advance

    config = load_config(Path(sys.argv[1]))
    log, public = open_log(config), PublicFolder(config.public)
    control = load_control(log, public, config.ledger_id)
    with Database.open(config) as database:
        connection = database.connect("writer", autocommit=True)
        while True:
            done = advance(
                connection, log=log, public=public, control=control, max_leaves=2
            )
            print(done.leaves, flush=True)
    """
)


def killed_after(home: Path, dsn: str, batches: int, *, delay_ms: int) -> None:
    """Project in another process and kill it after some batches and a moment more."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROJECT, str(home)],
        stdout=subprocess.PIPE,
        env={**os.environ, "MLLEDGER_PG__DSN": dsn},
        text=True,
    )
    assert process.stdout
    for _ in range(batches):
        assert process.stdout.readline()
    try:
        process.wait(delay_ms / 1_000)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL


def digests(world: Projected) -> dict[str, str]:
    with world.connection() as connection:
        return table_digests(connection)


def test_kill_minus_nine_at_any_point_is_exactly_once(tmp_path: Path, tables_dsn: str):
    ledger = make_ledger(tmp_path, partitions=2)
    write(ledger, tell())
    ledger.emit_decisions(300, per_entry=4)
    ledger.emit_decisions(300, per_entry=4, partition=1)
    ledger.seal()
    with projected(ledger, tables_dsn) as world:
        world.migrate()
        for batches, delay_ms in ((0, 900), (1, 3), (3, 7), (6, 1), (2, 12)):
            killed_after(ledger.home, tables_dsn, batches, delay_ms=delay_ms)
        world.project()
        survived = digests(world)
        with world.connection("owner") as connection:
            rebuild(
                connection,
                log=ledger.log,
                public=ledger.public,
                control=world.control,
                now=clock.now_us(),
            )
        assert digests(world) == survived
        with world.connection() as connection:
            row = connection.execute("SELECT count(*) FROM decisions.decision")
            assert row.fetchone() == (603,)
    ledger.close()
