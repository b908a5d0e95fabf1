"""The emitter: the only way in. It validates, encodes, journals; others sign and send.

::

    emit ──► spool (file or memory) ──► journal (signed entries) ──► log ──► sealed
     caller's thread             └────────── the shipper's thread ──────────┘

Three modes. ``fire``: events stay in memory until they are sent; nothing touches a disk
and a full ring drops the newest, counted. ``spool`` (default): an event survives
``kill -9`` once ``emit`` returns; a power cut may take the last 20 ms. ``strict``: it
survives a power cut, and where that cannot be had ``emit`` raises. In no mode does a
log that is away block ``emit``, unless ``strict`` was told to wait for its answer.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from ledger.avro import schema_id
from ledger.codec import encode, encode_fields
from ledger.entry import MAX_EVENT
from ledger.errors import (
    ConfigurationError,
    InvalidEventError,
    JournalError,
    LogUnavailableError,
    TooLargeError,
)
from ledger.journal.frames import size_of
from ledger.journal.lock import refuse_network_folder
from ledger.log import open_log
from ledger.payload.pairs import pair
from ledger.shipping.lifetime import watch
from ledger.shipping.producer import Producer

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.entry import EventBytes
    from ledger.events.base import Event
    from ledger.keys import Signer
    from ledger.log import Log

Mode = Literal["fire", "spool", "strict"]
_MODES = ("fire", "spool", "strict")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EventRef:
    """What points to an emitted event.

    Attributes:
        id: its 16-byte id.
        digest: SHA-256 of its Avro body, as a reference from another event carries it.
    """

    id: bytes
    digest: bytes


class Emitter:
    """Emits events as one identity. Thread-safe, and usable on both sides of a fork.

    Making one neither connects nor writes; its stream is opened by the first event.

    Args:
        config: the ledger's home.
        identity: registered identity, such as ``service:demo``.
        signer: its key.
        log_factory: opens the log, on the shipper's thread, again after failures.
        mode: ``fire``, ``spool`` or ``strict``.
        ack_timeout: in mode ``strict``, seconds to wait for the log's answer; None
            returns once the event is durable here.
        retention_s: seconds for which sealed entries stay in the journal.
        on_step: told the name of each step once it is done; tests kill there.

    Raises:
        ConfigurationError: no such mode, or the journal's folder lies on a network
            file system.
    """

    def __init__(
        self,
        config: Config,
        *,
        identity: str,
        signer: Signer,
        log_factory: Callable[[Config], Log] = open_log,
        mode: str = "spool",
        ack_timeout: float | None = None,
        retention_s: float = 0.0,
        on_step: Callable[[str], None] = lambda _step: None,
    ) -> None:
        if mode not in _MODES:
            raise ConfigurationError(
                f"producer.mode: {mode!r} is none of {', '.join(_MODES)}"
            )
        if mode != "fire":
            refuse_network_folder(config.journal)
        self._config = config
        self._mode = mode
        self._ack_timeout = ack_timeout
        self._make = lambda: Producer(
            config,
            identity=identity,
            signer=signer,
            log_factory=log_factory,
            mode=self._mode,
            retention_s=retention_s,
            on_step=on_step,
        )
        self._on_step = on_step
        self._limit = config.producer.journal_mb << 20
        self._reset()
        watch(self)

    def emit(self, event: Event) -> EventRef:
        """Record an event.

        Returns:
            What other events refer to it by.

        Raises:
            InvalidEventError: the type is written by the ledger itself.
            TooLargeError: the event exceeds 512 KiB; nothing was recorded.
            JournalError: mode ``strict`` and the disk does not take it, or the emitter
                was closed.
            LogUnavailableError: mode ``strict`` with ``ack_timeout``: no answer in
                time; the event is safe here and will be sent.
        """
        known_as, body = encode(event)
        self._put(type(event), known_as, body)
        return EventRef(event.event_id, sha256(body).digest())

    def emit_encoded(
        self, cls: type[Event], fields: Mapping[str, Any], envelope: bytes = b""
    ) -> EventRef:
        """Record a lean event from fields whose Avro types alone are checked: fast.

        ``envelope`` is the decision's payload, sealed to the vault; both are kept, or
        neither.

        Raises:
            InvalidEventError: a field is unknown, absent or of another type.
            TooLargeError, JournalError, LogUnavailableError: as :meth:`emit`.
        """
        body = encode_fields(cls, fields)
        self._put(cls, schema_id(cls), body, envelope)
        return EventRef(fields["id"], sha256(body).digest())

    def emit_many(self, encoded: Sequence[tuple[bytes, bytes]]) -> None:
        """Record encoded events, (schema id, Avro body) each: all of them or none.

        Raises:
            TooLargeError: one of them exceeds 512 KiB.
            JournalError, LogUnavailableError: as :meth:`emit`.
        """
        if encoded:
            _check_size(max([body for _, body in encoded], key=len))
            self._append(tuple(encoded))

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until the log has all that was emitted; False if time runs out."""
        producer = self._producer
        return producer is None or producer.wait_appended(timeout)

    def wait_sealed(self, timeout: float) -> bool:
        """Wait until all that was emitted so far is sealed and published.

        Returns:
            False if time runs out.
        """
        producer = self._producer
        return producer is None or producer.wait_sealed(timeout)

    def close(self, timeout: float = 2.0) -> None:
        """End the stream and send what the time allows; the rest stays in the journal.

        Harmless when repeated.
        """
        with self._lock:
            was_closed, self._closed = self._closed, True
            producer = self._producer
        if producer is not None and not was_closed:
            producer.close(timeout)

    def stats(self) -> dict[str, int | float | str]:
        """Return counters and the state of this process's journal."""
        producer = self._producer
        numbers = {} if producer is None else producer.stats()
        return {
            "mode": self._mode,
            "emitted": 0,
            "packed": 0,
            "appended": 0,
            "sealed": 0,
            "refused": 0,
            "resent": 0,
            "resigned": 0,
            "adopted": 0,
            "journal_bytes": 0,
            "oldest_unacked_s": 0.0,
            "last_error": "",
            **numbers,
            "dropped": self._dropped,
        }

    def _put(
        self, cls: type[Event], known_as: bytes, body: bytes, envelope: bytes = b""
    ) -> None:
        if len(body) > MAX_EVENT:
            _check_size(body)
        if known_as not in self._known:
            _refuse_own_type(cls)
            self._known.add(known_as)
        event = pair(known_as, body, envelope) if envelope else (known_as, body)
        self._append((event,))

    def _append(self, events: Sequence[EventBytes]) -> None:
        producer = self._producer
        try:
            if producer is None or self._closed:
                producer = self._begin()
            self._refuse_beyond_limit(producer.size + size_of(events))
            producer.append(events)
        except JournalError as error:
            if self._mode == "strict" or self._closed:
                raise
            self._drop(len(events), error)
            return
        self._on_step("emitted")
        if self._mode == "strict" and self._ack_timeout is not None:
            self._wait_acked(producer, self._ack_timeout)

    def _begin(self) -> Producer:
        with self._lock:
            if self._closed:
                raise JournalError("the emitter is closed")
            if self._producer is None:
                producer = self._make()
                producer.begin(lambda: self._dropped)
                self._producer = producer
            return self._producer

    def _refuse_beyond_limit(self, size: int) -> None:
        if size > self._limit:
            raise JournalError(
                f"{self._config.journal}: the journal is full",
                hint="is the log away, or does nobody seal? mlledger journal status",
            )

    def _drop(self, events: int, error: JournalError) -> None:
        with self._lock:
            if self._dropped == 0:
                _log.warning("events are being dropped and counted: %s", error)
            self._dropped += events

    def _wait_acked(self, producer: Producer, timeout: float) -> None:
        if not producer.wait_appended(timeout):
            raise LogUnavailableError(
                f"no answer from the log within {timeout} s",
                hint="the event is in the journal and will be sent; do not repeat it",
            )

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._closed = False
        self._dropped = 0
        self._known: set[bytes] = set()

    def begin_anew(self) -> None:
        """Begin anew in a forked child: another stream, no inherited thread or file."""
        closed, producer = self._closed, self._producer
        self._reset()
        self._closed = closed
        if producer is not None:
            producer.abandon()


def _refuse_own_type(cls: type[Event]) -> None:
    if cls.type_name.startswith("ledger.stream."):
        raise InvalidEventError(f"{cls.type_name}: written by the ledger itself")


def _check_size(body: bytes) -> None:
    if len(body) > MAX_EVENT:
        raise TooLargeError(
            f"event of {len(body)} bytes; the format allows {MAX_EVENT}",
            hint="store the content as a document and refer to it by digest",
        )
