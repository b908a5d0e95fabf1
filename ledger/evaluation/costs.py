"""Figures of time and memory, in the names under which they are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.evaluation.latency import QUANTILES, Ratio, quantile_intervals, ratios
from ledger.evaluation.resampling import RESAMPLES, SEED, Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.evaluation.libraries import Array

_MICRO = 1e6


def latency_figures(
    old: Array, new: Array, *, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[list[Ratio], list[Measured]]:
    """Return the ratios of two versions, and every figure with its interval.

    Args:
        old: seconds, rounds × requests, of the version in use.
        new: the same of the version that shall follow.
        resamples: of the bootstrap.
        seed: of the draw.
    """
    found = ratios(old, new, resamples=resamples, seed=seed)
    figures = [
        *single_figures("old.", old, resamples=resamples, seed=seed),
        *single_figures("new.", new, resamples=resamples, seed=seed),
        *ratio_figures(found),
    ]
    return found, figures


def ratio_figures(found: Sequence[Ratio], prefix: str = "ratio.") -> list[Measured]:
    """Return ratios as figures: ``ratio.latency_us.p95`` and so on."""
    return [
        Measured(f"{prefix}latency_us.{percentile(r.quantile)}", r.value, r.low, r.high)
        for r in found
    ]


def single_figures(
    prefix: str, latencies: Array, *, resamples: int = RESAMPLES, seed: int = SEED
) -> list[Measured]:
    """Return ``<prefix>latency_us.p50`` and so on of one version, in microseconds.

    Args:
        prefix: such as ``old.``.
        latencies: seconds, rounds × requests.
        resamples: of the bootstrap.
        seed: of the draw.
    """
    values = quantile_intervals(latencies, resamples=resamples, seed=seed)
    return [
        Measured(
            f"{prefix}latency_us.{percentile(quantile)}",
            value * _MICRO,
            low * _MICRO,
            high * _MICRO,
        )
        for quantile, (value, low, high) in zip(QUANTILES, values, strict=True)
    ]


def memory_figures(peaks: Sequence[float | None]) -> list[Measured]:
    """Return the peak memory of the old and the new version, and their ratio."""
    old, new = peaks
    found = [
        Measured(f"{which}.memory_bytes", value)
        for which, value in (("old", old), ("new", new))
        if value is not None
    ]
    if old and new is not None:
        found.append(Measured("ratio.memory_bytes", new / old))
    return found


def percentile(quantile: float) -> str:
    """Return ``p95`` of 0.95."""
    return f"p{quantile * 100:g}"
