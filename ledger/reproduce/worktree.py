"""The code as it ran: a clone at the recorded commit with the recorded difference."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ledger.errors import LedgerError
from ledger.reproduce.gitting import attempt, git, has_commit, top
from ledger.reproduce.manifest import Gap
from ledger.sdk.content import text_digest
from ledger.sdk.git import Repository
from ledger.secrets import redact_text

_UNTRACKED = re.compile(r"untracked: (?P<name>.+?)(?: \((?P<size>\d+) bytes\))?")


def find_repository(commit: str, places: Iterable[Path]) -> Path | None:
    """Return the first work tree or bare repository that holds a commit, or None."""
    for place in places:
        folder = place if place.is_dir() else place.parent
        if has_commit(folder, commit):
            return top(folder) or folder
    return None


def local_path(url: str | None) -> Path | None:
    """Return the folder that a recorded remote names, None where it is elsewhere."""
    if not url:
        return None
    text = url.removeprefix("file://")
    return Path(text) if text.startswith(("/", "~")) else None


def clone(source: Path, commit: str, folder: Path, *, remote: str | None) -> None:
    """Make a work tree at a commit; the source's own files and settings stay as is.

    Args:
        source: a repository that holds the commit.
        commit: its full hash.
        folder: not there yet, or empty.
        remote: what ``origin`` was when the run was recorded; None for no remote.

    Raises:
        LedgerError: git refused; the text says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--template=", ".")
    git(folder, "remote", "add", "origin", str(source))
    fetched = attempt(folder, "fetch", "--quiet", "--no-tags", "origin", commit)
    if fetched.returncode != 0:
        _borrow(source, folder)
    git(folder, "checkout", "--quiet", "--detach", commit)
    if remote is None:
        git(folder, "remote", "remove", "origin")
    else:
        git(folder, "remote", "set-url", "origin", remote)


def _borrow(source: Path, folder: Path) -> None:
    """Read the source's objects in place: a commit that no branch leads to is there."""
    objects = git(source, "rev-parse", "--git-path", "objects").strip()
    place = (source / objects).resolve()
    info = folder / ".git" / "objects" / "info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "alternates").write_text(f"{place}\n", encoding="utf-8")


def apply_difference(folder: Path, text: str) -> list[Gap]:
    """Apply a recorded difference; returns what it names and does not hold.

    Args:
        folder: a work tree at the recorded commit.
        text: as :meth:`ledger.sdk.git.Repository.diff` gave it, secrets cut out.
    """
    gaps = list[Gap]()
    tracked, untracked = _parts(text)
    if "[REDACTED:" in text:
        why = "a secret was cut out of the recorded difference"
        gaps.append(Gap("diff", why, blocking=False))
    if re.search(r"^Binary files .* differ$", tracked, re.MULTILINE):
        gaps.append(Gap("diff", "a binary file had changed; only its name is known"))
    try:
        if tracked.strip():
            git(folder, "apply", "--whitespace=nowarn", "-", stdin=tracked.encode())
    except LedgerError as error:
        gaps.append(Gap("diff", f"the recorded difference does not apply: {error}"))
    for head, body in untracked:
        gaps += _write_untracked(folder, head, body)
    return gaps


def restored(folder: Path, digest: str | None) -> bool:
    """Tell whether a work tree differs from its commit just as was recorded.

    Args:
        folder: the work tree.
        digest: of the recorded difference, None when there was none.
    """
    text = redact_text(Repository(folder).diff(), where="diff")[0]
    return (text_digest(text) if text else None) == digest


def _parts(text: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """Split a difference into what git printed and the untracked files."""
    lines = text.split("\n")
    at = next((n for n, one in enumerate(lines) if _UNTRACKED.fullmatch(one)), None)
    if at is None:
        return text, []
    files: list[tuple[str, list[str]]] = []
    for line in lines[at:]:
        if line.startswith("untracked: "):
            files.append((line, []))
        elif line.startswith("+") and files:
            files[-1][1].append(line[1:])
    return "".join(f"{line}\n" for line in lines[:at]), files


def _write_untracked(folder: Path, head: str, body: list[str]) -> list[Gap]:
    found = _UNTRACKED.fullmatch(head)
    if found is None:
        return []
    name, size = found["name"], int(found["size"] or -1)
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        return [Gap("diff", f"{name}: lies outside the work tree")]
    if not body and size != 0:
        why = f"{name} was not tracked; only its name and size are recorded"
        return [Gap("diff", why, blocking=False)]
    text = "".join(f"{line}\n" for line in body)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_of_size(text, size))
    return []


def _of_size(text: str, size: int) -> bytes:
    """Return a text's bytes with the line ends that make it as long as it was."""
    for form in (text, text.removesuffix("\n"), text.replace("\n", "\r\n")):
        if len(form.encode()) == size:
            return form.encode()
    return text.encode()
