"""A filter is parsed strictly: its meaning is known, or it is refused with a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidEventError
from projections.registry.filter_words import Kind
from projections.registry.filters import Condition, parse_filter
from projections.registry.orders import Order, parse_orders
from projections.registry.paging import Paging

ATTRIBUTES: dict[str, Kind] = {"name": "text", "versions": "number"}


def parsed(text: str) -> list[Condition]:
    return parse_filter(text, attributes=ATTRIBUTES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("name = 'a'", [Condition("attributes", "name", "=", text="a")]),
        ("attributes.name='a'", [Condition("attributes", "name", "=", text="a")]),
        ('name = "it\'s"', [Condition("attributes", "name", "=", text="it's")]),
        ("name = 'it''s'", [Condition("attributes", "name", "=", text="it's")]),
        (r"name = 'it\'s'", [Condition("attributes", "name", "=", text="it's")]),
        ("versions>=2", [Condition("attributes", "versions", ">=", number=2.0)]),
        ("tags.a.b != 'x'", [Condition("tags", "a.b", "!=", text="x")]),
        ("tag.`a b` = ''", [Condition("tags", "a b", "=", text="")]),
        ("tags.\"a b\" = 'x'", [Condition("tags", "a b", "=", text="x")]),
        ("metrics.f1 < -1.5e-3", [Condition("metrics", "f1", "<", number=-0.0015)]),
        ("params.lr LIKE '0.%'", [Condition("params", "lr", "LIKE", text="0.%")]),
        (
            "name in ('a', 'b') and tags.x ilike '%Y'",
            [
                Condition("attributes", "name", "IN", values=("a", "b")),
                Condition("tags", "x", "ILIKE", text="%Y"),
            ],
        ),
    ],
)
def test_a_filter_means(text, expected):
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("name = 'a' OR name = 'b'", 12, "AND alone"),
        ("name = 'a' AND", 15, "expected the name"),
        ("color = 'a'", 1, "no attribute"),
        ("colors.x = 'a'", 1, "none of attributes"),
        ("name", 5, "expected a comparator"),
        ("name > 'a'", 6, "does not compare with >"),
        ("versions LIKE '1'", 10, "does not compare with LIKE"),
        ("metrics.auc = '0.8'", 15, "compared with a number"),
        ("metrics.auc = 1e999", 15, "too large"),
        ("name = a", 8, "stands in quotes"),
        ("name = 'a", 8, "no part of a condition"),
        ("name IN ()", 10, "stands in quotes"),
        ("name IN ('a' 'b')", 14, "separated by commas"),
        ("name IN 'a'", 9, "expected ("),
        ("name LIKE 'a\\", 11, "no part of a condition"),
        ("name LIKE 'a\\\\\\\\\\\\'", 11, "escape"),
        ("name = 'a' ; DROP TABLE x", 12, "no part of a condition"),
        ("(name = 'a')", 1, "begins with a name"),
        ("tags. = 'a'", 7, "backticks"),
        ("name = 'a' name = 'b'", 12, "AND alone"),
    ],
)
def test_what_is_not_of_the_language_is_refused_with_its_place(text, place, reason):
    with pytest.raises(InvalidEventError) as caught:
        parsed(text)
    assert f"character {place}," in str(caught.value)
    assert reason in str(caught.value)


def test_too_much_is_refused():
    with pytest.raises(InvalidEventError, match="longer than"):
        parsed("x" * 20_000)
    with pytest.raises(InvalidEventError, match="more than 50"):
        parsed(" AND ".join(["name = 'a'"] * 51))
    with pytest.raises(InvalidEventError, match=r"U\+0000"):
        parsed("name = 'a\0'")


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text):
    try:
        found = parsed(text)
    except InvalidEventError:
        return
    assert all(one.op for one in found)


@given(st.text(alphabet=st.characters(exclude_characters="\\\0"), max_size=40))
def test_any_value_survives_its_quotes(value):
    quoted = value.replace("'", "''")
    assert parsed(f"name = '{quoted}'") == [
        Condition("attributes", "name", "=", text=value)
    ]


def ordered(text: str) -> list[Order]:
    return parse_orders(text, attributes=ATTRIBUTES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("name", [Order("attributes", "name")]),
        ("attributes.versions desc", [Order("attributes", "versions", True, True)]),
        (
            "metrics.auc DESC, tags.`a b` ASC, params.lr",
            [
                Order("metrics", "auc", True, True),
                Order("tags", "a b"),
                Order("params", "lr"),
            ],
        ),
    ],
)
def test_an_order_means(text: str, expected: list[Order]):
    assert ordered(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("name,", 6, "expected the name"),
        ("name versions", 6, "separated by commas"),
        ("name, metrics.a, name DESC", 18, "sorted by twice"),
        ("color", 1, "no attribute"),
        ("name = 'a'", 6, "separated by commas"),
        ("name DESC; DROP TABLE x", 10, "no part of a condition"),
    ],
)
def test_what_is_no_order_is_refused_with_its_place(text: str, place: int, reason: str):
    with pytest.raises(InvalidEventError, match=reason) as caught:
        ordered(text)
    assert f"order_by, character {place}," in str(caught.value)


def test_too_many_orders_are_refused():
    with pytest.raises(InvalidEventError, match="more than 10"):
        ordered(", ".join(f"metrics.m{n}" for n in range(11)))


PLACES = st.lists(st.text(st.characters(exclude_characters="\0")), min_size=2)


@given(PLACES)
def test_a_page_token_gives_its_place_back(place: list[str]):
    paging = Paging(("runs", "filter"), parts=len(place))
    assert paging.place(paging.token(place)) == place


@given(st.text(max_size=60))
def test_any_text_is_a_place_or_refused(token: str):
    if token:
        with pytest.raises(InvalidEventError, match="page token"):
            Paging(("runs",)).place(token)
