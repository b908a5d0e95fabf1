"""Start the program of a run in a fresh process that sees only what it is given."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.errors import InvalidEventError
from ledger.sdk.rerun import FOLDER_VARIABLE, RUN_VARIABLE, THREADS

if TYPE_CHECKING:
    from ledger.reproduce.recorded import RecordedRun

_PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
    *("TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "CUDA_VISIBLE_DEVICES", "NO_COLOR", "CI"),
)
_OURS = "MLLEDGER_"
_NOT_OURS = frozenset(
    {"MLLEDGER_DISABLED", "MLLEDGER_HOME", "MLLEDGER_DERIVED_FROM", "MLLEDGER_STRICT"}
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process ended.

    Attributes:
        code: exit code; negative for a signal, None when the time ran out.
        log: file with all that it printed.
    """

    code: int | None
    log: Path

    def tail(self, lines: int = 12) -> list[str]:
        """Return the last lines that it printed."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return text.splitlines()[-lines:]


def environment_of(
    run: RecordedRun,
    *,
    home: Path,
    folder: Path,
    further: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the environment of a repetition.

    It has the paths and the language of the present one, the settings of the ledger,
    the hash seed and the number of threads that were recorded, and what the user adds;
    nothing else of the present environment.

    Args:
        run: the recorded run.
        home: the ledger home that it records into.
        folder: where its events are written too.
        further: variables that the user adds.
        environ: the present environment.
    """
    kept = {name: environ[name] for name in _PASSED if name in environ}
    ours = {
        k: v for k, v in environ.items() if k.startswith(_OURS) and k not in _NOT_OURS
    }
    return {
        **kept,
        **ours,
        **thread_settings(run),
        **further,
        "MLLEDGER_HOME": str(home),
        RUN_VARIABLE: str(UUID(bytes=run.id)),
        FOLDER_VARIABLE: str(folder),
        "MLLEDGER_QUIET": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def parse_variables(
    texts: Sequence[str], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return variables written as ``NAME=VALUE``, or ``NAME`` to take the present one.

    Raises:
        InvalidEventError: a name alone, and no such variable is set.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark and name not in environ:
            raise InvalidEventError(f"--env {name}: not set here", hint="NAME=VALUE")
        found[name] = value if mark else environ[name]
    return found


def start(
    command: list[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    timeout: float | None = None,
) -> Ended:
    """Run a program to its end; what it prints goes into a file.

    Args:
        command: its command line.
        cwd: folder in which it starts.
        environment: all variables that it sees.
        log: file for what it prints.
        timeout: seconds that it may take, None for any.
    """
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ended(None, log)
    return Ended(done.returncode, log)


def thread_settings(run: RecordedRun) -> dict[str, str]:
    """Return the variables for the hash seed and the threads that were recorded.

    Where no limit of threads was set, the number of processors was the limit: sums
    are cut into as many parts.
    """
    found: dict[str, str] = {n: run.tags[n] for n in THREADS if n in run.tags}
    count = (run.environment or {}).get("cpu_count")
    if not found and count and count != os.cpu_count():
        found = {name: str(count) for name in THREADS}
    seed = run.seeds.get("PYTHONHASHSEED")
    return found if seed is None else found | {"PYTHONHASHSEED": str(seed)}
