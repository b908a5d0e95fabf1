"""The statistics of comparisons: published examples, hand-made cases, properties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.evaluation.agreement import agreement
from ledger.evaluation.alignment import aligned
from ledger.evaluation.answers import Answers, answers_of
from ledger.evaluation.calibration import reliability, wilson
from ledger.evaluation.floor import noise_floor
from ledger.evaluation.libraries import library
from ledger.evaluation.measures import Measure, measures_of
from ledger.evaluation.predictors import Stage
from ledger.evaluation.resampling import (
    block_length,
    moving_blocks,
    paired_intervals,
)
from ledger.evaluation.significance import holm, mcnemar_exact
from ledger.evaluation.slices import Slice, slice_results
from ledger.evaluation.stages import compare_stages, first_difference

finite = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("only_old", "only_new", "p"),
    [
        # By hand: two against twelve is 2 * (1 + 14 + 91) / 2^14.
        (2, 12, 0.012939453125),
        (12, 2, 0.012939453125),
        # All six one way is 2 / 2^6; one against five is 2 * 7 / 2^6.
        (0, 6, 0.03125),
        (1, 5, 0.21875),
        (7, 7, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_is_exact(only_old: int, only_new: int, p: float):
    assert mcnemar_exact(only_old, only_new) == pytest.approx(p, rel=1e-12)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_equals_the_sum_of_its_terms(b: int, c: int):
    terms = sum(math.comb(b + c, k) for k in range(min(b, c) + 1))
    assert mcnemar_exact(b, c) == pytest.approx(min(1.0, 2 * terms / 2 ** (b + c)))


def test_holm_multiplies_by_the_tests_that_are_left():
    # p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") in R.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_order_and_never_lowers(ps: list[float]):
    adjusted = holm(ps)
    assert all(a >= p for a, p in zip(adjusted, ps, strict=True))
    order = sorted(range(len(ps)), key=ps.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_the_noise_floor_of_a_hand_made_case():
    # The regression pools 3 and 1 to 2: residuals 0, 1, -1, 0, so half of sqrt(1/2).
    floor = noise_floor(np.array([0.0, 3.0, 1.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert floor == pytest.approx(0.5 * math.sqrt(0.5))


def test_the_noise_floor_pools_equal_scores_first():
    # Both rows of score 1 are worth 1.5: residuals -.5 and .5, then 0.
    floor = noise_floor(np.array([1.0, 2.0, 5.0]), np.array([1.0, 1.0, 2.0]))
    assert floor == pytest.approx(0.5 * math.sqrt(0.5 / 3))


@given(st.lists(finite, min_size=2, max_size=40))
def test_a_monotone_change_of_scale_has_no_floor(values: list[float]):
    old = np.array(values)
    assert noise_floor(old, np.arctan(old / 1e3)) == pytest.approx(0.0, abs=1e-3)
    assert noise_floor(old, old) == pytest.approx(0.0, abs=1e-9)


def test_the_floor_needs_two_rows():
    assert noise_floor(np.array([1.0, np.nan]), np.array([1.0, 2.0])) is None


def labelled(labels: str, scores: list[float] | None = None) -> Answers:
    return Answers(
        np.array(list(labels)),
        None if scores is None else np.array(scores),
        ("n", "y"),
    )


def test_flips_and_their_direction_are_counted():
    found = agreement(
        labelled("nnyyny", [0.1, 0.2, 0.9, 0.8, 0.3, 0.7]),
        labelled("nyynny", [0.1, 0.6, 0.9, 0.4, 0.3, 0.75]),
        truth=np.array(list("nyyyny")),
        adverse="n",
    )
    assert (found.rows, found.equal_rows, found.flips) == (6, 3, 2)
    assert found.directions == {("n", "y"): 1, ("y", "n"): 1}
    assert found.flips_to_adverse == 1
    assert (found.only_old, found.only_new) == (1, 1)
    assert found.mcnemar_p == 1.0
    assert found.max_difference == pytest.approx(0.4)
    assert found.pi_eq == 0.5


def test_a_number_beside_none_is_an_infinite_difference():
    old = Answers(scores=np.array([1.0, np.nan, np.nan, np.inf]))
    new = Answers(scores=np.array([1.0, np.nan, 2.0, np.inf]))
    found = agreement(old, new)
    assert (found.equal_rows, found.disagreeing_gaps) == (3, 1)
    assert found.max_difference == math.inf


@pytest.mark.parametrize(
    "new",
    [
        Answers(scores=np.zeros(3)),
        Answers(scores=np.zeros((2, 3))),
        Answers(np.array(["a", "b"])),
    ],
)
def test_answers_of_other_forms_are_refused(new: Answers):
    with pytest.raises(MalformedError):
        agreement(Answers(scores=np.zeros(2)), new)


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=30))
def test_agreement_is_symmetric_but_for_the_floor(pairs: list[tuple[float, float]]):
    old, new = (Answers(scores=np.array(side)) for side in zip(*pairs, strict=True))
    there, back = agreement(old, new), agreement(new, old)
    assert there.equal_rows == back.equal_rows
    assert there.max_difference == back.max_difference
    assert there.p99_difference == back.p99_difference


@pytest.mark.parametrize(
    ("raw", "labels", "scores"),
    [
        ([1, 0], ["1", "0"], None),
        (["a", "b"], ["a", "b"], None),
        ([True, False], ["1", "0"], None),
        ([0.5, None], None, [0.5, math.nan]),
        ([[0.2, 0.8], [0.6, 0.4]], None, [[0.2, 0.8], [0.6, 0.4]]),
        ([{"label": 1}, {"label": 0}], ["1", "0"], None),
        (
            [{"label": "y", "probabilities": {"n": 0.3, "y": 0.7}}] * 2,
            ["y", "y"],
            [0.7, 0.7],
        ),
    ],
)
def test_answers_take_one_form(raw: Any, labels: Any, scores: Any):
    found = answers_of(raw, rows=2, where="here")
    assert (None if found.labels is None else found.labels.tolist()) == labels
    np.testing.assert_equal(
        None if found.scores is None else found.scores.tolist(), scores
    )


@pytest.mark.parametrize("raw", [[1], 3, {"a": 1}, [{"x": 1}] * 2, [object()] * 2])
def test_other_answers_are_refused(raw: object):
    with pytest.raises(MalformedError):
        answers_of(raw, rows=2, where="here")


def test_probabilities_become_classes_where_the_answers_are_known():
    scores = Answers(scores=np.array([0.2, 0.7]))
    old, new = aligned(scores, scores, np.array(["n", "y"]))
    assert old.labels.tolist() == ["n", "y"]
    assert new.classes == ("n", "y")
    numbers, _ = aligned(scores, scores, None)
    assert numbers.labels is None
    named, _ = aligned(scores, scores, None, threshold=0.9)
    assert named.labels.tolist() == ["0", "0"]


def test_classes_that_a_port_lists_in_another_order_are_put_right():
    old = Answers(np.array(["a", "c"]), np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]]))
    new = Answers(old.labels, old.scores[:, ::-1].copy(), classes=("c", "b", "a"))
    named = Answers(old.labels, old.scores, ("a", "b", "c"))
    assert agreement(*aligned(named, new, None)).pi_eq == 1.0
    yes = Answers(np.array(["y"]), np.array([0.75]), ("n", "y"))
    turned = Answers(np.array(["y"]), np.array([0.25]), ("y", "n"))
    assert agreement(*aligned(yes, turned, None)).pi_eq == 1.0
    other = Answers(np.array(["y"]), np.array([0.25]), ("y", "maybe"))
    with pytest.raises(MalformedError):
        aligned(yes, other, None)


def values_of(measures: list[Measure], rows: int) -> dict[str, float]:
    return {one.name: float(one.of(np.ones((1, rows)))[0]) for one in measures}


def test_measures_of_a_hand_made_case():
    truth = np.array(list("nnyyy"))
    answers = labelled("nynyy", [0.1, 0.6, 0.4, 0.6, 0.9])
    found = values_of(measures_of(answers, truth), 5)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    # Pairs of a positive and a negative: 3 wins, 0.5 for the tie, 0 for .4 under .6,
    # then .6 and .9 over .1 and .4 over .1 are in the three: 1 + 1.5 + 2 of 6.
    assert found["auc"] == pytest.approx(4.5 / 6)
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.16 + 0.01) / 5)


def test_measures_agree_with_scikit_learn():
    metrics = library("sklearn.metrics")
    source = np.random.default_rng(3)
    score = source.random(300).round(2)
    truth = (source.random(300) < score).astype(int)
    answers = Answers((score >= 0.5).astype(int).astype(str), score, ("0", "1"))
    found = values_of(measures_of(answers, truth.astype(str)), 300)
    said = (score >= 0.5).astype(int)
    clipped = score.clip(1e-15, 1 - 1e-15)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(truth, score))
    assert found["f1"] == pytest.approx(metrics.f1_score(truth, said))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(truth, score))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, clipped))


def test_regression_measures_of_a_hand_made_case():
    answers = Answers(scores=np.array([1.0, 2.0, 5.0]))
    found = values_of(measures_of(answers, np.array([1.0, 3.0, 5.0])), 3)
    assert found["mae"] == pytest.approx(1 / 3)
    assert found["rmse"] == pytest.approx(math.sqrt(1 / 3))
    assert found["bias"] == pytest.approx(-1 / 3)
    assert found["r2"] == pytest.approx(1 - 1 / 8)


def test_intervals_hold_the_true_value_about_as_often_as_they_say():
    source = np.random.default_rng(11)
    held = 0
    for turn in range(120):
        right = source.random(80) < 0.8
        answers = Answers(np.where(right, "y", "n"), None, ("n", "y"))
        (one,) = [
            m for m in measures_of(answers, np.full(80, "y")) if m.name == "accuracy"
        ]
        found = paired_intervals([one], [one], rows=80, resamples=200, seed=turn)
        assert found[2].value == found[2].low == found[2].high == 0.0
        low, high = found[0].low, found[0].high
        assert low is not None
        assert high is not None
        held += low <= 0.8 <= high
    assert 0.86 <= held / 120 <= 0.99  # 95 %, less what a percentile interval lacks


def test_pairing_narrows_the_interval_of_the_difference():
    source = np.random.default_rng(5)
    hard = source.random(400) < 0.3
    truth = np.full(400, "y")
    old = labelled("".join(np.where(hard, "n", "y")))
    also = hard.copy()
    also[:3] = False
    new = labelled("".join(np.where(also, "n", "y")))
    by_name = {
        one.name: one
        for one in paired_intervals(
            measures_of(old, truth), measures_of(new, truth), rows=400, resamples=300
        )
    }
    width = {
        name: (by_name[name].high or 0) - (by_name[name].low or 0)
        for name in ("old.accuracy", "difference.accuracy")
    }
    assert width["difference.accuracy"] < width["old.accuracy"] / 4


def test_reliability_bins_hold_every_row_once():
    bins = reliability(np.array([0.0, 0.05, 0.95, 1.0]), np.array([0, 0, 1, 1]) > 0)
    assert [(one.rows, one.frequency) for one in bins] == [(2, 0.0), (2, 1.0)]
    # Of 0 in n the upper end is z² / (n + z²), with z = 1.96.
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_slices_are_corrected_for_looking_at_all():
    old = labelled("y" * 40)
    new = labelled("n" * 10 + "y" * 30)
    truth = np.array(["y"] * 40)
    halves = [
        Slice("first", np.arange(40) < 20),
        Slice("second", np.arange(40) >= 20),
    ]
    first, second = slice_results(halves, old, new, truth)
    assert (first.flips, first.old, first.new) == (10, 1.0, 0.5)
    assert first.p == pytest.approx(2 / 2**10)
    assert first.adjusted == pytest.approx(4 / 2**10)
    assert (second.p, second.adjusted) == (1.0, 1.0)


def test_the_first_stage_that_differs_is_named():
    same = np.ones((3, 2))
    old = [Stage("impute", same), Stage("scale", same), Stage("model", same)]
    moved = same + np.array([[0, 0], [0, 1e-3], [0, 0]])
    new = [Stage("impute", same), Stage("norm", moved), Stage("model", same)]
    found = compare_stages(old, new, tolerance=1e-6)
    assert first_difference(found) == "scale / norm"
    assert found[1].rows == 1
    assert first_difference(compare_stages(old, new, tolerance=0.01)) is None
    assert first_difference(compare_stages(old, new[:2], tolerance=0.01)) == "model"
    wide = [Stage("impute", np.ones((3, 3)))]
    assert "shape 3 × 2 against 3 × 3" in compare_stages(old, wide, tolerance=1)[0].note


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5))
def test_blocks_keep_neighbours_together(count: int, length: int, resamples: int):
    length = min(length, count)
    found = moving_blocks(count=count, length=length, resamples=resamples, seed=1)
    assert found.shape == (resamples, count)
    assert found.min() >= 0
    assert found.max() < count
    starts = np.arange(count) % length == 0
    steps = np.diff(found, axis=1)
    assert (steps[:, ~starts[1:]] == 1).all()


def test_blocks_are_longer_where_values_hang_together():
    source = np.random.default_rng(2)
    white = source.normal(size=2_000)
    slow = np.empty(2_000)
    slow[0] = 0.0
    for i in range(1, 2_000):
        slow[i] = 0.95 * slow[i - 1] + white[i]
    assert block_length(white) < 20
    assert block_length(slow) > 3 * block_length(white)
    assert block_length(np.ones(100)) <= 10
