"""What a comparison came to, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.evaluation.svg import shown

if TYPE_CHECKING:
    from ledger.evaluation.differential import Difference


def outcome(found: Difference) -> str:
    """Return the result in a few sentences."""
    agreed = found.agreed
    words = [
        f"{agreed.rows:,} rows, {agreed.pi_eq:.2%} of them answered exactly alike."
    ]
    if agreed.flips is not None:
        words.append(f"{agreed.flips:,} rows changed their class.")
    if agreed.max_difference is not None:
        worst = shown(agreed.max_difference)
        words.append(f"The largest difference of a score is {worst}.")
    if found.plan.equivalent:
        words.append(_equivalence(found))
    unmet = [one for one in found.judged if one.met is False]
    unmeasured = [one for one in found.judged if one.met is None]
    if found.judged:
        kept = len(found.judged) - len(unmet) - len(unmeasured)
        words.append(f"{kept} of {len(found.judged)} limits kept.")
    if unmeasured:
        words.append(f"{len(unmeasured)} limits were not measured by this test.")
    words.append(_speed(found))
    why = "a limit was not measured" if found.judged else "no limit was set"
    ends = {True: "Passed.", False: "Not passed.", None: f"No verdict: {why}."}
    return " ".join([*(one for one in words if one), ends[found.passed]])


def _equivalence(found: Difference) -> str:
    if found.first_difference:
        return f"The first stage that differs is {found.first_difference}."
    if found.stages:
        return "No stage differs beyond the tolerance."
    return ""


def _speed(found: Difference) -> str:
    p95 = next((one for one in found.ratios if one.quantile == 0.95), None)
    if p95 is None:
        return "Time was not measured."
    span = f"p95 ratio {p95.value:.3f}, {p95.low:.3f} to {p95.high:.3f}"
    if found.slower:
        return f"The new version is slower ({span})."
    return f"The new version is not shown to be slower than allowed ({span})."
