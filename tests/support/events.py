"""Any valid event of any type, as a hypothesis strategy."""

from __future__ import annotations

import inspect
from enum import Enum
from typing import Annotated, Any, get_args, get_origin

from annotated_types import Ge, Gt, Le
from hypothesis import strategies as st

from ledger.avro import field_hints, is_nullable
from ledger.events.base import Event, Part, Ref, event_classes
from ledger.events.ledger import Policy
from ledger.events.types import (
    MAX_TIME,
    Bytes,
    Count,
    Digest,
    Flag,
    Id,
    Int,
    Line,
    Long,
    Name,
    Real,
    Text,
    Time,
)

LETTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\t\n"
)
IDS = st.binary(min_size=16, max_size=16)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")
TEXTS = st.text(LETTERS, max_size=20)
SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (Id, IDS),
    (Digest, DIGESTS),
    (Time, st.integers(0, MAX_TIME)),
    (Bytes, st.binary(max_size=40)),
    (Long, st.integers(-(2**63), 2**63 - 1)),
    (Count, st.integers(0, 2**63 - 1)),
    (Int, st.integers(0, 2**31 - 1)),
    (Flag, st.booleans()),
    (Name, st.text(LETTERS, min_size=1, max_size=20)),
    (Text, TEXTS),
    (Line, TEXTS),
    (Policy, TEXTS),
    (Real, st.floats(allow_nan=False)),
]


def events_strategy(
    *, family: str = "", types: list[type[Event]] | None = None
) -> st.SearchStrategy[Event]:
    """Any valid event of these types, or of all types whose name begins so."""
    classes = types or [c for c in event_classes() if c.type_name.startswith(family)]
    return st.one_of([event_strategy(cls) for cls in classes])


def event_strategy(cls: type[Event]) -> st.SearchStrategy[Any]:
    """Any valid event of one type."""
    return fields_strategy(cls).map(cls.model_validate)


def fields_strategy(cls: type[Part]) -> st.SearchStrategy[dict[str, Any]]:
    """Any valid fields of one record, by their Avro names."""
    bounds = {f.alias or name: f.metadata for name, f in cls.model_fields.items()}
    return st.fixed_dictionaries(
        {n: _values(hint, bounds[n]) for n, hint in field_hints(cls).items()}
    )


def _values(hint: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    args = get_args(hint)
    if is_nullable(hint):
        inner = next(arg for arg in args if arg is not type(None))
        return st.none() | _values(inner, metadata)
    if get_origin(hint) is list:
        return st.lists(_values(args[0], []), max_size=3)
    if get_origin(hint) is dict:
        return st.dictionaries(_values(args[0], []), _values(args[1], []), max_size=3)
    if get_origin(hint) is Annotated:
        return _scalars(hint, metadata)
    if issubclass(hint, Enum):
        return st.sampled_from([member.value for member in hint])
    assert inspect.isclass(hint)
    return fields_strategy(hint)


def _scalars(hint: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    strategy = next(found for known, found in SCALARS if known == hint)
    low = max((m.ge for m in metadata if isinstance(m, Ge)), default=None)
    high = min((m.le for m in metadata if isinstance(m, Le)), default=None)
    if hint == Real and (low, high) != (None, None):
        return st.floats(low, high, allow_nan=False)
    above = max((m.gt for m in metadata if isinstance(m, Gt)), default=None)
    return strategy if above is None else strategy.filter(lambda v: v > above)


def ref(event: Event) -> Ref:
    """The exact reference to an event as it would be signed."""
    from hashlib import sha256

    from ledger.codec import encode

    return Ref(id=event.event_id, digest=sha256(encode(event).body).digest())
