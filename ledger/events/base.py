"""What every event is made of, and how a type is found by its name.

An event class is a frozen pydantic model: its docstring and field descriptions are the
published documentation, and its Avro schema is derived from it (:mod:`ledger.avro`).
Most events begin with :class:`Meta`; the *lean* ones, which are written by the million
or belong to the format of the ledger, begin with ``id`` and ``time`` alone.
"""

import difflib
import importlib
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ledger import clock
from ledger.errors import UnknownEventTypeError
from ledger.events import FAMILIES
from ledger.events.invalid import invalid_event
from ledger.events.types import Digest, Id, Line, Name, Symbol, Text, Time

E = TypeVar("E", bound="type[Event]")
_TYPE_NAME = re.compile(r"([a-z]+)\.[a-z][a-z0-9_]*\.[a-z]+")
_types: dict[tuple[str, int], "type[Event]"] = {}


class Part(BaseModel):
    """Base of records inside events: frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


class Ref(Part):
    """An exact reference to another event: which one, and its very bytes."""

    id: Id = Field(description="id of the event")
    digest: Digest = Field(description="SHA-256 of the event's Avro body as signed")

    @model_validator(mode="before")
    @classmethod
    def _from_reference(cls, value: Any) -> Any:
        """Take any object with ``id`` and ``digest``, such as ``emit`` returns."""
        if not isinstance(value, Mapping | cls) and hasattr(value, "digest"):
            return {"id": value.id, "digest": value.digest}
        return cast("object", value)


class ExternalRef(Part):
    """The name of the same thing in another system."""

    system: Name = Field(description="the other system, such as mlflow or jira")
    id: Name = Field(description="its identifier there")
    url: Line | None = Field(None, description="where it can be seen")


class Basis(Symbol):
    """How the recorded fact is known.

    observed: the recording software saw it happen. attested: a service vouches for it.
    declared: somebody entered it. derived: computed from other events. stated: a person
    signed it as a statement. imported: taken over from another system's records.
    """

    UNKNOWN = "unknown"
    OBSERVED = "observed"
    ATTESTED = "attested"
    DECLARED = "declared"
    DERIVED = "derived"
    STATED = "stated"
    IMPORTED = "imported"


class Meta(Part):
    """What is known about every event, whatever it tells."""

    id: Id = Field(description="UUIDv7 of the event, made by its producer")
    time: Time = Field(description="when it happened, microseconds since 1970; a claim")
    subject: Text | None = Field(None, description="what the event is about, in short")
    correlation_id: Id | None = Field(None, description="shared by events of one flow")
    causation_id: Id | None = Field(None, description="event that caused this one")
    traceparent: Text | None = Field(None, description="W3C trace context")
    actor: Text | None = Field(
        None, description="who acted, as claimed; proven is only the signing identity"
    )
    basis: Basis = Field(description="how the fact is known")
    system_id: Text | None = Field(None, description="AI system the event belongs to")
    external_refs: list[ExternalRef] = Field(
        default_factory=list[ExternalRef], description="its names in other systems"
    )


class Event(Part):
    """A typed fact in the past tense.

    Attributes:
        type_name: ``<family>.<noun>.<verb>``.
        type_version: version of the fields, from 1.
    """

    type_name: ClassVar[str]
    type_version: ClassVar[int]

    @property
    def event_id(self) -> bytes:
        """The 16-byte id, wherever the type keeps it."""
        return self._envelope().id

    @property
    def event_time(self) -> int:
        """When it happened, microseconds since 1970, as its producer claims."""
        return self._envelope().time

    def _envelope(self) -> Meta:
        return cast("Meta", getattr(self, "meta", self))

    @classmethod
    def validated(cls, fields: Mapping[str, Any]) -> Self:
        """Return the event with these fields.

        Raises:
            InvalidEventError: naming each field that does not fit, and what would.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise invalid_event(cls, error) from error


class FullEvent(Event):
    """An event with the full envelope; base of all types but the lean ones."""

    meta: Meta = Field(description="the envelope of every event")

    @classmethod
    def record(cls, *, basis: Basis | str, **fields: Any) -> Self:
        """Return a new event; id and time are made here unless they are given.

        Args:
            basis: how the fact is known.
            fields: fields of the type, and of :class:`Meta` (``system_id``, ``time``,
                ``subject`` and so on). A name that both have means the type's own.

        Raises:
            InvalidEventError: naming each field that does not fit, and what would.
        """
        outer = Meta.model_fields.keys() - cls.model_fields.keys()
        inner = {name: fields.pop(name) for name in outer & fields.keys()}
        return cls.validated({"meta": stamped({"basis": basis, **inner}), **fields})


class LeanEvent(Event):
    """An event whose envelope is its first two fields: for volume, for the format."""

    id: Id = Field(description="UUIDv7 of the event, made by its producer")
    time: Time = Field(description="when it happened, microseconds since 1970; a claim")

    @classmethod
    def record(cls, **fields: Any) -> Self:
        """Return a new event; id and time are made here unless they are given.

        Raises:
            InvalidEventError: naming each field that does not fit, and what would.
        """
        return cls.validated(stamped(fields))


def stamped(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with a fresh ``id`` and the present ``time`` where absent."""
    return {
        **fields,
        "id": fields.get("id") or clock.new_id(),
        "time": clock.now_us() if fields.get("time") is None else fields["time"],
    }


def meta(*, basis: Basis | str, **fields: Any) -> Meta:
    """Return an envelope; id and time are made here unless they are given.

    Raises:
        InvalidEventError: naming each field that does not fit, and what would.
    """
    try:
        return Meta.model_validate(stamped({"basis": basis, **fields}))
    except ValidationError as error:
        raise invalid_event(Meta, error) from error


def event(name: str, *, version: int = 1) -> Callable[[E], E]:
    """Name an event class and enter it among the types.

    Args:
        name: ``<family>.<noun>.<verb>``; the family is the module of the class.
        version: from 1; a released version's fields never change.
    """
    assert _TYPE_NAME.fullmatch(name), name  # noqa: S101  a defect of this package

    def enter(cls: E) -> E:
        assert (name, version) not in _types, name  # noqa: S101  likewise
        cls.type_name, cls.type_version = name, version
        _types[name, version] = cls
        return cls

    return enter


def event_class(name: str, version: int = 1) -> type[Event]:
    """Return the class of a type; loads its family.

    Raises:
        UnknownEventTypeError: no such type or version; names the nearest.
    """
    family = name.partition(".")[0]
    if family in FAMILIES:
        importlib.import_module(f"ledger.events.{family}")
    if found := _types.get((name, version)):
        return found
    known = event_names()
    if name in known:
        raise UnknownEventTypeError(f"{name} has no version {version}")
    near = difflib.get_close_matches(name, known, n=3)
    raise UnknownEventTypeError(
        f"no event type {name!r}"
        + (f"; did you mean {' or '.join(near)}?" if near else ""),
        hint="a type is <family>.<noun>.<verb>, such as data.source.registered",
    )


def event_classes() -> list[type[Event]]:
    """Return every class of every family, by name and version."""
    for family in FAMILIES:
        importlib.import_module(f"ledger.events.{family}")
    return [_types[key] for key in sorted(_types)]


def event_names() -> list[str]:
    """Return the names of all types, sorted."""
    return sorted({cls.type_name for cls in event_classes()})
