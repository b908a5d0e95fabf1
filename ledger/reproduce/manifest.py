"""What a recorded run lacks to be repeated; computed from its record alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from ledger.reproduce.notebook import is_notebook

_REDACTED = "[REDACTED:"


class RunLike(Protocol):
    """The part of a recorded run that decides; answers of questions have it too."""

    @property
    def code(self) -> Mapping[str, Any] | None:
        """As in ``pipeline.run.started``."""
        ...

    @property
    def environment(self) -> Mapping[str, Any] | None:
        """Likewise."""
        ...

    @property
    def seeds(self) -> Mapping[str, int]:
        """Seed by random generator."""
        ...

    @property
    def capture(self) -> Mapping[str, str]:
        """What was captured: item to on, off, redacted or failed."""
        ...

    @property
    def outcome(self) -> str | None:
        """How it ended; None while no end is recorded."""
        ...

    @property
    def outputs(self) -> Sequence[Any] | Mapping[str, str] | None:
        """What it produced; None while no end is recorded."""
        ...


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a repetition needs and the record does not give.

    Attributes:
        kind: commit, diff, command, lock, seed, outcome, output or input.
        why: one sentence.
        blocking: whether nothing can be repeated without it.
    """

    kind: str
    why: str
    blocking: bool = True


def missing(
    run: RunLike, *, holds: Callable[[str], bool] | None = None
) -> tuple[Gap, ...]:
    """Return what is missing to repeat a run, the blocking gaps first.

    A run without gaps can be prepared; whether its inputs are still there, and whether
    the same comes out, only ``mlledger run reproduce`` tells.

    Args:
        run: as recorded.
        holds: tells whether the home's blobs hold a digest; None leaves out the
            question whether the recorded documents are still there.
    """
    found = [*_code(run, holds), *_environment(run, holds), *_results(run)]
    return tuple(sorted(found, key=lambda gap: not gap.blocking))


def _code(run: RunLike, holds: Callable[[str], bool] | None) -> list[Gap]:
    code, gaps = run.code or {}, list[Gap]()
    if not code.get("commit"):
        gaps.append(Gap("commit", _why(run, "commit", "no commit")))
    diff = code.get("diff_digest")
    if code.get("dirty") and not diff:
        why = _why(run, "diff", "files differed from the commit, and the difference")
        gaps.append(Gap("diff", why))
    if diff and holds and not holds(diff):
        why = f"the difference from the commit, {diff}, is not among the documents"
        gaps.append(Gap("diff", why))
    return gaps + _command(run, code)


def _command(run: RunLike, code: Mapping[str, Any]) -> list[Gap]:
    command = cast("list[str]", code.get("entry_command") or [])
    if not command:
        return [Gap("command", _why(run, "command", "no entry command"))]
    gaps = list[Gap]()
    if any(_REDACTED in word for word in command):
        gaps.append(Gap("command", "a secret was cut out of the entry command"))
    if len(command) == 1:
        gaps.append(Gap("command", "it ran in an interactive Python: no program"))
    if is_notebook(command) and not code.get("entry_digest"):
        gaps.append(Gap("command", _why(run, "entry", "the notebook's cells")))
    return gaps


def _environment(run: RunLike, holds: Callable[[str], bool] | None) -> list[Gap]:
    lock = (run.environment or {}).get("lock_digest")
    if not lock:
        why = _why(run, "packages", "the installed distributions")
        return [Gap("lock", why)]
    if holds and not holds(lock):
        return [Gap("lock", f"the list of distributions, {lock}, is not there")]
    return []


def _results(run: RunLike) -> list[Gap]:
    gaps = list[Gap]()
    if run.outcome is None:
        why = "no end of the run is recorded (or it waits: mlledger journal flush)"
        gaps.append(Gap("outcome", why))
    elif run.outcome != "completed":
        gaps.append(Gap("outcome", f"the run {run.outcome}", blocking=False))
    if not run.outputs:
        why = "no output is recorded: metrics alone can be compared"
        gaps.append(Gap("output", why, blocking=False))
    if not {name for name in run.seeds if name != "PYTHONHASHSEED"}:
        gaps.append(Gap("seed", "no seed is recorded", blocking=False))
    return gaps


def _why(run: RunLike, item: str, what: str) -> str:
    note = run.capture.get(item, "")
    return f"{what}: not recorded" + (f" ({note})" if note not in {"", "on"} else "")
