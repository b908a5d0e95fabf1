"""What git knows about the code that runs, asked by subprocess and never changing it.

No lock is taken, no hook, external diff or text converter of the repository is run, and
every question has a time limit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.sdk.faults import CaptureError

_LIMIT = 32 << 20
_CODE = frozenset(
    {".py", ".pyi", ".r", ".jl", ".sql", ".sh", ".scala", ".java", ".go", ".rs", ".c"}
    | {".h", ".cc", ".cpp", ".cu", ".js", ".ts", ".toml", ".yaml", ".yml", ".cfg"}
)
_MAX_UNTRACKED = 1_000
_MAX_UNTRACKED_BYTES = 64 << 10


class Repository:
    """A work tree with a history.

    Attributes:
        root: top folder of the work tree.
    """

    def __init__(self, folder: Path) -> None:
        """Find the work tree that a folder belongs to.

        Raises:
            CaptureError: git is absent, or the folder is in no work tree.
        """
        found = _git(folder, "rev-parse", "--show-toplevel").strip()
        self.root = Path(found)

    def commit(self) -> str:
        """Return the full hash of the commit that is checked out."""
        return _git(self.root, "rev-parse", "--verify", "HEAD").strip()

    def branch(self) -> str:
        """Return the branch's name; empty when no branch is checked out."""
        return _git(self.root, "branch", "--show-current").strip()

    def remote(self) -> str:
        """Return the URL of ``origin``, or of the first remote; credentials included.

        Raises:
            CaptureError: there is no remote.
        """
        names = _git(self.root, "remote").split()
        if not names:
            raise CaptureError("no remote")
        name = "origin" if "origin" in names else names[0]
        return _git(self.root, "remote", "get-url", name).strip()

    def is_dirty(self) -> bool:
        """Tell whether files differ from the commit, untracked ones included."""
        return bool(_git(self.root, "status", "--porcelain", "-z"))

    def diff(self) -> str:
        """Return what differs from the commit: the diff, then the untracked files.

        Untracked code up to 64 KiB a file stands there in full; of other untracked
        files only name and size.

        Raises:
            CaptureError: more than 32 MiB, or git failed.
        """
        tracked = self._tracked_diff()
        listed = _git(
            self.root, "ls-files", "--others", "--exclude-standard", "-z"
        ).split("\0")
        names = sorted(name for name in listed if name)
        shown = [_untracked(self.root, name) for name in names[:_MAX_UNTRACKED]]
        if left := len(names) - _MAX_UNTRACKED:
            shown += [f"untracked: {left} more files\n"] if left > 0 else []
        return tracked + "".join(shown)

    def _tracked_diff(self) -> str:
        """Compare by a copy of the index, for ``git diff`` refreshes what it reads."""
        options = ("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short")
        index = _git(self.root, "rev-parse", "--git-path", "index").strip()
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "index"
            # With its time: a file as young as the index is compared by content.
            shutil.copy2(self.root / index, copy)
            return _git(self.root, "diff", *options, "HEAD", "--", index=copy)


def code_folder(script: Path | None, *, prefix: Path, working: Path) -> Path:
    """Return the folder whose repository holds the code that runs.

    Args:
        script: the program that was started, None when there is none.
        prefix: root of the Python installation; programs below it are tools.
        working: the working folder, the answer when the script tells nothing.
    """
    if script is None or script.is_relative_to(prefix):
        return working
    return script.parent


def _untracked(root: Path, name: str) -> str:
    path = root / name
    if path.is_symlink() or not path.is_file():
        return f"untracked: {name}\n"
    size = path.stat().st_size
    head = f"untracked: {name} ({size} bytes)\n"
    if path.suffix.lower() not in _CODE or size > _MAX_UNTRACKED_BYTES:
        return head
    text = path.read_text(encoding="utf-8", errors="replace")
    return head + "".join(f"+{line}\n" for line in text.splitlines())


def _git(
    folder: Path, *arguments: str, timeout: float = 10.0, index: Path | None = None
) -> str:
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]
    environment = {
        **os.environ,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        **({"GIT_INDEX_FILE": str(index)} if index else {}),
    }
    try:
        done = subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise CaptureError("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise CaptureError(f"git {arguments[0]} took over {timeout:g} s") from error
    return _answer(arguments[0], done)


def _answer(verb: str, done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace")
        if "not a git repository" in reason:
            raise CaptureError("not a git repository")
        raise CaptureError(f"git {verb} ended with {done.returncode}")
    if len(done.stdout) > _LIMIT:
        raise CaptureError(f"git {verb} gave more than {_LIMIT >> 20} MiB")
    return done.stdout.decode("utf-8", "replace")
