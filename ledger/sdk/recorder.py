"""The one place in which the SDK makes events and hands them to an emitter."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ledger.blobs import Blobs
from ledger.errors import JournalError, NotAuthorisedError
from ledger.sdk.cache import LocalCache
from ledger.sdk.content import Content, content_of
from ledger.sdk.faults import Faults
from ledger.sdk.handles import Entry, from_dict
from ledger.sdk.parts import is_digest
from ledger.sdk.payloads import Capture
from ledger.sdk.signers import Signers

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.events.base import Event

CACHE_NAME = "sdk-cache.sqlite"


class Reference(Protocol):
    """What emitting returns: the event's id and the digest of its bytes."""

    @property
    def id(self) -> bytes:
        """16-byte event id."""
        ...

    @property
    def digest(self) -> bytes:
        """32 bytes, SHA-256 of the body as it is signed."""
        ...


class Emitting(Protocol):
    """The part of :class:`ledger.emitter.Emitter` that the SDK uses."""

    def emit(self, event: Event, /) -> Reference:
        """Take one event."""
        ...

    def emit_encoded(
        self, cls: type[Event], fields: Mapping[str, Any], envelope: bytes = b"", /
    ) -> Reference:
        """Take one lean event by its fields, with its sealed payload if it has one."""
        ...

    def emit_many(self, encoded: Sequence[tuple[bytes, bytes]], /) -> None:
        """Take many encoded events: schema id and body of each."""
        ...

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until the log has everything; False when time runs out."""
        ...

    def close(self, timeout: float = 2.0) -> None:
        """End the stream; what is left stays in the journal."""
        ...

    def stats(self) -> Mapping[str, int | float | str]:
        """Return the emitter's counters."""
        ...


class Running(Protocol):
    """A run that is going on, as far as events beside it need to know."""

    @property
    def id(self) -> bytes:
        """16-byte id of the run's start."""
        ...

    @property
    def system(self) -> str | None:
        """The AI system that the run belongs to."""
        ...


current_run: ContextVar[Running | None] = ContextVar("mlledger_run", default=None)


