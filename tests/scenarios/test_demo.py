"""The demo ends well, says what it should, and may be run twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.postgres


def demo(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ledger", "demo", "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "CI": "true"},
    )


def test_the_demo_runs_twice_in_one_home(tmp_path: Path) -> None:
    for expected in ("made in", "found in"):
        done = demo(tmp_path / "home")
        assert done.returncode == 0, done.stderr
        assert expected in done.stderr
        assert "0 not passed" in done.stderr
        assert "the record is not the one that was sealed" in done.stderr
        assert "5280 decisions by 2 model versions" in done.stdout
        assert "✖" not in done.stdout
        assert done.stdout.count("✔") >= 20
        assert done.stdout.count("(champion)") == 2
