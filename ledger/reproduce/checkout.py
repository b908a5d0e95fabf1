"""Start over from a recorded run: its folder, ready to be changed."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.errors import ConflictError, InvalidEventError, MissingEvidenceError
from ledger.reproduce.gitting import attempt, git, hide
from ledger.reproduce.interpreter import requirement
from ledger.reproduce.launch import thread_settings
from ledger.reproduce.prepare import Preparation, Prepared, Wishes
from ledger.sdk.content import content_of
from ledger.sdk.rerun import ORIGIN_FILE

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.reproduce.recorded import RecordedInput, RecordedRun

README, LOCK, SETTINGS = "MLLEDGER.md", "mlledger-environment.txt", "mlledger-run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What was made ready to be changed.

    Attributes:
        folder: top of the work tree.
        command: how the run starts there; empty when that is not known.
        cwd: folder in which it starts.
        changed: input → digest of the data that was put in its place.
        prepared: how it was made ready, and what is missing.
    """

    folder: Path
    command: list[str]
    cwd: Path
    changed: Mapping[str, str] = field(default_factory=dict[str, str])
    prepared: Prepared


def check_out(
    config: Config,
    run: RecordedRun,
    folder: Path,
    *,
    title: str,
    wishes: Wishes,
    other_data: Mapping[str, Path],
) -> Checkout:
    """Make a folder with code, environment file, inputs and settings of a run.

    A run that is started there records ``derived_from``: its code is told by a file in
    ``.git``. Files of ours are not seen by git; data put in an input's place neither,
    so that the run differs from the recorded one by its data alone.

    Args:
        config: the ledger home.
        run: the recorded run.
        folder: where; not there yet, or empty.
        title: what is checked out, for the README.
        wishes: how it is prepared.
        other_data: input → path of what to train on instead; an empty name means the
            only file that the run read.

    Raises:
        ConflictError: the folder is not empty.
        MissingEvidenceError: the code cannot be had.
        InvalidEventError: it is not clear which input the data replaces.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConflictError(f"{folder}: not empty", hint="name a folder to be made")
    folder = folder.absolute()
    try:
        return _checked_out(config, run, folder, title, wishes, other_data)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _checked_out(
    config: Config,
    run: RecordedRun,
    folder: Path,
    title: str,
    wishes: Wishes,
    other_data: Mapping[str, Path],
) -> Checkout:
    anew = replace(wishes, present_environment=True)
    made = Preparation(config, run, folder, anew).make(environment=False)
    if not (folder / ".git").is_dir():
        raise MissingEvidenceError(
            f"{title}: the code cannot be had: {_reasons(made)}",
            hint="--repository PATH names a clone",
        )
    changed = _replace_data(run, made, other_data)
    hide(folder, [f"/{name}" for name in (README, LOCK, SETTINGS, ".mlledger-venv")])
    (folder / ".git" / ORIGIN_FILE).write_text(f"{UUID(bytes=run.id)}\n")
    done = Checkout(
        folder=folder,
        command=made.entry.command if made.entry else [],
        cwd=made.entry.cwd if made.entry else folder,
        changed=changed,
        prepared=made,
    )
    _write(config, run, done, title)
    return done


def _reasons(made: Prepared) -> str:
    return "; ".join(gap.why for gap in made.gaps if gap.kind in {"commit", "diff"})


def _replace_data(
    run: RecordedRun, made: Prepared, other: Mapping[str, Path]
) -> dict[str, str]:
    changed: dict[str, str] = {}
    for name, path in other.items():
        one = _meant(run, name)
        target = made.paths.get(one.digest)
        if target is None or not target.is_relative_to(made.tree):
            raise InvalidEventError(
                f"{one.name}: its place in the code is not known",
                hint="put the data there yourself, or change the command",
            )
        content = content_of(path)
        if content.scheme != one.scheme:
            raise InvalidEventError(
                f"{path}: {content.scheme}, but the run read a {one.scheme}"
            )
        _put(path, target)
        _overlook(made.tree, target)
        changed[one.name] = content.digest
    return changed


def _meant(run: RecordedRun, name: str) -> RecordedInput:
    files = [one for one in run.inputs if one.is_file]
    if not name and len(files) > 1:
        files = [one for one in files if one.role == "train"]
    named = [one for one in files if one.name == name] if name else files
    if len(named) != 1:
        known = ", ".join(one.name for one in run.inputs if one.is_file)
        raise InvalidEventError(
            f"--with-data {name}: which input does it replace?",
            hint=f"NAME=PATH, NAME one of: {known or 'the run read no file'}",
        )
    return named[0]


def _put(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    elif target.exists() or target.is_symlink():
        target.unlink()
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _overlook(tree: Path, path: Path) -> None:
    """Let git overlook changed data: the input's own digest tells of it."""
    listed = git(tree, "ls-files", "-z", "--", str(path)).split("\0")
    names = [name for name in listed if name]
    if names:
        attempt(tree, "update-index", "--skip-worktree", "--", *names)
    else:
        hide(tree, [f"/{path.relative_to(tree)}"])


def _write(config: Config, run: RecordedRun, done: Checkout, title: str) -> None:
    if done.prepared.lock:
        lines = [requirement(line) for line in done.prepared.lock.splitlines()]
        text = "".join(f"{line}\n" for line in lines)
        (done.folder / LOCK).write_text(text, encoding="utf-8")
    settings = {
        "derived_from": str(UUID(bytes=run.id)),
        "run": run.name,
        "seeds": dict(run.seeds),
        "parameters": dict(run.parameters),
        "inputs": {one.name: one.digest for one in run.inputs},
        "changed_inputs": dict(done.changed),
        "command": done.command,
        "folder": str(done.cwd),
    }
    text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
    (done.folder / SETTINGS).write_text(text, encoding="utf-8")
    readme = "\n".join(_readme(config, run, done, title)) + "\n"
    (done.folder / README).write_text(readme, encoding="utf-8")


def _readme(config: Config, run: RecordedRun, done: Checkout, title: str) -> list[str]:
    python = (run.environment or {}).get("python")
    fixed = thread_settings(run) | {"MLLEDGER_HOME": str(config.home)}
    before = " ".join(f"{k}={shlex.quote(v)}" for k, v in sorted(fixed.items()))
    command = ["python", *done.command[1:]]
    lines = [
        f"# {title}",
        "",
        f"Code, inputs and settings of run {run.name}, ready to be changed.",
        f"A run started here records `derived_from` {UUID(bytes=run.id)}.",
        "",
        "## Run it",
        "",
        f"    python -m venv .mlledger-venv        # Python {python}",
        "    . .mlledger-venv/bin/activate",
        f"    pip install --no-deps -r {LOCK}",
        f"    cd {shlex.quote(str(done.cwd))}",
        f"    {before} {shlex.join(command)}" if done.command else "    (unknown)",
        "",
        "## Settings",
        "",
        *(f"* seed {name}: {value}" for name, value in run.seeds.items()),
        *(f"* parameter {name}: {value}" for name, value in run.parameters.items()),
        *(f"* input {one.name}: {one.digest}" for one in run.inputs),
        *(f"* **{name} was replaced** by {to}" for name, to in done.changed.items()),
    ]
    if done.prepared.gaps:
        lines += ["", "## Missing", ""]
        lines += [f"* {gap.kind}: {gap.why}" for gap in done.prepared.gaps]
    return lines
