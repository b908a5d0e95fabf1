"""Child processes that die: forked from a server in which all is imported already.

What is killed must be a process, and need not be a new interpreter: to start one and
import the ledger takes half a second, a hundred times over. A fork of the tests' own
process would inherit its threads and locks; the server has none.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["tests.support.producer", "tests.support.vault", "ledger.seal"]
)


def run_forked(
    function: Callable[..., object], *arguments: object, timeout: float = 200.0
) -> subprocess.CompletedProcess[str]:
    """Run a function of a module that can be imported, as a process of its own.

    Args:
        function: it ends the process, or returns.
        arguments: what it is given; they are pickled.
        timeout: seconds until the process is given up.

    Raises:
        TimeoutExpired: it has not ended by then; it is killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        process = _SERVER.Process(target=_run, args=(said, function, arguments))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(function.__qualname__, timeout)
        code = process.exitcode
        process.close()
        out, err = (path.read_text("utf-8") if path.exists() else "" for path in said)
        return subprocess.CompletedProcess(function.__qualname__, code, out, err)


def _run(
    said: list[Path], function: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    for number, path in enumerate(said, start=1):
        written = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(written, number)
        os.close(written)
    function(*arguments)
