"""Small git repositories."""

from __future__ import annotations

from pathlib import Path

from ledger.reproduce.gitting import git

_WHO = ("-c", "user.name=ana", "-c", "user.email=ana@example.org")


def make_repository(folder: Path, files: dict[str, str]) -> Path:
    """Make a repository with one commit of some files."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    for name, text in files.items():
        (folder / name).write_text(text)
    commit_all(folder)
    return folder


def commit_all(folder: Path) -> str:
    """Commit all there is; returns the commit's hash."""
    git(folder, "add", "--all")
    git(folder, *_WHO, "commit", "--quiet", "-m", "x")
    return git(folder, "rev-parse", "HEAD").strip()
