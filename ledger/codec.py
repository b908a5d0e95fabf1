"""Between events and bytes: encode, decode, and the JSON that people write and read.

An event travels as the Avro body of its type, together with the id of the schema.
Bodies are kept as signed and never encoded again. They are written and read by this
package's own strict pair, :mod:`ledger.avro_writer` and :mod:`ledger.avro_reader`: it
is faster than fastavro for decisions, and it refuses bodies that Avro readers
understand differently. Tests hold both against fastavro.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ledger.avro import (
    class_of_schema,
    parse_schema,
    schema_bytes,
    schema_id,
    type_of_schema,
)
from ledger.avro_reader import compile_reader
from ledger.avro_writer import compile_writer
from ledger.errors import InvalidEventError, MalformedError, UnknownEventTypeError
from ledger.events.base import Event, LeanEvent, event_class, stamped
from ledger.output import format_id, format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Encoded(NamedTuple):
    """An event as it is packed into an entry.

    Attributes:
        schema_id: SHA-256 of the exact schema bytes.
        body: the Avro body.
    """

    schema_id: bytes
    body: bytes


class Encoder:
    """Writes bodies of one schema.

    Args:
        schema: the exact bytes of the schema.
    """

    def __init__(self, schema: bytes) -> None:
        parsed = parse_schema(schema)
        compile_reader(parsed)  # refuses schemas that are none
        self._name, _ = type_of_schema(schema)
        self._write = compile_writer(parsed)

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        """Return the Avro body of these fields; absent nullable ones become null.

        Raises:
            InvalidEventError: a field is unknown, absent or of another type.
        """
        try:
            return self._write(fields)
        except InvalidEventError as error:
            message = f"{self._name}: {error}"
            raise InvalidEventError(message, hint=error.hint) from error


class Decoder:
    """Reads bodies of one schema.

    Args:
        schema: the exact bytes of the schema.

    Raises:
        MalformedError: the bytes are not a schema that can be read.
    """

    def __init__(self, schema: bytes) -> None:
        self._schema = schema
        self._encoder: Encoder | None = None
        self.decode: Callable[[bytes], dict[str, Any]] = compile_reader(
            parse_schema(schema)
        )
        """Return the fields of a body, or raise MalformedError; see the reader."""

    def decode_canonical(self, body: bytes) -> dict[str, Any]:
        """Return the fields of a body that is the one spelling of its value.

        Raises:
            MalformedError: no such value, or another spelling of it.
        """
        fields = self.decode(body)
        self._encoder = self._encoder or Encoder(self._schema)
        if self._encoder.encode(fields) != body:
            raise MalformedError("Avro body is not in its only accepted spelling")
        return fields


class Decoded(NamedTuple):
    """An event as read from the log, without its class.

    A named tuple, as a projection makes millions: five times quicker to make than a
    frozen dataclass.

    Attributes:
        name: the type.
        version: version of the type.
        id: 16-byte id.
        time: when it happened, as claimed, microseconds since 1970.
        meta: the envelope, or None for lean types.
        fields: all fields but the envelope; enumerations as text.
        schema_id: SHA-256 of the schema.
        body: the Avro body as signed.
    """

    name: str
    version: int
    id: bytes
    time: int
    meta: dict[str, Any] | None
    fields: dict[str, Any]
    schema_id: bytes
    body: bytes

    def digest(self) -> bytes:
        """Return the SHA-256 of the body, as references name it."""
        return hashlib.sha256(self.body).digest()


class Decoders:
    """Reads bodies of any schema, and keeps what it has compiled.

    Args:
        lookup: schema id to the exact schema bytes; may raise for unknown ids.
    """

    def __init__(self, lookup: Callable[[bytes], bytes]) -> None:
        self._lookup = lookup
        self._known: dict[bytes, tuple[str, int, Decoder]] = {}

    def decode(self, identity: bytes, body: bytes) -> Decoded:
        """Return the event that a body holds.

        Args:
            identity: id of its schema, 32 bytes.
            body: the Avro body as signed.

        Raises:
            MalformedError: the schema or the body does not parse.
        """
        known = self._known.get(identity)
        if known is None:
            known = self._known[identity] = _compiled(self._lookup(identity))
        name, version, decoder = known
        fields = decoder.decode(body)
        meta = fields.pop("meta", None)
        envelope = fields if meta is None else meta
        try:
            event_id, time = envelope["id"], envelope["time"]
        except (KeyError, TypeError) as error:
            raise MalformedError(f"{name}: the schema has no id and time") from error
        return Decoded(name, version, event_id, time, meta, fields, identity, body)


@lru_cache(maxsize=512)
def _compiled(schema: bytes) -> tuple[str, int, Decoder]:
    """Return type, version and reader of a schema; compiling takes half a millisecond.

    Only the exact bytes find what was compiled before.
    """
    return (*type_of_schema(schema), Decoder(schema))


_encoders: dict[type[Event], Encoder] = {}


def encoder(cls: type[Event]) -> Encoder:
    """Return the one encoder of an event class."""
    found = _encoders.get(cls)
    if found is None:
        found = _encoders[cls] = Encoder(schema_bytes(cls))
    return found


def encode(event: Event) -> Encoded:
    """Return the schema id and the Avro body of an event."""
    cls = type(event)
    return Encoded(schema_id(cls), encoder(cls).encode(event.model_dump(by_alias=True)))


def encode_fields(cls: type[Event], fields: Mapping[str, Any]) -> bytes:
    """Return the Avro body of fields that are not checked but for their Avro types.

    The fast way in, for lean types: no lengths and patterns are looked at. ``id`` and
    other identifiers are 16 bytes, times whole microseconds, enumerations text.

    Raises:
        InvalidEventError: a field is unknown, absent or of another type.
    """
    return encoder(cls).encode(fields)


def to_event(decoded: Decoded) -> Event:
    """Return a decoded event as an instance of its class.

    Raises:
        UnknownEventTypeError: this version of the package does not know the type.
        InvalidEventError: the fields break a rule of the class, such as a length.
    """
    cls = class_of_schema(decoded.schema_id)
    if cls is None:
        raise UnknownEventTypeError(
            f"{decoded.name}: this version does not know schema "
            f"{decoded.schema_id.hex()}"
        )
    envelope = {} if decoded.meta is None else {"meta": decoded.meta}
    return cls.validated({**envelope, **decoded.fields})


def to_json(event: Event | Decoded) -> dict[str, Any]:
    """Return the fields as JSON: ids as UUID text, times as ISO 8601, bytes as hex.

    What :func:`from_json` takes back. A decoded event that no class of this version
    fits is printed by the types of its values alone.
    """
    if isinstance(event, Event):
        return event.model_dump(mode="json", by_alias=True)
    try:
        return to_event(event).model_dump(mode="json", by_alias=True)
    except InvalidEventError:
        envelope = {} if event.meta is None else {"meta": event.meta}
        return _print({**envelope, **event.fields})


def from_json(name: str, data: Mapping[str, Any], *, version: int = 1) -> Event:
    """Return the event that a JSON object describes.

    Identifiers are UUID text; bytes are hexadecimal digits, or ``base64:`` and base64;
    times are ISO 8601 or whole microseconds since 1970. An absent ``id`` or ``time`` is
    made here, and an absent ``basis`` is ``declared``: somebody wrote it by hand.

    Raises:
        UnknownEventTypeError: no such type; names the nearest.
        InvalidEventError: naming each field that does not fit, and what would.
    """
    cls = event_class(name, version)
    fields = dict(data)
    if issubclass(cls, LeanEvent):
        return cls.validated(stamped(fields))
    meta: Any = fields.get("meta") or {}
    if isinstance(meta, dict):
        fields["meta"] = stamped({"basis": "declared", **cast("dict[str, Any]", meta)})
    return cls.validated(fields)


def _print(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {key: _print(item, key) for key, item in fields.items()}
    if isinstance(value, list):
        return [_print(item) for item in cast("list[Any]", value)]
    if isinstance(value, bytes):
        return format_id(value) if len(value) == 16 else value.hex()
    if name == "time" and isinstance(value, int):
        return format_time(value)
    return value
