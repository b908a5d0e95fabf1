"""Programs in Go that check what is published here: compiled where a test needs them.

Both are compiled on one worker (see :mod:`tests.support.groups`): Go's own packages,
which take most of the time, are then compiled once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.conftest import absent

# To compile takes longer than to run: nothing is optimised, nothing asks a C compiler.
_ENVIRONMENT = {"CGO_ENABLED": "0"}
_CHEAP = ("-gcflags=all=-N -l", "-ldflags=-s -w")
_BUILD = ("build", "-mod=mod", *_CHEAP, "-o", "check", ".")


def go(folder: Path, *arguments: str, what: str) -> str:
    """Run Go in a folder and return what it prints; without ``what``, skip the test.

    Args:
        folder: of the module.
        arguments: for the command ``go``.
        what: is needed and may be absent.
    """
    if shutil.which("go") is None:
        absent(f"go, and {what}")
    done = subprocess.run(
        ["go", *arguments],
        cwd=folder,
        env=os.environ | _ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        absent(f"{what} ({done.stderr.strip()[-500:]})")
    return done.stdout


def compiled(folder: Path, *, what: str) -> Path:
    """Compile the module of a folder; its own modules come through Go's proxy."""
    go(folder, *_BUILD, what=what)
    return folder / "check"
