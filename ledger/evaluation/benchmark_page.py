"""The report of a benchmark: verdict first, then figures and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.evaluation.libraries import library
from ledger.evaluation.page import (
    PERCENTILES,
    figures_table,
    heading,
    page,
    paragraph,
    table,
    warning,
)
from ledger.evaluation.plots import Series, interval_plot, line_plot
from ledger.evaluation.svg import Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.evaluation.benchmark import Benchmark
    from ledger.evaluation.latency import Ratio
    from ledger.evaluation.ramp import Step

_POINTS = 60


def benchmark_page(found: Benchmark) -> bytes:
    """Return the report of a benchmark as one HTML file."""
    subject = found.target.name
    if found.baseline is not None:
        subject += f" beside {found.baseline.name}"
    return page(
        f"Benchmark: {found.load.kind}",
        subject,
        [
            paragraph(outcome(found), "outcome"),
            *map(warning, found.target.warnings),
            *_ratios(found),
            *_curve(found),
            *_samples(found),
            *_figures(found),
            *_about(found),
        ],
    )


def outcome(found: Benchmark) -> str:
    """Return the result in a few sentences."""
    words = [f"{found.requests:,} requests, {found.errors:,} not answered well."]
    if found.ratios:
        spans = ", ".join(
            f"p{one.quantile * 100:g} {one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
            for one in found.ratios
        )
        said = "slower" if found.slower else "not shown to be slower"
        words.append(f"Its latency over the baseline's: {spans}; {said}.")
    if found.knee is not None:
        words.append(_knee(found))
    return " ".join(words)


def _knee(found: Benchmark) -> str:
    knee = found.knee
    if knee is None:
        return ""
    if knee.per_s is None:
        said = "It does not keep up with the lowest rate that was tried."
    elif knee.reached:
        said = f"It keeps up with {knee.per_s:g} requests per second, not with more."
    else:
        said = f"It keeps up with every rate that was tried, up to {knee.per_s:g}/s."
    error = knee.first_error_per_s
    first = "No request failed."
    if error is not None:
        first = f"The first failed at {error:g}/s."
    return f"{said} {first}"


def _ratios(found: Benchmark) -> list[str]:
    if not found.ratios:
        return []
    both = [("target / baseline", found.ratios), ("baseline / itself", found.unrest)]
    rows = [
        (f"{name}, p{one.quantile * 100:g}", one.value, one.low, one.high)
        for name, ratios in both
        for one in ratios
    ]
    low = min(one[2] for one in rows)
    high = max(one[3] for one in rows)
    pad = (high - low) * 0.05 or 0.05
    plot = interval_plot(
        "ratios",
        "Latency over the baseline's, with 95 % intervals",
        f"The line marks no difference. {_said(found.ratios)}",
        x=Axis("ratio", min(low, 1.0) - pad, max(high, 1.0) + pad),
        rows=rows,
        mark=1.0,
    )
    return [heading("Beside the baseline"), plot]


def _said(ratios: Sequence[Ratio]) -> str:
    beyond = [f"p{one.quantile * 100:g}" for one in ratios if one.low > 1]
    return f"Higher beyond chance: {', '.join(beyond) or 'none'}."


def _curve(found: Benchmark) -> list[str]:
    if not found.steps:
        return []
    steps = found.steps
    rates = [one.rate for one in steps]
    low = min(one.p50 for one in steps) * 1e3
    high = max(one.p99 for one in steps) * 1e3
    plot = line_plot(
        "rates",
        "Latency by rate",
        _knee(found),
        x=Axis("requests due per second", min(rates), max(rates), log=len(rates) > 1),
        y=Axis("milliseconds from when due", low, max(high, low * 1.01), log=True),
        series=[
            Series(name, [(s.rate, getattr(s, name) * 1e3) for s in steps])
            for name in ("p50", "p95", "p99")
        ],
    )
    rows = [
        (s.rate, s.achieved, s.requests, s.errors, *_milliseconds(s)) for s in steps
    ]
    columns = ("Due per s", "Answered per s", "Requests", "Errors", "p50", "p95", "p99")
    return [
        heading("Rates"),
        plot,
        paragraph(PERCENTILES, "quiet"),
        table("Latency in milliseconds, from when a request was due", columns, rows),
    ]


def _milliseconds(step: Step) -> tuple[float, float, float]:
    return step.p50 * 1e3, step.p95 * 1e3, step.p99 * 1e3


def _samples(found: Benchmark) -> list[str]:
    if not found.samples:
        return []
    numpy = library("numpy")
    shares = numpy.linspace(0.01, 0.99, _POINTS)
    series = [
        Series(
            name,
            [
                (float(value) * 1e6, float(share))
                for value, share in zip(
                    numpy.quantile(values, shares), shares, strict=True
                )
            ],
        )
        for name, values in found.samples.items()
    ]
    edges = [point[0] for one in series for point in one.points]
    medians = ", ".join(
        f"{name} {float(numpy.median(values)) * 1e6:.4g}"
        for name, values in found.samples.items()
    )
    plot = line_plot(
        "latencies",
        "Share of requests answered within a time",
        f"Medians in microseconds: {medians}.",
        x=Axis("microseconds", min(edges), max(*edges, min(edges) * 1.01), log=True),
        y=Axis("share", 0.0, 1.0),
        series=series,
    )
    return [heading("Latency"), plot]


def _figures(found: Benchmark) -> list[str]:
    if found.steps:
        return []  # they stand beside their rates
    return [
        heading("Figures"),
        paragraph(PERCENTILES, "quiet"),
        figures_table("Latency and memory", found.measured),
    ]


def _about(found: Benchmark) -> list[str]:
    load = found.load
    rows = [
        ("Target", found.target.name),
        ("Its artifact", found.target.digest or "not at hand"),
        ("Baseline", found.baseline.name if found.baseline else "none"),
        ("Requests under way at once", str(load.workers)),
        ("Seed of every draw", str(load.seed)),
    ]
    return [heading("What was measured"), table("", ("What", "Value"), rows)]
