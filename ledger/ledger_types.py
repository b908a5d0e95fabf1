"""The ``ledger.*`` types: built into every verifier, and spelled in one way only.

Avro lets one value be written in several ways (multi-block arrays, over-long numbers).
A body in the control log must be the one that :mod:`ledger.codec` would write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.codec import Decoder
    from ledger.entry import SignedEntry


ENDORSED = "ledger.statement.endorsed"


@dataclass(frozen=True, slots=True)
class LedgerType:
    """One built-in type.

    Attributes:
        name: such as ``ledger.key.authorized``.
        version: version of its fields.
        schema: the exact schema bytes.
        decoder: reads its bodies.
    """

    name: str
    version: int
    schema: bytes
    decoder: Decoder

    def decode(self, body: bytes) -> dict[str, Any]:
        """Return the fields of a body that is spelled exactly.

        Raises:
            MalformedError: it does not decode, or would be written otherwise.
        """
        return self.decoder.decode_canonical(body)


@cache
def ledger_types() -> Mapping[bytes, LedgerType]:
    """Return the built-in types by schema id."""
    import ledger.events.ledger as family
    from ledger.avro import schema_bytes, schema_id
    from ledger.codec import Decoder
    from ledger.events.base import Event

    found: dict[bytes, LedgerType] = {}
    for cls in vars(family).values():
        if (
            isinstance(cls, type)
            and issubclass(cls, Event)
            and hasattr(cls, "type_name")
        ):
            schema = schema_bytes(cls)
            found[schema_id(cls)] = LedgerType(
                cls.type_name, cls.type_version, schema, Decoder(schema)
            )
    return found


def decode_bodies(entry: SignedEntry) -> list[tuple[str, dict[str, Any]]]:
    """Return type name and fields of each built-in event of an entry; others are left.

    Raises:
        MalformedError: a body, or the statement that one endorses, is not spelled
            exactly.
    """
    known = ledger_types()
    bodies = [
        (kind.name, kind.decode(event.body))
        for event in entry.events
        if (kind := known.get(event.schema_id))
    ]
    for name, fields in bodies:
        if name == ENDORSED:
            decode_statement(fields)
    return bodies


def decode_statement(endorsed: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return type name and fields of an endorsed statement; None for a foreign schema.

    Args:
        endorsed: the fields of a ``ledger.statement.endorsed``.

    Raises:
        MalformedError: the statement is not spelled exactly.
    """
    kind = ledger_types().get(endorsed["statement_schema"])
    return (kind.name, kind.decode(endorsed["statement"])) if kind else None
