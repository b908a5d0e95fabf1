"""Windows of statistics, and sketches too coarse to show a person."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capture_settings import VaultConfig
from ledger.drift import ColumnSketch, compare, compare_all, sketch_table
from ledger.drift.gathering import MAX_COLUMNS, MAX_VALUES, Gathering
from ledger.drift.sketch import RARE, STEPS
from ledger.errors import ConfigurationError
from ledger.output import parse_time
from ledger.vault.windows import HOUR_US, newest_end

K = 10


def gathered(values: Sequence[object], *, rare: int = K) -> dict[str, ColumnSketch]:
    gathering = Gathering(rare=rare)
    for value in values:
        gathering.add({"x": value})
    return {one.name: one for one in gathering.sketches()}


@pytest.mark.parametrize(
    ("now", "hours", "wait", "end"),
    [
        ("2026-03-02T05:59:59Z", 24, 6, "2026-03-01T00:00:00Z"),
        ("2026-03-02T06:00:00Z", 24, 6, "2026-03-02T00:00:00Z"),
        ("2026-03-02T06:00:00Z", 1, 0, "2026-03-02T06:00:00Z"),
        ("2026-03-02T06:30:00Z", 1, 1, "2026-03-02T05:00:00Z"),
    ],
)
def test_a_window_is_measured_when_its_end_and_the_grace_are_over(
    now: str, hours: int, wait: int, end: str
):
    assert newest_end(parse_time(now), hours=hours, wait_hours=wait) == parse_time(end)


@given(
    st.integers(0, 2**52),
    st.integers(0, 2**45),
    st.integers(1, 744),
    st.integers(0, 99),
)
def test_windows_are_aligned_and_never_go_back(
    now: int, later: int, hours: int, wait: int
):
    end = newest_end(now, hours=hours, wait_hours=wait)
    assert end % (hours * HOUR_US) == 0
    assert end <= now - wait * HOUR_US < end + hours * HOUR_US
    assert newest_end(now + later, hours=hours, wait_hours=wait) >= end


@pytest.mark.parametrize(
    "settings",
    [
        {"statistics_hours": -1},
        {"statistics_hours": 745},
        {"statistics_rare": 4},
        {"statistics_least": 19},
        {"statistics_least": 100, "statistics_rare": 51},
        {"statistics_most": 99},
    ],
)
def test_settings_that_would_show_a_person_are_refused(settings: dict[str, int]):
    with pytest.raises(ConfigurationError, match="statistics"):
        VaultConfig(**settings)  # type: ignore[arg-type]
    assert VaultConfig(statistics_hours=0).statistics_hours == 0


def test_no_number_of_one_person_is_printed():
    draw = random.Random(1)
    ages = [round(draw.gauss(50, 10), 6) for _ in range(150)]
    found = gathered([*ages, 7_777_777.7])["x"]
    printed = {*found.quantiles, found.minimum, found.maximum}
    assert not printed & {*ages, 7_777_777.7}
    assert found.maximum is not None
    assert found.maximum < 7_777_777.7 / 2
    assert found.mean is not None
    assert found.mean < 100_000
    assert (found.count, found.distinct, len(found.quantiles)) == (151, 151, STEPS + 1)
    # 151 values make 15 groups at most: no more of them can be told apart.
    assert len({round(one, 9) for one in found.quantiles}) <= 15 * 6


def test_what_many_share_is_printed_as_it_is():
    found = gathered([0] * 60 + [1] * 60)["x"]
    assert set(found.quantiles) == {0.0, 1.0}
    constant = gathered([0.1] * 40)["x"]
    assert (constant.minimum, constant.mean, constant.deviation) == (0.1, 0.1, 0.0)
    assert constant.distinct == 1


def test_rare_values_and_rare_columns_are_not_named():
    gathering = Gathering(rare=K)
    for number in range(120):
        gathering.add(
            {
                "town": "Zwolle" if number < K - 1 else "Delft",
                "friends": {f"friend-{number}": True},
                "seen": {"here": number % 2 == 0},
                "free": f"text {number}",
            }
        )
    found = {one.name: one for one in gathering.sketches()}
    assert sorted(found) == ["free", "seen.here", "town"]
    assert found["town"].categories == {"Delft": 111, RARE: 9}
    assert found["free"].categories == {RARE: 120}
    assert found["seen.here"].type == "boolean"


def test_a_value_that_calls_itself_other_is_pooled_with_the_others():
    assert gathered(["a"] * 30 + [RARE] * 30)["x"].categories == {"a": 30, RARE: 30}


def test_what_is_no_number_is_missing_and_lists_have_places():
    found = gathered([1.5] * 20 + ["NaN"] * 3 + [None] * 2)["x"]
    assert (found.count, found.missing, found.type) == (20, 5, "number")
    gathering = Gathering(rare=2)
    for number in range(4):
        gathering.add([number, "a", [1, 2]], {"score": 0.5, "class": "b"})
    names = [one.name for one in gathering.sketches()]
    assert names == ["output.class", "output.score", "x0", "x1"]


def test_a_few_texts_do_not_make_numbers_a_column_of_texts():
    few = gathered([float(i) for i in range(50)] + ["unknown"] * (K - 1))["x"]
    assert (few.type, few.count, few.missing) == ("number", 50, K - 1)
    many = gathered([1.0] * 50 + ["unknown"] * K)["x"]
    assert (many.type, many.categories) == ("text", {"1.0": 50, "unknown": K})
    assert gathered([None] * 50)["x"].type == "null"


def test_memory_is_bounded_whatever_comes():
    gathering = Gathering(rare=2)
    for number in range(MAX_VALUES + 500):
        gathering.add({"free": f"text {number}"})
    for _ in range(2):
        gathering.add({f"c{number:04}": 1 for number in range(MAX_COLUMNS + 50)})
    found = {one.name: one for one in gathering.sketches()}
    assert len(found) == MAX_COLUMNS
    assert (found["free"].count, found["free"].distinct) == (MAX_VALUES + 500, None)


@pytest.mark.parametrize("people", [120, 2_000])
def test_a_coarse_sketch_does_not_look_like_drift_and_shows_it(people: int):
    draw = random.Random(people)
    trained = {
        "x": [draw.gauss(0, 1) for _ in range(5_000)],
        "flag": [float(draw.random() < 0.3) for _ in range(5_000)],
        "town": [f"t{int(draw.expovariate(1 / 40))}" for _ in range(5_000)],
    }
    for shift in (0.0, 0.8):
        gathering = Gathering(rare=K)
        for _ in range(people):
            gathering.add(
                {
                    "x": draw.gauss(shift, 1),
                    "flag": draw.random() < 0.3,
                    "town": f"t{int(draw.expovariate(1 / 40))}",
                }
            )
        now = [one for one in gathering.sketches() if one.name != "flag"]
        before = [one for one in sketch_table(trained) if one.name != "flag"]
        moved = {one.column: one.breach for one in compare_all(before, now)}
        assert moved == {"x": shift > 0, "town": False}


def test_a_value_that_may_stand_behind_other_is_no_difference():
    named = {"a": 500, "b": 300, "c": 150}
    before = ColumnSketch("x", "text", 1_000, 0, categories={**named, RARE: 50})
    moved = [
        compare(before, ColumnSketch("x", "text", 1_000, 0, categories=now))
        for now in ({**named, "d": 50}, {**named, "d": 40, RARE: 10})
    ]
    assert [(one.psi, one.uncovered) for one in moved] == [(0.0, 0.0)] * 2
    large = {"a": 500, "b": 100, "c": 150, "d": 250}
    new = compare(before, ColumnSketch("x", "text", 1_000, 0, categories=large))
    assert (new.breach, new.uncovered) == (True, 0.25)


def test_too_few_numbers_are_compared_with_nothing():
    few = gathered([1.0] * (K - 1) + [None] * 100)["x"]
    assert (few.count, few.quantiles) == (K - 1, ())
    (reference,) = sketch_table({"x": [1.0, 2.0] * 50})
    found = compare(reference, few)
    assert (found.metric, found.breach) == ("few", False)


def test_a_column_without_values_is_an_absent_one():
    (reference,) = sketch_table({"x": [1.0, 2.0] * 50})
    (found,) = compare_all([reference], list(gathered([None] * 50).values()))
    assert (found.metric, found.breach) == ("absent", True)


def test_the_vault_makes_statistics_without_pandas_and_numpy():
    code = (
        "import sys; sys.modules.update(pandas=None, numpy=None, scipy=None)\n"
        "from ledger.vault import statistics\n"
        "from ledger.drift.gathering import Gathering\n"
        "g = Gathering(rare=5); [g.add({'x': i}) for i in range(50)]\n"
        "assert g.sketches()[0].count == 50\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
