"""A folder in which a recorded run can start again, and what is missing to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.blobs import Blobs
from ledger.errors import ConfigurationError, LedgerError, NotFoundError
from ledger.reproduce import interpreter
from ledger.reproduce.entry import Entry, Old, entry_of
from ledger.reproduce.gitting import top
from ledger.reproduce.inputs import Places, place_inputs
from ledger.reproduce.manifest import Gap, missing
from ledger.reproduce.worktree import (
    apply_difference,
    clone,
    find_repository,
    local_path,
    restored,
)
from ledger.sdk.cache import LocalCache
from ledger.sdk.content import text_digest
from ledger.sdk.recorder import CACHE_NAME

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.reproduce.interpreter import Interpreter
    from ledger.reproduce.recorded import RecordedRun

TREE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user says about a preparation.

    Attributes:
        repository: where to look for the commit first.
        data: name of an input → where its content lies.
        notebook: the notebook that the run was, relative to the repository.
        present_environment: run with what is installed here, whatever differs.
        present_data: run with the inputs as the code finds them, whatever differs.
        offline: install from local wheels and caches alone.
    """

    repository: Path | None = None
    data: Mapping[str, Path] = field(default_factory=dict[str, Path])
    notebook: Path | None = None
    present_environment: bool = False
    present_data: bool = False
    offline: bool = False


@dataclass(slots=True)
class Prepared:
    """What was made ready.

    Attributes:
        tree: top of the work tree.
        entry: how the run starts; None when that is not known.
        interpreter: with which Python; None when there is none.
        lock: the recorded list of distributions, None when it is not at hand.
        paths: digest of an input → where it lies now.
        gaps: what is missing.
        notes: what was done, in words.
    """

    tree: Path
    entry: Entry | None = None
    interpreter: Interpreter | None = None
    lock: str | None = None
    paths: Mapping[str, Path] = field(default_factory=dict[str, Path])
    gaps: list[Gap] = field(default_factory=list[Gap])
    notes: list[str] = field(default_factory=list[str])

    @property
    def blocked(self) -> bool:
        """Whether something is missing without which the run cannot start."""
        return any(gap.blocking for gap in self.gaps)


class Preparation:
    """Prepares one recorded run in one folder.

    Args:
        config: the ledger home.
        run: the recorded run.
        folder: where the work tree is made.
        wishes: what the user says.
    """

    def __init__(
        self, config: Config, run: RecordedRun, folder: Path, wishes: Wishes
    ) -> None:
        self._config = config
        self._run = run
        self._wishes = wishes
        self._blobs = Blobs(config.blobs)
        self._cache = LocalCache(config.home / CACHE_NAME)
        self._made = Prepared(folder)

    def make(self, *, environment: bool = True) -> Prepared:
        """Prepare as far as it goes.

        Args:
            environment: whether to make an environment; False leaves it to the user.

        Raises:
            ConflictError: a path that was given holds another content.
            NotFoundError: an input was given that the run did not read.
        """
        made, run = self._made, self._run
        made.gaps += missing(run, holds=self._blobs.has)
        old = self._old()
        if not any(gap.kind == "commit" for gap in made.gaps):
            self._code(old)
        self._environment(wanted=environment)
        has_code = (made.tree / ".git").is_dir()
        if has_code and run.command and made.interpreter is not None:
            self._entry(made.interpreter, old)
        return made

    def _old(self) -> Old:
        """Return where the run was recorded, if this home saw it."""
        key = self._run.id.hex()
        code, cwd = self._cache.places(f"code/{key}"), self._cache.places(f"cwd/{key}")
        root = top(code[0]) if code else local_path(self._remote())
        return Old(root=root, cwd=cwd[0] if cwd else None)

    def _remote(self) -> str | None:
        return (self._run.code or {}).get("repository")

    def _code(self, old: Old) -> None:
        commit = str((self._run.code or {})["commit"])
        wished = self._wishes.repository
        known = (wished, old.root, Path.cwd(), local_path(self._remote()))
        source = find_repository(commit, [place for place in known if place])
        if source is None:
            why = f"no repository at hand holds commit {commit[:12]}"
            hint = "; clone it and say --repository PATH"
            self._made.gaps.append(Gap("commit", why + hint))
            return
        tree = self._made.tree
        clone(source, commit, tree, remote=self._remote())
        self._made.notes.append(f"code: commit {commit[:12]} from {source}")
        self._difference()

    def _difference(self) -> None:
        code, tree = self._run.code or {}, self._made.tree
        digest = code.get("diff_digest")
        if digest and self._blobs.has(digest):
            text = self._blobs.get(digest).decode("utf-8", "replace")
            self._made.gaps += apply_difference(tree, text)
        if (tree / ".gitmodules").exists():
            why = "submodules are not fetched"
            self._made.gaps.append(Gap("commit", why, blocking=False))
        if digest is not None and restored(tree, digest):
            self._made.notes.append("code: the recorded difference is restored exactly")

    def _environment(self, *, wanted: bool) -> None:
        made, run = self._made, self._run
        if run.lock and self._blobs.has(run.lock):
            made.lock = self._blobs.get(run.lock).decode("utf-8", "replace")
        python = str((run.environment or {}).get("python") or "")
        made.interpreter = interpreter.present(made.lock, python)
        if made.interpreter is None and (not wanted or self._asked_for_present()):
            made.interpreter = interpreter.as_it_is(made.lock)
            made.gaps = [gap for gap in made.gaps if gap.kind != "lock"]
        if made.interpreter is None and made.lock is not None:
            self._make_environment(made.lock, python)
        if made.interpreter is not None:
            made.notes.append(f"environment: {made.interpreter.how}")

    def _asked_for_present(self) -> bool:
        return self._wishes.present_environment

    def _make_environment(self, lock: str, python: str) -> None:
        name = f"{text_digest(lock)[7:23]}-py{python}"
        folder = self._config.home / "environments" / name
        try:
            found = interpreter.made_anew(
                lock, python, folder, offline=self._wishes.offline
            )
        except LedgerError as error:
            self._made.gaps.append(Gap("library", str(error)))
            return
        self._made.interpreter = found
        for name in found.absent:
            why = f"{name}: cannot be installed; --present-environment runs without it"
            self._made.gaps.append(Gap("library", why))

    def _entry(self, python: Interpreter, old: Old) -> None:
        made = self._made
        try:
            entry = entry_of(
                self._run,
                tree=made.tree,
                python=python.python,
                old=old,
                cells=self._cells,
                notebook=self._wishes.notebook,
            )
        except (ConfigurationError, NotFoundError) as error:
            made.gaps.append(Gap("command", f"{error}; {error.hint}"))
            return
        if not entry.known:
            why = "the program was not found by its recorded digest"
            made.gaps.append(Gap("command", why, blocking=False))
        places = Places(self._blobs, self._cache.places, self._wishes.data, old.root)
        placed = place_inputs(
            self._run, entry.command, cwd=entry.cwd, tree=made.tree, places=places
        )
        made.entry = Entry(placed.command, entry.cwd, entry.known)
        made.paths = placed.paths
        blocking = not self._wishes.present_data
        made.gaps += [replace(gap, blocking=blocking) for gap in placed.gaps]
        made.notes += placed.notes

    def _cells(self) -> str:
        digest = str((self._run.code or {}).get("entry_digest") or "")
        return self._blobs.get(digest).decode("utf-8", "replace")
