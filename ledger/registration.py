"""Make the event types of this release known to a ledger that is older than it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control
    from ledger.events.base import Event
    from ledger.log import Log


def register_schemas(config: Config, log: Log, control: Control) -> list[str]:
    """Register every shipped event type that the control log does not know yet.

    A ledger made by an older release lacks the newer types, and refuses their events.
    Safe to repeat; a schema that is registered twice counts once.

    Args:
        config: the ledger home.
        log: the ledger's log.
        control: the verified control log, to know what is registered.

    Returns:
        The names of the types that were registered.

    Raises:
        ConfigurationError: types are lacking, and the operator's key is not here.
        LogUnavailableError: the log does not take them; repeat the call.
    """
    from ledger.administration import append_as_operator
    from ledger.genesis import schemas_to_register

    facts = schemas_to_register(_Registered(control))
    if not facts:
        return []
    append_as_operator(config, log, facts, control=control)
    return [_type_name(fact) for fact in facts]


@dataclass(frozen=True, slots=True)
class _Registered:
    """The schema ids that a control log knows, as a container."""

    control: Control

    def __contains__(self, schema_id: object) -> bool:
        return (
            isinstance(schema_id, bytes)
            and self.control.registered_at(schema_id) is not None
        )


def _type_name(fact: Event) -> str:
    from ledger.avro import type_of_schema

    return type_of_schema(fact.model_dump(by_alias=True)["schema"])[0]
