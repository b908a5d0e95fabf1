"""An SDK client without keys or log: a list takes the place of the emitter.

Every event still passes its class and the real encoder, so a field that does not fit
fails here as it would in a ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.codec import Decoded, Decoders, encode, encode_fields
from ledger.config import Config
from ledger.emitter import EventRef
from ledger.entry import MAX_EVENT
from ledger.errors import TooLargeError
from ledger.events import Event
from ledger.sdk import Ledger


class ListEmitter:
    """Collects what is emitted, as decoded events, in order."""

    def __init__(self, into: list[tuple[str, Decoded]], identity: str) -> None:
        self._into = into
        self._identity = identity
        self.closed = False

    def emit(self, event: Event, /) -> EventRef:
        schema, body = encode(event)
        return self._take(schema, body)

    def emit_encoded(self, cls: type[Event], fields: Mapping[str, Any], /) -> EventRef:
        from ledger.avro import schema_id

        return self._take(schema_id(cls), encode_fields(cls, fields))

    def emit_many(self, encoded: Sequence[tuple[bytes, bytes]], /) -> None:
        for schema, body in encoded:
            self._take(schema, body)

    def flush(self, timeout: float = 2.0) -> bool:
        return True

    def close(self, timeout: float = 2.0) -> None:
        self.closed = True

    def stats(self) -> dict[str, int | float | str]:
        return {"emitted": len(self._into)}

    def _take(self, schema: bytes, body: bytes) -> EventRef:
        from ledger.avro import built_in_schemas

        if len(body) > MAX_EVENT:
            raise TooLargeError(f"event of {len(body)} bytes")
        decoded = Decoders(built_in_schemas().__getitem__).decode(schema, body)
        self._into.append((self._identity, decoded))
        return EventRef(decoded.id, sha256(body).digest())


class FailingEmitter(ListEmitter):
    """Fails at every event."""

    def __init__(self, error: Exception) -> None:
        super().__init__([], "service:test")
        self._error = error

    def _take(self, schema: bytes, body: bytes) -> EventRef:
        raise self._error


class TestLedger(Ledger):
    """A client whose events can be looked at."""

    __test__ = False
    taken: list[tuple[str, Decoded]]

    def events(self, name: str) -> list[Decoded]:
        """Return the events of one type, in order."""
        return [event for _, event in self.taken if event.name == name]

    def only(self, name: str) -> Decoded:
        """Return the one event of a type."""
        (event,) = self.events(name)
        return event

    def signer_of(self, name: str) -> str:
        """Return the identity that signed the one event of a type."""
        (who,) = [who for who, event in self.taken if event.name == name]
        return who


def make_ledger(
    home: Path, *, identity: str = "service:test", **options: Any
) -> TestLedger:
    """Return a client over a home folder that holds no ledger but a place for blobs."""
    home.mkdir(parents=True, exist_ok=True)
    taken: list[tuple[str, Decoded]] = []
    made = TestLedger(
        Config(home=home, name="test"),
        ListEmitter(taken, identity),
        identity=identity,
        emitter_as=lambda who: ListEmitter(taken, who),
        **options,
    )
    made.taken = taken
    return made
