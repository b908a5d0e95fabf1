"""Rows are pure and fit their tables; what no column holds is refused by name."""

from __future__ import annotations

import math
import re
import struct
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.avro import schema_bytes
from ledger.codec import Decoders, encode
from ledger.events.base import event_class, event_names
from projections.columns import (
    MAX_NAME,
    MAX_TIME,
    Table,
    UnstorableError,
    from_time,
    to_json,
    to_time,
)
from projections.projection import PROJECTIONS
from projections.rows import EventPosition
from projections.sql_files import sql
from tests.support.events import event_strategy

AT = EventPosition("acme/p0", 3, 1)
BUILT = [
    name
    for name in event_names()
    if not name.startswith("ledger.") or name.split(".")[1] in {"stream", "gap", "key"}
]


@cache
def columns_in_text(projection: str) -> dict[str, int]:
    """Number of columns of each table, counted in the text of its schema."""
    text = sql(f"projections.{projection}", "schema")
    tables = re.findall(r"CREATE TABLE (\w+) \(\n(.*?)\n\)", text, re.DOTALL)
    lines = {
        name: re.findall(r"^ +(?!PRIMARY)\w", body, re.MULTILINE)
        for name, body in tables
    }
    return {name: len(body) for name, body in lines.items()}


@pytest.mark.parametrize("name", BUILT)
@settings(max_examples=settings().max_examples // 3)  # 0.3 s a type
@given(data=st.data())
def test_every_event_makes_rows_that_fit_their_tables(name: str, data: st.DataObject):
    cls = event_class(name)
    event = data.draw(event_strategy(cls))
    identity, body = encode(event)
    decoded = Decoders(lambda _: schema_bytes(cls)).decode(identity, body)

    made = [
        (projection.name, row)
        for projection in PROJECTIONS
        for row in projection.rows(decoded, AT, 5, "service:a", "service")
    ]

    assert made
    for projection, row in made:
        assert len(row.values) == columns_in_text(projection)[row.table]
        assert row.values[:6] == (event.event_id, event.event_time, 5, *AT)
        assert row.values[6] == "service:a"


def table(*types: str) -> Table:
    names = tuple(f"c{number}" for number in range(len(types)))
    return Table("registry", "model", names, types)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uuid", b"short"),
        ("timestamp with time zone", MAX_TIME + 1),
        ("timestamp with time zone", -(2**62)),
        ("text", "a\0b"),
        ("text", "x" * 2_049),
        ("character varying", "x" * (MAX_NAME + 1)),
        ("character varying[]", ["ok", "a\0b"]),
        ("jsonb", {"key": "a\0b"}),
        ("integer", 2**31),
        ("bigint", 2**63),
    ],
)
def test_a_value_that_no_column_holds_is_refused_by_the_column_name(
    kind: str, value: object
):
    with pytest.raises(UnstorableError, match=r"^c1: "):
        table("bigint", kind).encoder()([1, value])


def test_the_bytes_of_a_row_are_those_of_binary_copy():
    encoded = table("uuid", "bigint", "text", "boolean").encoder()(
        [b"u" * 16, 7, "é", None]
    )
    assert encoded == (
        struct.pack(">h", 4)
        + struct.pack(">i", 16)
        + b"u" * 16
        + struct.pack(">iq", 8, 7)
        + struct.pack(">i", 2)
        + "é".encode()
        + struct.pack(">i", -1)
    )


def test_numbers_that_json_has_no_word_for_are_kept_as_text():
    assert to_json({"a": math.nan, "b": [math.inf, 1.5]}) == (
        '{"a": "nan", "b": ["inf", 1.5]}'
    )


@given(st.integers(-62_135_596_800_000_000, MAX_TIME))
def test_times_print_and_read_back(microseconds: int):
    assert from_time(to_time(microseconds)) == microseconds
