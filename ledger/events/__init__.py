"""The event types: one module per family, loaded when a type is first used.

``event_class("prediction.decision.recorded")`` returns the class of a type. Importing
this package loads neither a family nor pydantic.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.events.base import (
        Basis,
        Event,
        ExternalRef,
        Meta,
        Ref,
        event_class,
        event_classes,
        event_names,
        meta,
    )

__all__ = [
    "FAMILIES",
    "Basis",
    "Event",
    "ExternalRef",
    "Meta",
    "Ref",
    "event_class",
    "event_classes",
    "event_names",
    "meta",
]

FAMILIES = (
    "consumer",
    "control",
    "data",
    "evaluation",
    "governance",
    "incident",
    "ledger",
    "monitoring",
    "oversight",
    "pipeline",
    "prediction",
    "registry",
    "serving",
)


def __getattr__(name: str) -> object:
    """Load the base of the families when a name of it is asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("ledger.events.base"), name)
