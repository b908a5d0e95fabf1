"""A row has one line of JSON: the one that the library of RFC 8785 writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from projections.canonical import plain_json, printer
from projections.columns import MAX_TIME, MIN_TIME, Table, plain, to_time

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
LONG = st.integers(-(2**63), 2**63 - 1)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | LONG | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=5,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uuid": st.uuids(),
    "timestamp with time zone": st.integers(MIN_TIME, MAX_TIME).map(to_time),
    "text": TEXT,
    "character varying": TEXT,
    "bytea": st.binary(max_size=40) | st.binary(min_size=16, max_size=16),
    "jsonb": JSON,
    "boolean": st.booleans(),
    "bigint": LONG,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "double precision": st.floats(),
    "text[]": st.lists(st.none() | TEXT, max_size=3),
    "character varying[]": st.lists(TEXT, max_size=3),
    "uuid[]": st.lists(st.uuids(), max_size=3),
}
NAMES = tuple(f"c{number}" for number in range(len(VALUES), 0, -1))
TABLE = Table("x", "t", NAMES, tuple(VALUES))


def twin(row: tuple[Any, ...]) -> bytes:
    """The obvious way: everything through the library."""
    named = zip(TABLE.columns, TABLE.types, row, strict=True)
    line: Any = {name: plain_json(plain(value, kind)) for name, kind, value in named}
    return rfc8785.dumps(line)


@given(st.tuples(*(st.none() | values for values in VALUES.values())))
def test_every_row_is_printed_as_the_library_prints_it(row: tuple[Any, ...]):
    assert printer(TABLE)(row) == twin(row)


def test_every_character_is_escaped_as_the_library_escapes_it():
    every = "".join(map(chr, range(0x800))) + "\u2028\u2029\ufeff\uffff\U0001f600"
    one = Table("x", "t", ("text",), ("text",))
    assert printer(one)((every,)) == rfc8785.dumps({"text": every})


def test_ids_may_be_loaded_as_objects_or_as_text():
    one = Table("x", "t", ("id", "at"), ("uuid", "timestamp with time zone"))
    at = datetime.fromisoformat("1970-01-01T00:00:05Z")
    text = "01010101-0101-0101-0101-010101010101"
    expected = f'{{"at":5000000,"id":"{text}"}}'.encode()
    assert printer(one)((UUID(text), at)) == printer(one)((text, at)) == expected