class Recorder:
    """What all verbs of the SDK stand on: an emitter, a home, and counted faults.

    Attributes:
        config: settings of the home; None when the SDK is switched off.
        emitter: signs as the client's own identity.
        identity: that identity, such as ``service:local``.
        faults: failures of the SDK's own work.
        system: AI system that events belong to when nothing else is said.
        actor: who acts through the client where it is a service; a claim.
        attested: deployment id → id of this process's newest attestation.
        capture: seals the payload of decisions.
    """

    def __init__(
        self,
        config: Config | None,
        emitter: Emitting,
        *,
        identity: str,
        emitter_as: Callable[[str], Emitting],
        strict: bool = False,
        system: str | None = None,
        actor: str | None = None,
        quiet: bool = False,
    ) -> None:
        self.config = config
        self.emitter = emitter
        self.identity = identity
        self.faults = Faults(strict=strict)
        self.system = system
        self.actor = actor
        self.quiet = quiet
        self.attested: dict[bytes, bytes] = {}
        self._emitter_as = emitter_as
        self._blobs = Blobs(config.blobs) if config else None
        self.cache = LocalCache(config.home / CACHE_NAME) if config else None
        self.capture = Capture(config)
        self._signers = Signers(config)

    @property
    def enabled(self) -> bool:
        """Whether anything is recorded."""
        return self.config is not None

    def record(
        self, event: str, /, *, basis: str, via: Emitting | None = None, **fields: Any
    ) -> Reference:
        """Make an event and hand it to an emitter; returns its exact reference.

        Within a run the event carries the run's id and system.

        Args:
            event: its type.
            basis: how the fact is known.
            via: another emitter than the client's own.
            fields: fields of the type and of its envelope.

        Raises:
            InvalidEventError: a field does not fit; the text says which.
        """
        from ledger.events import event_class

        run = current_run.get()
        envelope = {
            "system_id": (run.system if run else None) or self.system,
            "correlation_id": run.id if run else None,
            "traceparent": traceparent(),
            "actor": None if via or is_person(self.identity) else self.actor,
        }
        cls: Any = event_class(event)
        merged = {**envelope, **{k: v for k, v in fields.items() if v is not None}}
        return (via or self.emitter).emit(cls.record(basis=basis, **merged))

    def record_as(
        self, identity: str | None, event: str, /, *, basis: str, **fields: Any
    ) -> Reference:
        """Record an event signed by an identity of the home; None is the client's own.

        Raises:
            ConfigurationError: the home holds no key for that identity.
            InvalidEventError: a field does not fit; the text says which.
            NotAuthorisedError: that identity's key may not sign such an event.
        """
        if identity is None:
            return self.record(event, basis=basis, **fields)
        with self.signing_as(identity, event, what=event) as signing:
            return self.record(event, basis=basis, via=signing, **fields)

    @contextmanager
    def signing_as(
        self, identity: str | None, event: str, *, what: str
    ) -> Generator[Emitting]:
        """Give an emitter for what only a person may sign, for the block alone.

        Args:
            identity: the person, or a service that is authorised to attest for
                persons; None takes the client's own identity if that is a person.
            event: type of what is signed.
            what: what is signed, for the error.

        Raises:
            ConfigurationError: the home holds no key for that identity.
            NotAuthorisedError: nobody is named, and the client is a service; or the
                key is known here as one that may not sign this. The sealer would
                refuse the event, and all that travels with it.
        """
        who = identity or self.identity
        if identity is None and not is_person(who):
            raise NotAuthorisedError(
                f"{what}: must be signed by a person, and this client is {who}",
                hint="say by='person:…', an identity whose key the home holds",
            )
        self._signers.require(who, event)
        if who == self.identity:
            yield self.emitter
            return
        emitter = self._emitter_as(who)
        try:
            yield emitter
        finally:
            emitter.flush()
            emitter.close()

    def register(self, event: str, kind: str, name: str, /, **fields: Any) -> Entry:
        """Record a registration, unless this home has recorded the very same before."""
        key, wanted = self._registration(kind, name, fields)
        if self.cache and (known := self.cache.registered(key, wanted)):
            handle = from_dict(known)
            if isinstance(handle, Entry):
                return handle
        made = self.record(event, basis="declared", **fields)
        handle = Entry(id=made.id, digest=made.digest, name=name)
        if self.cache and self.config and self.config.producer.mode != "fire":
            self.cache.keep_registered(key, wanted, handle.to_dict())
        return handle

    def is_registered(self, kind: str, name: str) -> bool:
        """Tell whether this home has registered that name, with whatever fields."""
        key, _ = self._registration(kind, name, {})
        return bool(self.cache and self.cache.registered(key))

    def content(self, data: object, *, cached: bool = True) -> Content:
        """Return the identity of data; ``cached=False`` reads files in any case."""
        found = content_of(data, cache=self.cache if cached else None)
        if self.cache and isinstance(data, str | Path):
            self.cache.keep_place(found.digest, Path(data))
        return found

    def store(self, document: bytes) -> str:
        """Keep a document in the home's blobs; returns its digest; see :meth:`keep`."""
        return self.keep(document)[0]

    def keep(self, document: bytes | Path) -> tuple[str, str]:
        """Keep a document; returns its digest, and why it was not kept or nothing.

        Raises:
            JournalError: in strict mode, the disk does not take it.
            OSError: the file cannot be read.
        """
        if self._blobs is None:
            return content_of(document).digest, ""
        try:
            return self._blobs.put(document), ""
        except JournalError as error:
            self.faults.note("document", error)
            reason = getattr(error.__cause__, "strerror", None) or "not kept"
            return content_of(document).digest, str(reason)

    def store_file(self, path: Path) -> tuple[str, int]:
        """Keep a file's bytes; returns digest and size; see :meth:`keep`."""
        digest, missed = self.keep(path)
        if self._blobs is None or missed:
            return digest, path.stat().st_size
        return digest, self._blobs.size(digest)

    def kept(self, document: str | Path | bytes | None) -> str | None:
        """Keep a document, unless it is given by its digest; returns the digest."""
        if document is None or (isinstance(document, str) and is_digest(document)):
            return document
        if isinstance(document, bytes):
            return self.store(document)
        return self.store_file(Path(document))[0]

    def _registration(
        self, kind: str, name: str, fields: Mapping[str, Any]
    ) -> tuple[str, str]:
        ledger_id = self.config.ledger_id.hex()[:16] if self.config else ""
        text = json.dumps(fields, sort_keys=True, default=str)
        return f"{ledger_id}/{kind}/{name}", sha256(text.encode()).hexdigest()


def is_person(identity: str) -> bool:
    """Tell whether an identity is named as a person's."""
    return identity.startswith("person:")


def traceparent() -> str | None:
    """Return the W3C trace context of the current span, if OpenTelemetry is loaded."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags):02x}"
