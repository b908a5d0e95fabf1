"""The report of a comparison: verdict first, then limits, figures, plots, parts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ledger.evaluation.difference_words import outcome
from ledger.evaluation.page import (
    PERCENTILES,
    figure_name,
    figures_table,
    heading,
    page,
    paragraph,
    table,
    warning,
)
from ledger.evaluation.plots import Series, bar_plot, interval_plot, line_plot
from ledger.evaluation.svg import Axis, shown

if TYPE_CHECKING:
    from ledger.evaluation.calibration import Bin
    from ledger.evaluation.differential import Difference
    from ledger.evaluation.resampling import Measured

_QUALITY = ("old.", "new.", "difference.", "trivial.")


def difference_page(found: Difference) -> bytes:
    """Return the report of a comparison as one HTML file."""
    title = "Equivalence test" if found.plan.equivalent else "Differential test"
    subject = f"{found.old.name} and {found.new.name} on {found.rows.name}"
    return page(
        title,
        subject,
        [
            paragraph(outcome(found), "outcome"),
            *map(warning, found.warnings),
            *_limits(found),
            *_agreement(found),
            *_stages(found),
            *_quality(found),
            *_slices(found),
            *_calibration(found),
            *_costs(found),
            *_about(found),
        ],
    )


def _limits(found: Difference) -> list[str]:
    rows = [
        (
            one.criterion.metric,
            one.criterion.slice or "all",
            f"{one.criterion.direction.replace('_', ' ')} {shown(one.criterion.limit)}",
            _baseline(one.criterion.baseline, one.criterion.baseline_value),
            one.measured,
            {True: "kept", False: "not kept", None: "not measured"}[one.met],
        )
        for one in found.judged
    ]
    columns = ("Figure", "Of", "Limit", "Baseline", "Measured", "Outcome")
    shown_table = table("Limits that were set before the test", columns, rows)
    return [heading("Limits"), shown_table] if rows else []


def _baseline(name: str | None, value: float | None) -> str:
    if name is None:
        return "none named"
    return name if value is None else f"{name}: {shown(value)}"


def _agreement(found: Difference) -> list[str]:
    agreed = found.agreed
    rows: list[tuple[str, object]] = [
        ("Rows", agreed.rows),
        ("Rows exactly equal", agreed.equal_rows),
        ("Rows whose class changed", agreed.flips),
        ("… to the person's disadvantage", agreed.flips_to_adverse),
        ("Right before, wrong now", agreed.only_old),
        ("Wrong before, right now", agreed.only_new),
        ("Chance of so uneven a change by luck (McNemar, p)", agreed.mcnemar_p),
        ("Largest difference of a score", agreed.max_difference),
        ("99th percentile of the difference", agreed.p99_difference),
        ("Noise floor: how near a replica can come to a score", agreed.floor),
    ]
    flips = [(f"{a} → {b}", n) for (a, b), n in agreed.directions.items()]
    return [
        heading("Row by row"),
        table("How the two agree", ("What", "Value"), rows),
        table("Classes that changed", ("From and to", "Rows"), flips),
        _histogram(found),
    ]


def _histogram(found: Difference) -> str:
    edges, counts = found.histogram
    if not counts:
        return ""
    low, high = edges[0], edges[-1]
    if low == high:
        low, high = low - 1e-12, high + 1e-12
    share = max(counts) / sum(counts)
    described = (
        f"New minus old, from {shown(edges[0])} to {shown(edges[-1])}; the fullest of "
        f"{len(counts)} bars holds {share:.0%} of {sum(counts):,} scores."
    )
    return bar_plot(
        "differences",
        "Differences of scores",
        described,
        x=Axis("new minus old", low, high),
        y=Axis("scores", 0.0, float(max(counts))),
        edges=edges,
        counts=counts,
    )


def _stages(found: Difference) -> list[str]:
    if not found.stages:
        return []
    rows = [
        (
            one.name,
            one.difference,
            one.rows,
            "same" if one.same else "differs",
            one.note,
        )
        for one in found.stages
    ]
    columns = ("Stage", "Largest difference", "Rows beyond it", "Outcome", "Note")
    caption = f"Outputs of the stages, tolerance {shown(found.plan.tolerance)}"
    return [heading("Stages"), table(caption, columns, rows)]


def _quality(found: Difference) -> list[str]:
    measured = [
        one
        for one in found.measured
        if one.slice is None and one.name.startswith(_QUALITY) and not _is_cost(one)
    ]
    differences = [one for one in measured if one.name.startswith("difference.")]
    plot = ""
    if differences:
        plot = _differences(differences)
    caption = "Measured on all rows; intervals from drawing rows again, in pairs"
    return [heading("Quality"), figures_table(caption, measured), plot]


def _is_cost(one: Measured) -> bool:
    return "latency" in one.name or "memory" in one.name


def _differences(measured: list[Measured]) -> str:
    ends = [abs(v) for m in measured for v in (m.value, m.low or 0, m.high or 0)]
    reach = max((v for v in ends if math.isfinite(v)), default=1.0) or 1.0
    clear = [
        _figure(m)
        for m in measured
        if m.low is not None and m.high is not None and (m.low > 0 or m.high < 0)
    ]
    described = "The line marks no difference. Beyond chance: " + (
        ", ".join(clear) or "none"
    )
    return interval_plot(
        "quality",
        "New minus old, with 95 % intervals",
        described + ".",
        x=Axis("difference", -reach * 1.05, reach * 1.05),
        rows=[(_figure(m), m.value, m.low, m.high) for m in measured],
        mark=0.0,
    )


def _figure(measured: Measured) -> str:
    return figure_name(measured.name.removeprefix("difference."))


def _slices(found: Difference) -> list[str]:
    rows = [
        (one.name, one.rows, one.equal, one.flips, one.old, one.new, one.adjusted)
        for one in found.slices
    ]
    columns = ("Part", "Rows", "Equal", "Flips", "Old", "New", "p, Holm")
    caption = "Parts of the rows; p after correction for looking at all of them"
    return [heading("Parts of the population"), table(caption, columns, rows)] * bool(
        rows
    )


def _calibration(found: Difference) -> list[str]:
    old, new = found.calibration
    if not old or not new:
        return []
    described = f"Old: {_worst(old)}. New: {_worst(new)}. The dotted line is ideal."
    names = (("old", old), ("new", new))
    plot = line_plot(
        "calibration",
        "How often it was so, by score",
        described,
        x=Axis("mean score", 0.0, 1.0),
        y=Axis("frequency", 0.0, 1.0),
        series=[_reliability(name, bins) for name, bins in names],
        diagonal=True,
    )
    rows = [
        (
            f"{name} {one.low:g} to {one.high:g}",
            one.rows,
            one.mean_score,
            one.frequency,
            f"{one.frequency_low:.3f} to {one.frequency_high:.3f}",
        )
        for name, bins in names
        for one in bins
    ]
    columns = ("Scores", "Rows", "Mean score", "Frequency", "95 % interval")
    return [heading("Calibration"), plot, table("Bins of scores", columns, rows)]


def _reliability(name: str, bins: list[Bin]) -> Series:
    return Series(
        name,
        [(one.mean_score, one.frequency) for one in bins],
        [one.frequency_low for one in bins],
        [one.frequency_high for one in bins],
    )


def _worst(bins: list[Bin]) -> str:
    far = max(bins, key=lambda one: abs(one.mean_score - one.frequency))
    return (
        f"farthest off at scores {far.low:g} to {far.high:g}, which say "
        f"{far.mean_score:.2f} where it was so in {far.frequency:.2f}"
    )


def _costs(found: Difference) -> list[str]:
    measured = [one for one in found.measured if _is_cost(one)]
    if not measured:
        return []
    return [
        heading("Time and memory"),
        paragraph(
            "One row a request, the versions in turn. Memory is what Python and NumPy "
            "held beyond the start while they answered many rows; what a library "
            "allocates by itself is not seen.",
            "quiet",
        ),
        paragraph(PERCENTILES, "quiet"),
        figures_table("Latency and memory; intervals from blocks", measured),
    ]


def _about(found: Difference) -> list[str]:
    rows = [
        ("Old version", found.old.name),
        ("Its artifact", found.old.digest or "not at hand"),
        ("New version", found.new.name),
        ("Its artifact", found.new.digest or "not at hand"),
        ("Data", found.rows.name),
        ("Its digest", f"{found.rows.digest} ({found.rows.scheme})"),
        ("Seed of every draw", str(found.plan.seed)),
        ("Draws", str(found.plan.resamples)),
        ("Slower when the p95 ratio is for certain above", f"{found.plan.limit:g}"),
    ]
    return [heading("What was tested"), table("", ("What", "Value"), rows)]
