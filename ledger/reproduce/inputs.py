"""The inputs of a run: found again by their digest, and put where the code looks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.blobs import Blobs
from ledger.errors import ConflictError, InvalidEventError, NotFoundError
from ledger.reproduce.manifest import Gap
from ledger.reproduce.recorded import RecordedInput
from ledger.reproduce.tabular import where_differ
from ledger.sdk.cache import LocalCache
from ledger.sdk.content import content_of
from ledger.sdk.recorder import CACHE_NAME

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.reproduce.recorded import RecordedRun

_COPIED_BYTES = 1 << 30


@dataclass(slots=True)
class Places:
    """Where things may lie on this machine.

    Attributes:
        blobs: documents of the home.
        seen: digest → paths where this home once saw that content.
        given: name of an input → path that the user gave.
        root: top of the work tree in which the run was recorded, if known here.
    """

    blobs: Blobs
    seen: Callable[[str], Iterable[Path]]
    given: Mapping[str, Path] = field(default_factory=dict[str, Path])
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of the inputs.

    Attributes:
        command: the command line, with the paths of what lies elsewhere now.
        paths: digest → where that content lies now.
        gaps: inputs that are nowhere.
        notes: what was done, in words.
    """

    command: list[str]
    paths: Mapping[str, Path]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


def place_inputs(
    run: RecordedRun, command: list[str], *, cwd: Path, tree: Path, places: Places
) -> Placed:
    """Put the recorded inputs where the code looks for them.

    Args:
        run: the recorded run.
        command: its command line.
        cwd: folder in which it will start.
        tree: top of the new work tree.
        places: where contents may lie.

    Raises:
        ConflictError: a path that was given holds another content.
        NotFoundError: an input was given that the run did not read.
    """
    _refuse_unknown(run, places.given)
    paths: dict[str, Path] = {}
    gaps: list[Gap] = []
    notes: list[str] = []
    for one in run.inputs:
        if not one.is_file:
            notes.append(f"input {one.name}: made by the code itself ({one.scheme})")
            continue
        target, at = _target(one, command, cwd=cwd, tree=tree, places=places)
        source = _source(one, target, places)
        if source is None:
            why = f"{one.name}: no file with {one.digest} is at hand"
            gaps.append(Gap("input", why))
            continue
        if at is not None and target.is_absolute() and not _within(target, tree):
            command[at] = _swapped(command[at], target, source)
            paths[one.digest] = source
            continue
        if source != target:
            _bring(source, target)
        paths[one.digest] = target
        notes.append(f"input {one.name}: {_shown(target, tree)}")
    return Placed(command, paths, tuple(gaps), tuple(notes))


def lies_at(config: Config, digest: str, scheme: str) -> Path | None:
    """Return where this machine has some content, None when nowhere that is known."""
    blobs, cache = Blobs(config.blobs), LocalCache(config.home / CACHE_NAME)
    wanted = RecordedInput(name=digest, role="", digest=digest, scheme=scheme)
    return _elsewhere(wanted, Places(blobs, cache.places))


def has_content(path: Path, one: RecordedInput) -> bool:
    """Tell whether a file or folder holds exactly what was read."""
    if not path.exists() or path.is_dir() != (one.scheme == "tree1"):
        return False
    try:
        return content_of(path).digest == one.digest
    except (OSError, InvalidEventError):
        return False


def _refuse_unknown(run: RecordedRun, given: Mapping[str, Path]) -> None:
    names = [one.name for one in run.inputs if one.is_file]
    for name in given:
        if name not in names:
            raise NotFoundError(
                f"--data {name}: the run read no file of that name",
                hint=f"it read: {', '.join(names) or 'no file'}",
            )


def _target(
    one: RecordedInput, command: list[str], *, cwd: Path, tree: Path, places: Places
) -> tuple[Path, int | None]:
    """Return where the code looks for an input, and the argument that says so."""
    seen = list(places.seen(one.digest))
    names = {one.name, *(path.name for path in seen)}
    for at, word in enumerate(command[1:], 1):
        path = Path(word.partition("=")[2] if word.startswith("-") else word)
        if path.name in names:
            return (path if path.is_absolute() else cwd / path), at
    for path in seen:
        if places.root is not None and path.is_relative_to(places.root):
            return tree / path.relative_to(places.root), None
    return next((p for p in seen if has_content(p, one)), cwd / one.name), None


def _source(one: RecordedInput, target: Path, places: Places) -> Path | None:
    """Return a path with the recorded content: given, in place, stored or seen."""
    given = places.given.get(one.name)
    if given is not None:
        _refuse_other(one, given, target)
        return given.absolute()
    if has_content(target, one):
        return target
    return _elsewhere(one, places)


def _elsewhere(one: RecordedInput, places: Places) -> Path | None:
    if one.scheme == "file" and places.blobs.has(one.digest):
        places.blobs.verify(one.digest)
        return places.blobs.path(one.digest)
    return next(
        (path for path in places.seen(one.digest) if has_content(path, one)), None
    )


def _refuse_other(one: RecordedInput, given: Path, target: Path) -> None:
    if not given.exists():
        raise NotFoundError(f"{given}: no such file or folder")
    if has_content(given, one):
        return
    apart = where_differ(one.name, target, given) if has_content(target, one) else []
    where = "; ".join(item.name for item in apart[:3])
    raise ConflictError(
        f"{given}: not what the run read as {one.name}, {one.digest}"
        + (f": {where}" if where else ""),
        hint="to train on other data: mlledger model checkout MODEL --with-data PATH",
    )


def _bring(source: Path, target: Path) -> None:
    """Copy, so that the code cannot change what was recorded; link what is huge."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.stat().st_size > _COPIED_BYTES:
        target.symlink_to(source)
    else:
        shutil.copyfile(source, target)
        target.chmod(0o644)


def _within(path: Path, folder: Path) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(folder)


def _swapped(word: str, old: Path, new: Path) -> str:
    return word.replace(str(old), str(new))


def _shown(path: Path, tree: Path) -> str:
    return str(path.relative_to(tree) if path.is_relative_to(tree) else path)
