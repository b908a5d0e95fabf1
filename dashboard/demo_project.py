"""The demo's training project: a small repository with program and data.

It lies in the home of the demo's ledger, so that the training can be repeated wherever
the demo was run, from a wheel as well as from a checkout.
"""

# pyright: basic, reportMissingTypeStubs=false
# pandas has no complete types; this is a story, not a library.

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard import demo_training
from ledger.errors import LedgerError

if TYPE_CHECKING:
    import pandas as pd

    from ledger.sdk import DatasetVersion

PROGRAM = "train.py"
DATA = Path("data") / "train.csv"
_IGNORED = "models/\n__pycache__/\n"
_AUTHOR = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Project:
    """A repository in a folder.

    Args:
        folder: where it is, or will be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def data(self) -> Path:
        """The file that the program trains on."""
        return self.folder / DATA

    def write_data(self, frame: pd.DataFrame) -> Path:
        """Write the training data, each number in full; returns the file."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(self.data, index=False)
        return self.data

    def commit(self, version: DatasetVersion) -> None:
        """Pin the data to its recorded version and commit program and data.

        Without git the program runs all the same, and its runs say that no commit
        could be captured.
        """
        program = Path(demo_training.__file__).read_text(encoding="utf-8")
        (self.folder / PROGRAM).write_text(program, encoding="utf-8")
        (self.folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
        pin = self.data.with_suffix(".version.json")
        pin.write_text(json.dumps(version.to_dict(), indent=1) + "\n", encoding="utf-8")
        if not (self.folder / ".git").is_dir():
            self._git("init", "--quiet", "--template=")
            self._git("remote", "add", "origin", str(self.folder.absolute()))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", "Pin the training data")

    def train(self, name: str, *, home: Path) -> tuple[dict[str, Any], Path]:
        """Start the program for one model; returns its version handle and its file.

        Args:
            name: which model.
            home: the ledger that it records into.

        Raises:
            LedgerError: the program failed; the text is the end of what it said.
        """
        command = [sys.executable, PROGRAM, "--model", name, "--data", str(DATA)]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "MLLEDGER_HOME": str(home), "MLLEDGER_QUIET": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise LedgerError(f"{PROGRAM} ended with {done.returncode}: {said[-1]}")
        handle: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return handle, self.folder / "models" / f"{name}.joblib"

    def _git(self, *arguments: str) -> None:
        environment = {**os.environ, **_AUTHOR}
        try:
            subprocess.run(
                ["git", *arguments],
                cwd=self.folder,
                env=environment,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            return
