"""What an administrator does with journals: look, flush, look after the quarantine."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import LedgerError
from ledger.journal.adoption import journal_ids, journal_path
from ledger.journal.frames import frames_in, is_title
from ledger.journal.lock import JournalLock
from ledger.journal.quarantine import Kept, Quarantine
from ledger.journal.spool_files import identity_in, segments_of
from ledger.log import open_log
from ledger.shipping.answers import apply_receipts
from ledger.shipping.epochs import OpenEpochs
from ledger.shipping.foundlings import Foundlings
from ledger.shipping.packer import Packer
from ledger.shipping.payloads import PayloadHandle
from ledger.shipping.producer import seen_checkpoint, type_name
from ledger.shipping.receipts import Question, ReceiptReader, answer
from ledger.shipping.sending import Backoff, LogHandle
from ledger.shipping.surroundings import Surroundings

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.keys import Signer
    from ledger.log import Log

_TURN_S = 0.01
_WAITING = 512


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """One journal as it lies on the disk.

    Attributes:
        journal_id: 16 bytes, the id of its first stream.
        identity: whose events it holds; empty if damaged.
        is_held: a process is at work on it.
        events: events that no entry holds yet.
        new: entries the log has not acknowledged.
        appended: entries that wait for their seal.
        sealed: sealed entries within their retention.
        size: bytes on the disk.
        damage: why it cannot be read, or empty.
        to_resign: how many of its events were refused once and wait for a signature.
    """

    journal_id: bytes
    identity: str
    is_held: bool
    events: int
    new: int
    appended: int
    sealed: int
    size: int
    damage: str = ""
    to_resign: int = 0


@dataclass(frozen=True, slots=True)
class Flushed:
    """What :func:`flush_journals` did.

    Attributes:
        appended: entries the log acknowledged.
        sealed: entries found sealed.
        left: journals that still hold something, as they are now.
        last_error: the last trouble in words, or empty.
    """

    appended: int
    sealed: int
    left: tuple[JournalStatus, ...]
    last_error: str


def journal_status(config: Config) -> list[JournalStatus]:
    """Return the state of every journal of a home, oldest first; changes nothing."""
    return [
        _status(config.journal, journal_id)
        for journal_id in journal_ids(config.journal)
    ]


def flush_journals(
    config: Config,
    *,
    identity: str,
    signer: Signer,
    log_factory: Callable[[Config], Log] = open_log,
    timeout: float = 30.0,
) -> Flushed:
    """Adopt every journal that nobody holds and send what is in it.

    Leftover events are signed only if they are of the given identity.

    Args:
        config: of the home.
        identity: who signs leftover events.
        signer: the key of that identity.
        log_factory: opens the log.
        timeout: seconds after which it returns, done or not.
    """
    flusher = _Flusher(config, identity, signer, log_factory)
    try:
        flusher.run(clock.monotonic() + timeout)
    finally:
        flusher.close()
    tally = flusher.around.tally
    left = tuple(journal_status(config))
    return Flushed(tally.appended, tally.sealed, left, flusher.last_error)


def quarantine_list(config: Config) -> list[Kept]:
    """Return what the producers of a home have put into quarantine."""
    return Quarantine(config.journal).listed()


def quarantine_drop(config: Config, name: str) -> None:
    """Delete one quarantined file for good.

    Raises:
        NotFoundError: no file of that name is in quarantine.
    """
    Quarantine(config.journal).drop(name)


class _Flusher:
    """A shipper without a producer of its own, run by its caller."""

    def __init__(
        self,
        config: Config,
        identity: str,
        signer: Signer,
        log_factory: Callable[[Config], Log],
    ) -> None:
        self.last_error = ""
        self.around = Surroundings(
            counts=lambda signed: {type_name(k): n for k, n in signed.items()},
            payloads=PayloadHandle(config),
        )
        epochs = OpenEpochs(config)
        self._packer = Packer(
            identity=identity,
            signer=signer,
            partitions=config.log.partitions,
            origin=config.origin,
            heartbeat_s=config.producer.heartbeat_s,
            seen=partial(seen_checkpoint, config),
            current=epochs.current,
        )
        self._foundlings = Foundlings(config, self._packer, self.around)
        self._log = LogHandle(config, log_factory)
        self._reader = ReceiptReader(config, log_factory, epochs)
        self._quarantine = Quarantine(config.journal)
        self._backoff = Backoff(clock.monotonic)

    def run(self, deadline: float) -> None:
        """Ship until everything is acknowledged or time is up, then ask for seals."""
        while clock.monotonic() < deadline:
            self._foundlings.look()
            self._ship()
            self._foundlings.let_go()
            if not self._foundlings.is_busy:
                break
            time.sleep(_TURN_S)
        self._ask()
        self._foundlings.let_go()

    def close(self) -> None:
        """Let go of everything."""
        self._foundlings.release_all()
        self._reader.close()
        self._log.close()
        self.around.payloads.close()

    def _ship(self) -> None:
        for outbox in self._foundlings.outboxes():
            try:
                outbox.collect()
                if not self._backoff.is_waiting:
                    outbox.send(self._log.get(), lambda: None)
            except (LedgerError, OSError) as error:
                self.last_error = f"{type(error).__name__}: {error}"
                self._backoff.failed()

    def _ask(self) -> None:
        outboxes = self._foundlings.outboxes()
        rows = {o.journal.journal_id: o.journal.waiting(_WAITING) for o in outboxes}
        reply = answer(self._reader, Question(rows, self._packer.key_fp))
        self.last_error = reply.error or self.last_error
        for outbox in outboxes:
            receipts = reply.receipts.get(outbox.journal.journal_id, ())
            trouble = apply_receipts(outbox, receipts, reply, self._quarantine)
            self.last_error = trouble or self.last_error
            outbox.tidy(0.0)


def _status(folder: Path, journal_id: bytes) -> JournalStatus:
    path = journal_path(folder, journal_id)
    lock = JournalLock.try_take(folder, journal_id)
    if lock is not None:
        lock.release()
    segments = segments_of(folder, journal_id)
    files = [*segments.values(), path, path.with_name(path.name + "-wal")]
    tables = _Tables(path)
    return JournalStatus(
        journal_id=journal_id,
        identity=tables.identity or identity_in(folder, journal_id) or "",
        is_held=lock is None,
        events=tables.to_resign + _pending(segments, tables.mark),
        new=tables.entries.get("new", 0),
        appended=tables.entries.get("appended", 0),
        sealed=tables.entries.get("sealed", 0),
        size=sum(file.stat().st_size for file in files if file.exists()),
        damage=tables.damage,
        to_resign=tables.to_resign,
    )


class _Tables:
    """What a journal's tables say, read beside whoever works on them."""

    def __init__(self, path: Path) -> None:
        self.identity = self.damage = ""
        self.mark = (0, 0)
        self.to_resign = 0
        self.entries: dict[str, int] = {}
        if path.exists():
            try:
                self._read(path)
            except sqlite3.DatabaseError as error:
                self.damage = str(error)

    def _read(self, path: Path) -> None:
        database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables[0] == 0:
                return  # its process ended before it made any; all lies in the spool
            row = database.execute(
                "SELECT identity, segment, offset FROM info"
            ).fetchone()
            if row is None:
                return  # it is being made: its tables are there, nothing in them yet
            self.identity, self.mark = row[0], (row[1], row[2])
            self.to_resign = database.execute("SELECT count(*) FROM event").fetchone()[
                0
            ]
            self.entries = dict(
                database.execute("SELECT state, count(*) FROM entry GROUP BY state")
            )
        finally:
            database.close()


def _pending(segments: dict[int, Path], mark: tuple[int, int]) -> int:
    """Count the whole frames from a mark on."""
    count = 0
    for number, path in segments.items():
        if number >= mark[0] and path.exists():
            start = mark[1] if number == mark[0] else 0
            frames = frames_in(path.read_bytes(), start)
            count += sum(not is_title(content) for _end, content in frames)
    return count
