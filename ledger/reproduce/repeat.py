"""Repeat a recorded run, compare what comes out, and record how it went."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.blobs import Blobs
from ledger.errors import ConflictError, LogUnavailableError
from ledger.reproduce.differences import (
    Difference,
    Locks,
    Verdict,
    differences,
    judge,
)
from ledger.reproduce.heard import held_back, runs_of, same_run
from ledger.reproduce.launch import Ended, environment_of, start
from ledger.reproduce.prepare import TREE, Preparation, Prepared, Wishes
from ledger.reproduce.tabular import where_differ
from ledger.sdk.cache import LocalCache
from ledger.sdk.rerun import CACHE_NAME

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.reproduce.entry import Entry
    from ledger.reproduce.recorded import RecordedInput, RecordedRun

LOG_NAME = "output.txt"
_MOST_DIFFERENCES = 500
_FLUSH_S = 30.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a run is to be repeated.

    Attributes:
        folder: where to work; None for a temporary folder.
        keep: whether the folder stays.
        tolerance: relative tolerance of metrics; None asks for the same bytes.
        variables: environment variables that the program gets besides.
        timeout: seconds that it may take, None for any.
        wishes: how it is prepared.
    """

    folder: Path | None = None
    keep: bool = False
    tolerance: float | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout: float | None = None
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """What came of a repetition.

    Attributes:
        verdict: identical, equivalent, different or not_possible.
        differences: what was not the same; for not_possible what is missing.
        repeated: the new run, None when none began.
        notes: what was done, in words.
        folder: the working folder where it was kept, else None.
        printed: the last lines of a program that did not end well.
        held_back: how many events of the program did not reach the ledger.
        event: id of ``pipeline.run.reproduced``.
    """

    verdict: Verdict
    differences: tuple[Difference, ...]
    repeated: RecordedRun | None
    notes: tuple[str, ...]
    folder: Path | None
    printed: tuple[str, ...]
    held_back: int
    event: bytes


def repeat(
    config: Config, run: RecordedRun, order: Order, *, say: Say = lambda _: None
) -> Repetition:
    """Repeat a run in a folder of its own and record the outcome as an event.

    The new run is recorded in the same ledger with the tag ``derived_from``; what else
    the program records (models, releases, deployments) is held back.

    Args:
        config: the ledger home.
        run: the recorded run.
        order: how to repeat it.
        say: told what is going on.

    Raises:
        ConflictError: a path that was given holds another content than was read, or
            the folder is not empty.
        LogUnavailableError: the log did not take the outcome; it is in the journal.
    """
    with _working_folder(order) as folder:
        return _Repeating(config, run, order, folder).go(say)


class _Repeating:
    """One repetition in one folder."""

    def __init__(
        self, config: Config, run: RecordedRun, order: Order, folder: Path
    ) -> None:
        self._config = config
        self._run = run
        self._order = order
        self._folder = folder
        self._blobs = Blobs(config.blobs)

    def go(self, say: Say) -> Repetition:
        """Prepare, run, compare, record."""
        run, order, folder = self._run, self._order, self._folder
        say("preparing code, environment and inputs")
        made = Preparation(self._config, run, folder / TREE, order.wishes).make()
        ended, repeated = None, None
        if made.entry is not None and not made.blocked:
            say("running: " + " ".join(made.entry.command))
            ended = self._start(made.entry)
            repeated = same_run(run, runs_of(folder))
        verdict, found = self._outcome(made, ended, repeated)
        good = ended is None or ended.code == 0
        return Repetition(
            verdict=verdict,
            differences=tuple(found),
            repeated=repeated,
            notes=tuple(made.notes),
            folder=folder if order.keep or order.folder else None,
            printed=() if good or ended is None else tuple(ended.tail()),
            held_back=held_back(folder),
            event=self._record(verdict, found, repeated),
        )

    def _start(self, entry: Entry) -> Ended:
        environment = environment_of(
            self._run,
            home=self._config.home,
            folder=self._folder,
            further=self._order.variables,
        )
        return start(
            entry.command,
            cwd=entry.cwd,
            environment=environment,
            log=self._folder / LOG_NAME,
            timeout=self._order.timeout,
        )

    def _outcome(
        self, made: Prepared, ended: Ended | None, repeated: RecordedRun | None
    ) -> tuple[Verdict, list[Difference]]:
        gaps = [Difference("missing", gap.kind, gap.why) for gap in made.gaps]
        if ended is None:
            return "not_possible", gaps
        if repeated is None:
            what = "ran too long" if ended.code is None else f"ended with {ended.code}"
            why = f"the program {what} before a run of that name began"
            return "not_possible", [*gaps, Difference("missing", "run", why)]
        verdict = judge(self._run, repeated, tolerance=self._order.tolerance)
        locks = Locks(made.lock, self._lock_of(repeated))
        found = differences(self._run, repeated, locks)
        return verdict, [*self._with_cells(found, repeated, made), *gaps]

    def _lock_of(self, run: RecordedRun) -> str | None:
        if run.lock is None or not self._blobs.has(run.lock):
            return None
        return self._blobs.get(run.lock).decode("utf-8", "replace")

    def _with_cells(
        self, found: list[Difference], repeated: RecordedRun, made: Prepared
    ) -> list[Difference]:
        """Put behind each input that differs the rows and columns in which it does."""
        seen = LocalCache(self._folder / CACHE_NAME)
        result: list[Difference] = []
        for item in found:
            result.append(item)
            if item.kind != "input":
                continue
            old, new = _named(self._run, item.name), _named(repeated, item.name)
            before = made.paths.get(old.digest) if old else None
            after = seen.places(new.digest) if new else []
            if before and after:
                result += where_differ(item.name, before, after[0])
        return result

    def _record(
        self, verdict: Verdict, found: list[Difference], repeated: RecordedRun | None
    ) -> bytes:
        from ledger.sdk import init

        with init(self._config.home, mode="spool") as client:
            made = client.record(
                "pipeline.run.reproduced",
                basis="observed",
                system_id=self._run.system,
                run={"id": self._run.id, "digest": self._run.digest},
                reproduction=repeated.id if repeated else None,
                verdict=verdict,
                differences=[item.as_dict() for item in found[:_MOST_DIFFERENCES]],
                tolerance=self._order.tolerance,
            )
            if not client.flush(_FLUSH_S):
                raise LogUnavailableError(
                    f"the outcome ({verdict}) is in the journal; the log did not take "
                    "it",
                    hint="the next process sends it, or: mlledger journal flush",
                )
        return made.id


def _named(run: RecordedRun, name: str) -> RecordedInput | None:
    return next((one for one in run.inputs if one.name == name), None)


@contextmanager
def _working_folder(order: Order) -> Generator[Path]:
    if order.folder is None and not order.keep:
        with tempfile.TemporaryDirectory(prefix="mlledger-run-") as name:
            yield Path(name)
        return
    folder = order.folder or Path(tempfile.mkdtemp(prefix="mlledger-run-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ConflictError(f"{folder}: not empty", hint="name a folder to be made")
    yield folder.absolute()
