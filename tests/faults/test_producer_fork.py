"""A forked child is a producer of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.producer import (
    ROOT,
    accepted_ids,
    flush_left,
    journal_files,
    judged,
    make_home,
)

pytestmark = pytest.mark.faults

CHILD = """
import os, sys
from pathlib import Path
from ledger.config import load_config
from tests.support.producer import emit, make_emitter

config = load_config(Path(sys.argv[1]))
emitter = make_emitter(config, mode=sys.argv[2])
before = emit(emitter, 7)
pids = []
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        assert emitter.stats()["emitted"] == 0
        emit(emitter, 5)
        emitter.close(60)
        os._exit(0)
    pids.append(pid)
emit(emitter, 7)
for pid in pids:
    assert os.waitpid(pid, 0)[1] == 0
emitter.close(60)
"""


@pytest.mark.parametrize("mode", ["spool", "strict", "fire"])
def test_parent_and_children_have_streams_of_their_own(tmp_path: Path, mode: str):
    config = make_home(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, str(config.home), mode],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert (done.returncode, done.stderr) == (0, "")
    flush_left(config)
    found = accepted_ids(config)
    assert found.total() == 14 + 2 * 5
    assert set(found.values()) == {1}
    streams = {j.entry.header.stream_id for j in judged(config) if j.entry}
    assert len(streams) == 3


def test_the_parent_keeps_its_journal_while_a_child_lives(tmp_path: Path):
    """A child holds a copy of the lock's descriptor; it must not outlive the parent."""
    config = make_home(tmp_path)
    script = CHILD.replace("emitter.close(60)\n        os._exit", "os._exit").replace(
        "before = emit(emitter, 7)", "before = emit(emitter, 7); emitter.flush(60)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(config.home), "spool"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.stderr == ""
    assert journal_files(config)
    flush_left(config)
    assert accepted_ids(config).total() == 24
