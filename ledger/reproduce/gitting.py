"""Git, asked by subprocess: without hooks, prompts, filters of ours or a network."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ledger.errors import ConfigurationError, LedgerError

_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
_TIMEOUT_S = 300.0


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> str:
    """Run git in a folder and return what it printed.

    Raises:
        ConfigurationError: git is not installed.
        LedgerError: it ended with an error or took over five minutes.
    """
    done = attempt(folder, *arguments, stdin=stdin)
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise LedgerError(f"git {arguments[0]}: {reason[-1] if reason else 'failed'}")
    return done.stdout.decode("utf-8", "replace")


def has_commit(folder: Path, commit: str) -> bool:
    """Tell whether a folder belongs to a repository that holds a commit."""
    if not folder.is_dir():
        return False
    return attempt(folder, "cat-file", "-e", f"{commit}^{{commit}}").returncode == 0


def top(folder: Path) -> Path | None:
    """Return the top folder of the work tree that a folder is in, or None."""
    if not folder.is_dir():
        return None
    done = attempt(folder, "rev-parse", "--show-toplevel")
    text = done.stdout.decode("utf-8", "replace").strip()
    return Path(text) if done.returncode == 0 and text else None


def hide(tree: Path, patterns: Iterable[str]) -> None:
    """Let git overlook untracked files of a work tree, without a file it would see."""
    file = tree / ".git" / "info" / "exclude"
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.writelines(f"{pattern}\n" for pattern in patterns)


def attempt(
    folder: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, whatever its exit code.

    Raises:
        ConfigurationError: git is not installed.
        LedgerError: it took over five minutes.
    """
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
    }
    try:
        return subprocess.run(
            ["git", *_QUIET, *arguments],
            cwd=folder,
            env=environment,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigurationError("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise LedgerError(f"git {arguments[0]} took over five minutes") from error
