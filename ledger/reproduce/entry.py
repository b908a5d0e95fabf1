"""How a recorded command line starts again: another Python, another folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.reproduce.gitting import hide
from ledger.reproduce.notebook import (
    RESULT_NAME,
    RUN_NAME,
    as_it_ran,
    find_notebook,
    is_notebook,
    notebook_command,
)
from ledger.sdk.content import content_of
from ledger.secrets import redact_text

if TYPE_CHECKING:
    from ledger.reproduce.recorded import RecordedRun

_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")


@dataclass(frozen=True, slots=True)
class Entry:
    """How a run starts.

    Attributes:
        command: the command line.
        cwd: folder in which it starts.
        known: whether the program was found by its recorded digest.
    """

    command: list[str]
    cwd: Path
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """Where the run was recorded, as far as this machine remembers.

    Attributes:
        root: top of its work tree.
        cwd: folder in which it was started.
    """

    root: Path | None = None
    cwd: Path | None = None


def entry_of(
    run: RecordedRun,
    *,
    tree: Path,
    python: Path,
    old: Old,
    cells: Callable[[], str],
    notebook: Path | None = None,
) -> Entry:
    """Return how a run starts in a new work tree.

    Args:
        run: the recorded run, with its command line.
        tree: top of the new work tree.
        python: the Python to run with.
        old: where it was recorded.
        cells: returns the recorded cells, where it was a notebook.
        notebook: which file it was, where the user says so.

    Raises:
        ConfigurationError: no notebook fits, or nothing to run it with is installed.
    """
    if is_notebook(run.command) or notebook is not None:
        path = find_notebook(tree, cells(), named=notebook)
        copy = as_it_ran(path, cells())
        hide(tree, [RUN_NAME, RESULT_NAME])
        return Entry(notebook_command(python, copy), copy.parent, known=True)
    words = [_moved(word, old.root, tree) for word in run.command]
    at = _program(words)
    words[0] = str(python)
    if at is None:
        return Entry(words, _folder(old, tree), known=False)
    if words[at - 1] == "-m":
        return _module(run, words, at, tree)
    return _script(run, words, at, tree, old)


def _program(words: list[str]) -> int | None:
    """Return which argument names the script or, after ``-m``, the module."""
    at = 1
    while at < len(words):
        word = words[at]
        if word == "-m":
            return at + 1 if at + 1 < len(words) else None
        if word == "-c":
            return None
        if word in _WITH_VALUE:
            at += 2
        elif word.startswith("-"):
            at += 1
        else:
            return at
    return None


def _module(run: RecordedRun, words: list[str], at: int, tree: Path) -> Entry:
    parts = words[at].split(".")
    forms = ["/".join(parts) + ".py", "/".join([*parts, "__main__.py"])]
    for form in forms:
        for path in _files(tree, form):
            if _is_entry(path, run):
                folder = path.parents[len(Path(form).parts) - 1]
                return Entry(words, folder, known=True)
    return Entry(words, tree, known=False)


def _script(run: RecordedRun, words: list[str], at: int, tree: Path, old: Old) -> Entry:
    named = Path(words[at])
    if named.is_absolute():
        inside = named.is_relative_to(tree) and _is_entry(named, run)
        if inside or named.parent.name in {"bin", "Scripts"}:
            words[at] = _console(named, Path(words[0]), inside=inside)
            return Entry(words, _folder(old, tree), known=inside)
        for path in _files(tree, named.name):
            if _is_entry(path, run):
                words[at] = str(path)
                return Entry(words, _folder(old, tree), known=True)
        return Entry(words, _folder(old, tree), known=False)
    clean = [part for part in named.parts if part not in {".", ".."}]
    for path in _files(tree, "/".join(clean)):
        if _is_entry(path, run):
            up = sum(part == ".." for part in named.parts)
            folder = _folder(old, tree) if up else path.parents[len(clean) - 1]
            return Entry(words, folder, known=True)
    return Entry(words, _folder(old, tree), known=False)


def _console(named: Path, python: Path, *, inside: bool) -> str:
    """Return the same console script in the environment that runs it."""
    beside = python.parent / named.name
    return str(named if inside or not beside.exists() else beside)


def _files(tree: Path, tail: str) -> list[Path]:
    """Return the files below a folder whose path ends so, the shortest first."""
    found = [path for path in tree.rglob(tail) if ".git" not in path.parts]
    return sorted(found, key=lambda path: len(path.parts))


def _is_entry(path: Path, run: RecordedRun) -> bool:
    digest = (run.code or {}).get("entry_digest")
    if not path.is_file() or not digest:
        return path.is_file()
    data = path.read_bytes().decode("utf-8", "surrogateescape")
    clean = redact_text(data, where="entry")[0].encode("utf-8", "surrogateescape")
    return content_of(clean).digest == digest


def _folder(old: Old, tree: Path) -> Path:
    """Return the folder of the new tree that stands for the old working folder."""
    if old.root and old.cwd and old.cwd.is_relative_to(old.root):
        folder = tree / old.cwd.relative_to(old.root)
        return folder if folder.is_dir() else tree
    return tree


def _moved(word: str, root: Path | None, tree: Path) -> str:
    """Return an argument with the old work tree's path replaced by the new one's."""
    if root is None or str(root) not in word:
        return word
    name, mark, value = word.partition("=") if word.startswith("-") else ("", "", word)
    if value == str(root) or value.startswith(f"{root}/"):
        return f"{name}{mark}{tree}{value[len(str(root)) :]}"
    return word
