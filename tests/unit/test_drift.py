"""Drift: what matters is said, what is chance is not."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.drift import ColumnSketch, compare, compare_all, sketch_table
from ledger.drift.compare import alpha_of_look, psi_limit
from ledger.drift.sketch import MIN_CELL, RARE
from ledger.errors import InvalidEventError


def normal(n: int, *, seed: int, mean: float = 0.0, sd: float = 1.0) -> list[float]:
    draw = random.Random(seed)
    return [draw.gauss(mean, sd) for _ in range(n)]


def column(values: object, name: str = "x") -> ColumnSketch:
    (found,) = sketch_table({name: values})
    return found


def words(**counts: int) -> ColumnSketch:
    return column([word for word, n in counts.items() for _ in range(n)])


def test_a_sketch_says_what_the_column_looks_like() -> None:
    found = column([1.0, 2.0, 3.0, 4.0, float("nan"), float("inf")])
    assert (found.count, found.missing, found.distinct) == (4, 2, 4)
    assert (found.minimum, found.maximum, found.mean) == (1.0, 4.0, 2.5)
    assert found.quantiles[32] == 2.5
    assert ColumnSketch.of(found.fields()) == found


def test_a_rare_value_and_an_extreme_one_name_nobody() -> None:
    named = words(common=40, once=1, twice=2, five=MIN_CELL).categories
    assert named == {"common": 40, "five": 5, RARE: 3}
    ages = column([40.0] * 2_000 + [117.0])
    assert ages.maximum == 40.0


@settings(max_examples=25)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
def test_a_column_does_not_drift_from_itself(values: list[float]) -> None:
    found = compare(column(values), column(values))
    assert found.effect == 0
    assert not found.breach
    assert math.isclose(found.psi or 0.0, 0.0, abs_tol=1e-12)


@pytest.mark.parametrize("n", [100, 1_000, 5_000])
def test_chance_is_not_called_drift(n: int) -> None:
    moved = [
        compare(column(normal(n, seed=s)), column(normal(n, seed=s + 99))).breach
        for s in range(12)
    ]
    assert not any(moved)


def test_a_shift_that_is_sure_but_does_not_matter_is_not_called_drift() -> None:
    before, now = normal(60_000, seed=1), normal(60_000, seed=2, mean=0.05)
    found = compare(column(before), column(now))
    assert found.p_value is not None
    assert found.p_value < 1e-6
    assert found.effect < 0.1
    assert not found.breach


@pytest.mark.parametrize(("mean", "sd"), [(1.0, 1.0), (0.0, 2.0), (-0.5, 1.0)])
def test_a_shift_that_matters_is_found(mean: float, sd: float) -> None:
    before = column(normal(2_000, seed=1))
    found = compare(before, column(normal(2_000, seed=2, mean=mean, sd=sd)))
    assert found.breach
    assert found.metric == "wasserstein"
    assert found.reference_range is not None


def test_the_distance_is_in_interquartile_ranges() -> None:
    before = [float(i) for i in range(1_001)]
    found = compare(column(before), column([value + 250 for value in before]))
    assert found.effect == pytest.approx(0.5, abs=0.01)
    assert found.uncovered == pytest.approx(0.25, abs=0.03)


def test_values_of_another_kind_are_compared_by_psi() -> None:
    found = compare(words(a=500, b=500), words(a=800, b=200))
    expected = 0.3 * math.log(0.8 / 0.5) - 0.3 * math.log(0.2 / 0.5)
    assert found.psi == pytest.approx(expected)
    assert found.breach
    assert compare(words(a=10, b=10), words(a=12, b=8)).breach is False
    assert compare(words(a=50), words(c=50)).uncovered == 1.0


def test_columns_that_went_or_came_or_changed_their_kind_are_differences() -> None:
    before = sketch_table({"a": [1.0] * 10, "b": [1.0] * 10, "c": [1.0, 2.0] * 5})
    now = sketch_table({"c": ["x"] * 9, "d": [1.0] * 9, "a": [1.0] * 9})
    found = {one.column: (one.metric, one.breach) for one in compare_all(before, now)}
    assert found == {
        "a": ("wasserstein", False),
        "b": ("absent", True),
        "c": ("type", True),
        "d": ("new", True),
    }


def test_many_columns_are_held_against_a_stricter_limit() -> None:
    n = 400
    single = compare(column(normal(n, seed=3)), column(normal(n, seed=4, mean=0.2)))
    tables = [
        {f"c{i}": normal(n, seed=1_000 * s + i) for i in range(30)} for s in (1, 2)
    ]
    tables[1]["c0"] = normal(n, seed=4, mean=0.2)
    tables[0]["c0"] = normal(n, seed=3)
    many = compare_all(sketch_table(tables[0]), sketch_table(tables[1]))
    assert single.p_value is not None
    assert many[0].p_value == pytest.approx(min(1.0, 30 * single.p_value), rel=0.5)
    assert [one.column for one in many if one.breach] == []


def test_the_gate_of_psi_is_that_of_its_null_distribution() -> None:
    draw, beyond = random.Random(5), 0
    limit = psi_limit(4, 300, 300, alpha=0.05)
    for _ in range(400):
        drawn = [Counter(draw.choices("abcd", k=300)) for _side in range(2)]
        pair = [ColumnSketch("x", "string", 300, 0, categories=d) for d in drawn]
        beyond += (compare(*pair).psi or 0.0) > limit
    assert 8 <= beyond <= 34  # 20 are expected


def test_looking_every_day_never_spends_more_than_the_budget() -> None:
    spent = 0.0
    for look in count(1):
        spent += alpha_of_look(look)
        if look == 5_000:
            break
    assert 0.0499 < spent < 0.05
    with pytest.raises(InvalidEventError):
        alpha_of_look(0)


def test_nothing_to_compare_is_said() -> None:
    with pytest.raises(InvalidEventError, match="the current holds no value"):
        compare(column([1.0, 2.0]), column([float("nan")]))
    with pytest.raises(InvalidEventError, match="needs columns"):
        sketch_table({})
    with pytest.raises(InvalidEventError, match="not a table"):
        sketch_table({"a": [1], "b": [1, 2]})
