"""The demo ends well, says what it should, and may be run twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.postgres
FEWER = """
import sys
from dashboard import demo_story
from ledger.cli import run
demo_story.DECISIONS, sys.argv = 100, ["mlledger", *sys.argv[1:]]
run()
"""


def demo(home: Path, *how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *how, "demo", "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "CI": "true"},
    )


@pytest.mark.timeout(600)
def test_the_demo_runs_twice_in_one_home(tmp_path: Path) -> None:
    """As users run it, then again with fewer decisions: they take the longest."""
    for how, expected, decisions in (
        (("-m", "ledger"), "made in", 5280),
        (("-c", FEWER), "found in", 280),
    ):
        done = demo(tmp_path / "home", *how)
        assert done.returncode == 0, done.stderr
        assert expected in done.stderr
        assert "0 not passed" in done.stderr
        assert "the record is not the one that was sealed" in done.stderr
        assert f"{decisions} decisions by 2 model versions" in done.stdout
        assert "✖" not in done.stdout
        assert done.stdout.count("✔") >= 20
        assert done.stdout.count("(champion)") == 2
    training_comes_back(tmp_path / "home")


def training_comes_back(home: Path) -> None:
    """Repeat the demo's first training: the same bytes, though it was another day."""
    first = asked(home, "run", "ls")[-1]
    done = asked(home, "run", "reproduce", first["run_id"])
    assert (done["verdict"], done["differences"]) == ("identical", [])
    assert list(done["outputs"]) == ["logistic.joblib"]


def asked(home: Path, *words: str) -> Any:
    command = [sys.executable, "-m", "ledger", *words, "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)["data"]
