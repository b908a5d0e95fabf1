"""The environment of a run: the present one where it is the same, else a new one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import LedgerError
from ledger.reproduce.differences import Locks, libraries
from ledger.sdk.host import packages_text, python_version

_ABSENT = re.compile(
    r"No matching distribution found for ([A-Za-z0-9._-]+)|"
    r"Because ([A-Za-z0-9._-]+) was not found|no version of ([A-Za-z0-9._-]+)=="
)
_MOST_ABSENT = 5
_READY = "mlledger-ready"
_ASK = (
    "import json, platform, sys\n"
    "from importlib.metadata import distributions as d\n"
    "print(json.dumps([platform.python_version(), "
    "sorted({f'{x.name}=={x.version}' for x in d()})]))"
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python to run with.

    Attributes:
        python: the program.
        how: which it is, in words.
        absent: distributions that could not be installed.
    """

    python: Path
    how: str
    absent: tuple[str, ...] = ()


def present(lock: str | None, python: str) -> Interpreter | None:
    """Return the present Python if it has exactly what was recorded, else None.

    Args:
        lock: the recorded list of distributions.
        python: the recorded version of Python.
    """
    if lock is None or lock != packages_text() or python != python_version():
        return None
    return Interpreter(
        Path(sys.executable),
        f"the present environment has exactly the {lock.count(chr(10))} recorded "
        f"distributions and Python {python}{_folders(lock)}",
    )


def as_it_is(lock: str | None) -> Interpreter:
    """Return the present Python, whatever differs."""
    apart = libraries(Locks(lock, packages_text())) if lock else None
    count = "unknown" if apart is None else str(len(apart))
    how = f"the present environment, as asked; differing distributions: {count}"
    return Interpreter(Path(sys.executable), how)


def made_anew(lock: str, python: str, folder: Path, *, offline: bool) -> Interpreter:
    """Make an environment from a recorded list, or return the one made before.

    Args:
        lock: the recorded list of distributions.
        python: the recorded version of Python; its first two numbers must be had.
        folder: of the environment; kept for the next time.
        offline: install from local wheels and caches alone.

    Raises:
        LedgerError: no such Python is installed, or an environment cannot be made.
    """
    program = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    ready = folder / _READY
    if ready.is_file():
        kept = json.loads(ready.read_text(encoding="utf-8"))
        return Interpreter(program, f"the environment in {folder}", tuple(kept))
    shutil.rmtree(folder, ignore_errors=True)
    _call([_python_of(python), "-m", "venv", "--without-pip", str(folder)])
    lines = [requirement(line) for line in lock.splitlines()]
    absent = _install(program, lines, folder / "requirements.txt", offline=offline)
    if not absent:
        absent = _still_absent(program, lock)
    if not absent:
        ready.write_text("[]", encoding="utf-8")
    how = f"an environment of {len(lines)} distributions, made in {folder}"
    return Interpreter(program, how + _folders(lock), tuple(absent))


def _folders(lock: str) -> str:
    """Say which distributions are folders: a list does not tell what those held."""
    names = [
        line.partition("==")[0] for line in lock.splitlines() if " @ file:" in line
    ]
    if not names:
        return ""
    return (
        f"; installed from a folder whose content is not recorded: {', '.join(names)}"
    )


def _python_of(version: str) -> str:
    """Return a program of that version of Python, or of its first two numbers."""
    short = ".".join(version.split(".")[:2])
    if python_version().startswith(f"{short}."):
        return sys.executable
    found = shutil.which(f"python{short}")
    if found is None:
        raise LedgerError(
            f"Python {version}: not installed here",
            hint="install it, or run with --present-environment",
        )
    return found


def requirement(line: str) -> str:
    """Return a line of the recorded list as pip reads it: a URL is the version."""
    pinned, _, url = line.partition(" @ ")
    if not url:
        return line
    name = pinned.partition("==")[0]
    commit = re.search(r"@[0-9a-f]{40}$", url)
    return f"{name} @ {'git+' if commit and '+' not in url else ''}{url}"


def _install(
    program: Path, lines: list[str], file: Path, *, offline: bool
) -> list[str]:
    """Install what can be; return what is not to be had, the first five at most."""
    absent = list[str]()
    while lines and len(absent) < _MOST_ABSENT:
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        done = subprocess.run(
            _installer(program, file, offline=offline),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return absent
        named = next(filter(None, _named(done.stderr)), None)
        left = [line for line in lines if named and not _is(line, named)]
        if named is None or len(left) == len(lines):
            reason = (done.stderr.strip().splitlines() or ["failed"])[-1]
            raise LedgerError(f"the environment cannot be made: {reason}")
        absent.append(named)
        lines = left
    return absent


def _named(text: str) -> list[str]:
    return [name for found in _ABSENT.findall(text) for name in found if name]


def _is(line: str, name: str) -> bool:
    own = re.split(r"==| @ ", line)[0]
    return _normal(own) == _normal(name)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installer(program: Path, file: Path, *, offline: bool) -> list[str]:
    uv = shutil.which("uv")
    if uv:
        words = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(program)]
        return [*words, "-r", str(file), *(["--offline"] if offline else [])]
    words = [sys.executable, "-m", "pip", "--python", str(program), "install"]
    quiet = ["--quiet", "--no-deps", "--disable-pip-version-check"]
    return [*words, *quiet, "-r", str(file), *(["--no-index"] if offline else [])]


def _still_absent(program: Path, lock: str) -> list[str]:
    """Return what was recorded and is not there although the installer was content."""
    found = json.loads(_call([str(program), "-c", _ASK]))[1]
    wanted = [line.partition(" @ ")[0] for line in lock.splitlines()]
    return [one for one in wanted if one not in found]


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["failed"])[-1]
        raise LedgerError(f"{Path(command[0]).name}: {reason}")
    return done.stdout
