"""One process's producer: a journal it holds, and the shipper that empties it."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ledger import clock
from ledger.checkpoint import parse_checkpoint
from ledger.errors import LedgerError
from ledger.journal.adoption import journal_path, remove_files
from ledger.journal.lock import JournalLock
from ledger.journal.quarantine import Quarantine
from ledger.journal.sources import Ring, Source
from ledger.journal.spool import Spool
from ledger.journal.store import Journal
from ledger.public import PublicFolder
from ledger.shipping.epochs import OpenEpochs
from ledger.shipping.foundlings import Foundlings
from ledger.shipping.outbox import Outbox
from ledger.shipping.packer import Packer, Seen
from ledger.shipping.payloads import PayloadHandle
from ledger.shipping.receipts import ReceiptDesk, ReceiptReader
from ledger.shipping.sending import LogHandle
from ledger.shipping.shipper import Shipper
from ledger.shipping.surroundings import Surroundings

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.entry import EventBytes
    from ledger.keys import Signer
    from ledger.log import Log

# Objects a fork inherited: SQLite forbids to use *or close* a connection in the child.
_inherited: list[object] = []


class Producer:
    """What an emitter holds from its first event to its end; made once per process.

    Args: as :class:`ledger.emitter.Emitter`.
    """

    def __init__(
        self,
        config: Config,
        *,
        identity: str,
        signer: Signer,
        log_factory: Callable[[Config], Log],
        mode: str,
        retention_s: float,
        on_step: Callable[[str], None],
    ) -> None:
        self._config = config
        self._identity = identity
        self._mode = mode
        self._retention_s = retention_s
        self._journal_id = clock.random_bytes(16)
        self._in_memory = mode == "fire"
        self._dropped: Callable[[], int] = int
        self._around = Surroundings(
            counts=self._counts, on_step=on_step, payloads=PayloadHandle(config)
        )
        self._epochs = OpenEpochs(config)
        self._packer = Packer(
            identity=identity,
            signer=signer,
            partitions=config.log.partitions,
            origin=config.origin,
            heartbeat_s=config.producer.heartbeat_s,
            seen=partial(seen_checkpoint, config),
            current=self._epochs.current,
        )
        self._log_factory = log_factory
        self._lock: JournalLock | None = None
        self._source: Source | None = None
        self._shipper: Shipper | None = None

    @property
    def size(self) -> int:
        """Bytes that wait here: events and entries, sealed ones in retention too."""
        return self._started[0].pending_bytes + self._journal_bytes()

    def begin(self, dropped: Callable[[], int]) -> None:
        """Make the journal, lock it, and start the shipper.

        Raises:
            JournalError: the journal's folder cannot be written.
        """
        self._dropped = dropped
        _load_modules(self._config.log.kind)
        folder = self._config.journal
        if self._in_memory:
            self._source = Ring()
        else:
            self._lock = JournalLock.take(folder, self._journal_id)
            durable = self._mode == "strict"
            self._source = Spool(
                folder, self._journal_id, self._identity, durable=durable
            )
        self._shipper = self._make_shipper(self._source)
        self._shipper.start()

    def append(self, events: Sequence[EventBytes]) -> None:
        """Take events; durable as the mode says when this returns.

        Raises:
            JournalError: the disk, or the memory ring, does not take them.
        """
        source = self._started[0]
        source.append(events)
        if self._mode == "strict":
            source.sync()

    def wait_appended(self, timeout: float) -> bool:
        """Wait until the log has what was appended so far."""
        source, shipper = self._started
        target = source.appended_events
        return shipper.wait(lambda: shipper.appended >= target, timeout)

    def wait_sealed(self, timeout: float) -> bool:
        """Wait until what was appended so far is sealed."""
        source, shipper = self._started
        target = source.appended_events
        return shipper.wait(lambda: shipper.sealed >= target, timeout)

    def close(self, timeout: float) -> None:
        """Stop the shipper within a time."""
        self._started[1].stop(timeout)
        self._around.payloads.close()

    def stats(self) -> dict[str, int | float | str]:
        """Return counters; see :meth:`ledger.emitter.Emitter.stats`."""
        source, shipper = self._started
        tally = self._around.tally
        return {
            "stream_id": self._journal_id.hex(),
            "emitted": source.appended_events,
            "packed": tally.packed,
            "appended": tally.appended,
            "sealed": tally.sealed,
            "refused": tally.refused,
            "resent": tally.resent,
            "resigned": tally.resigned,
            "adopted": shipper.adopted,
            "journal_bytes": self.size,
            "oldest_unacked_s": shipper.oldest_unacked_s,
            "last_error": shipper.last_error or self._around.payloads.last_error,
            "payloads_sent": self._around.payloads.sent,
        }

    def abandon(self) -> None:
        """Let go in a forked child of what belongs to the parent."""
        if self._lock is not None:
            self._lock.abandon()
        if isinstance(self._source, Spool):
            self._source.abandon()
        _inherited.append(self)

    @property
    def _started(self) -> tuple[Source, Shipper]:
        assert self._source is not None  # noqa: S101  begin() comes first
        assert self._shipper is not None  # noqa: S101
        return self._source, self._shipper

    def _journal_bytes(self) -> int:
        own = self._started[1].own
        return 0 if own is None else int(own.journal.bytes)

    def _make_shipper(self, source: Source) -> Shipper:
        config = self._config
        reader = ReceiptReader(config, self._log_factory, self._epochs)
        foundlings = Foundlings(config, self._packer, self._around)
        return Shipper(
            partial(self._open_outbox, source),
            log=LogHandle(config, self._log_factory),
            desk=partial(ReceiptDesk, reader),
            foundlings=None if self._in_memory else foundlings,
            quarantine=None if self._in_memory else Quarantine(config.journal),
            key_fp=self._packer.key_fp,
            heartbeat_s=config.producer.heartbeat_s,
            retention_s=self._retention_s,
        )

    def _open_outbox(self, source: Source) -> Outbox:
        path = journal_path(self._config.journal, self._journal_id)
        journal = Journal(
            None if self._in_memory else path,
            journal_id=self._journal_id,
            identity=self._identity,
            created_ms=self._around.now_ms(),
        )
        return Outbox(
            journal, source, self._packer, self._around, release=self._release
        )

    def _release(self, finished: bool) -> None:  # noqa: FBT001  a callback
        if self._lock is not None:
            if finished:
                remove_files(self._config.journal, self._journal_id)
            self._lock.release(remove=finished)

    def _counts(self, signed: Mapping[bytes, int]) -> Mapping[str, int]:
        """Name the types of the counted events, and add what was dropped."""
        counts = {type_name(schema_id): count for schema_id, count in signed.items()}
        if dropped := self._dropped():
            counts["dropped"] = dropped
        return counts


def _load_modules(kind: str) -> None:
    """Import what the threads need before they start.

    A fork amid a thread's import would leave the module locked in the child for ever.
    """
    for name in ("ledger.events.ledger", "ledger.verification.control"):
        importlib.import_module(name)
    with contextlib.suppress(ImportError):  # opening the log will tell
        importlib.import_module(f"ledger.log.{kind}")


def type_name(schema_id: bytes) -> str:
    """Return the name of a type of this package; the schema id in hex for others."""
    from ledger.avro import class_of_schema

    kind = class_of_schema(schema_id)
    return schema_id.hex() if kind is None else kind.type_name


def seen_checkpoint(config: Config, origin: str) -> Seen | None:
    """Return the newest published checkpoint of an origin, as it stands there.

    Its signature is not looked at: to name it says what was shown to this producer.
    """
    try:
        data = PublicFolder(config.public).read(origin, "checkpoint")
        checkpoint, _note = parse_checkpoint(data)
    except (LedgerError, OSError):
        return None  # none was published yet, or none that is a checkpoint
    if checkpoint.origin != origin:
        return None
    return Seen(checkpoint.origin, checkpoint.size, checkpoint.root)
