"""The noise floor: how closely an independent replica can follow a model's scores."""

from __future__ import annotations

from ledger.evaluation.libraries import Array, library


def noise_floor(old: Array, new: Array) -> float | None:
    """Return half the root mean square residual of isotonic regression ``old ~ new``.

    What two versions of one model disagree about, after any monotone change of scale,
    is what an independent replica would disagree about at least. Zero says that the
    scores are the same up to such a change; then nothing tells a copy from a replica.

    Args:
        old: scores of the version in use, one per row.
        new: scores of the version that shall follow; NaN in either drops the row.

    Returns:
        None where fewer than two rows have both scores.

    Source: Barlow and others, Statistical Inference under Order Restrictions (1972),
    for the regression, which takes the mean of ``old`` among rows of equal ``new``.
    """
    numpy = library("numpy")
    old, new = numpy.asarray(old, dtype=float), numpy.asarray(new, dtype=float)
    kept = numpy.isfinite(old) & numpy.isfinite(new)
    if int(kept.sum()) < 2:
        return None
    residual = old[kept] - _isotonic(new[kept], old[kept])
    return 0.5 * float(numpy.sqrt(numpy.mean(residual * residual)))


def _isotonic(x: Array, y: Array) -> Array:
    """Return the non-decreasing function of ``x`` that is nearest to ``y``, per row."""
    numpy = library("numpy")
    regression = library("scipy.optimize").isotonic_regression
    _, group, counts = numpy.unique(x, return_inverse=True, return_counts=True)
    means = numpy.bincount(group, weights=y) / counts
    return regression(means, weights=counts.astype(float)).x[group]
