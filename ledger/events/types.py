"""The types that event fields are made of, each with its Avro form and printed form.

=========  ==================  =========================================  ==============
type       Avro                accepted at the door                       printed as
=========  ==================  =========================================  ==============
Id         fixed 16            bytes, UUID, UUID text, an object with id  UUID text
Digest     string              ``sha256:<hex>``, 32 bytes                 the same text
Time       long                microseconds, ISO 8601 text, datetime      ISO 8601, UTC
Bytes      bytes               bytes, hex text, ``base64:`` + base64      hex text
Real       double              number, ``NaN``, ``Infinity``              number or text
Long       long                whole number                               number
Count      long                whole number, not negative                 number
Int        int                 whole number, not negative                 number
Name       string              1..256 characters                          text
Text       string              0..256 characters                          text
Line       string              0..2048 characters                         text
=========  ==================  =========================================  ==============
"""

import base64
import binascii
import math
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    Strict,
)
from pydantic_core import core_schema

from ledger.errors import InvalidEventError
from ledger.output import format_time, parse_time

MAX_NAME = 256
MAX_LINE = 2_048
MAX_TIME = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")


@dataclass(frozen=True, slots=True)
class Avro:
    """Marks an annotated type with its Avro type, where Python's type leaves it open.

    Attributes:
        kind: a primitive Avro type, or the name of a fixed type.
        size: length of a fixed type in bytes, else 0.
    """

    kind: str
    size: int = 0


class Symbol(StrEnum):
    """Base of enumerations; the first symbol, ``unknown``, is the readers' default."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: type[Any], _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept a member or its text."""
        return core_schema.enum_schema(cls, list(cls), sub_type="str")


def _to_id(value: object) -> object:
    value = getattr(value, "id", value)
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, str):
        try:
            return UUID(value).bytes
        except ValueError:
            raise ValueError("not a UUID (8-4-4-4-12 hexadecimal digits)") from None
    return value


def _print_id(value: bytes) -> str:
    return str(UUID(bytes=value))


def _to_digest(value: object) -> object:
    if isinstance(value, bytes) and len(value) == 32:
        return f"sha256:{value.hex()}"
    return value


def _check_digest(value: str) -> str:
    if not _DIGEST.fullmatch(value):
        raise ValueError(
            'not a digest ("sha256:" and 64 lower-case hexadecimal digits)'
        )
    return value


def _to_time(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime needs a time zone")
        return parse_time(value.isoformat())
    if isinstance(value, str):
        try:
            return parse_time(value)
        except InvalidEventError as error:
            raise ValueError(f"{error} ({error.hint})") from None
    return value


def _to_bytes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        if value.startswith("base64:"):
            return base64.b64decode(value[7:], validate=True)
        if _HEX.fullmatch(value):
            return bytes.fromhex(value)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
    raise ValueError('not bytes (hexadecimal digits, or "base64:" and base64)')


def _to_real(value: object) -> object:
    if isinstance(value, str) and value in {"NaN", "Infinity", "-Infinity"}:
        return float(value)
    return value


def _print_real(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _check_text(value: str) -> str:
    if found := _CONTROL.search(value):
        raise ValueError(f"holds the control character U+{ord(found[0]):04X}")
    return value


Id = Annotated[
    bytes,
    Avro("Id", 16),
    Strict(),
    Field(min_length=16, max_length=16),
    BeforeValidator(_to_id),
    PlainSerializer(_print_id, when_used="json-unless-none"),
]
Digest = Annotated[
    str, Strict(), AfterValidator(_check_digest), BeforeValidator(_to_digest)
]
Time = Annotated[
    int,
    Avro("long"),
    Strict(),
    Field(ge=0, le=MAX_TIME),
    BeforeValidator(_to_time),
    PlainSerializer(format_time, when_used="json-unless-none"),
]
Bytes = Annotated[
    bytes,
    Avro("bytes"),
    Strict(),
    BeforeValidator(_to_bytes),
    PlainSerializer(bytes.hex, when_used="json-unless-none"),
]
Real = Annotated[
    float,
    Avro("double"),
    Strict(),
    BeforeValidator(_to_real),
    PlainSerializer(_print_real, when_used="json-unless-none"),
]
Long = Annotated[int, Avro("long"), Strict(), Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Avro("long"), Strict(), Field(ge=0, lt=2**63)]
Int = Annotated[int, Avro("int"), Strict(), Field(ge=0, lt=2**31)]
Flag = Annotated[bool, Avro("boolean"), Strict()]
Name = Annotated[
    str, Strict(), Field(min_length=1, max_length=MAX_NAME), AfterValidator(_check_text)
]
Text = Annotated[str, Strict(), Field(max_length=MAX_NAME), AfterValidator(_check_text)]
Line = Annotated[str, Strict(), Field(max_length=MAX_LINE), AfterValidator(_check_text)]
