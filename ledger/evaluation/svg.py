"""Small plots as SVG text: readable on screen and on paper, with words beside them.

Each plot is a figure with a caption and a description that says in words what is to be
seen (``role="img"``, ``aria-labelledby``). Old and new differ in dash and shape, not in
colour alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ledger.visible import visible_html

WIDTH, HEIGHT = 640, 300
_TICKS = 8


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a plot.

    Attributes:
        title: with its unit.
        low: value at its beginning.
        high: value at its end.
        log: whether equal steps are equal factors; both ends above 0 then.
    """

    title: str
    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Return how far along the axis a value is, 0 to 1 within it."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            value = math.log(max(value, self.low))
        else:
            low, high = self.low, self.high
        return (value - low) / (high - low) if high > low else 0.5

    def ticks(self) -> list[float]:
        """Return the values that are written beside the axis."""
        if self.log:
            return _log_ticks(self.low, self.high)
        step = nice_step((self.high - self.low) / _TICKS)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(i * step, 12) for i in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten within a range; its ends where none is."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found = [n * 10.0**power for power in range(first, last + 1) for n in (1, 2, 5)]
    inside = [value for value in found if low <= value <= high]
    if len(inside) > _TICKS:
        inside = [value for value in inside if f"{value:e}".startswith("1")]
    return inside if len(inside) > 1 else [low, high]


def nice_step(step: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten that is not below a step."""
    if not (step > 0 and math.isfinite(step)):
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= step * (1 - 1e-9))


def figure(
    name: str, caption: str, described: str, drawn: str, *, height: int = HEIGHT
) -> str:
    """Return a figure with its caption and its description in words."""
    return (
        f'<figure id="{name}"><svg role="img" aria-labelledby="{name}-t {name}-d" '
        f'viewBox="0 0 {WIDTH} {height}" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-t">{visible_html(caption)}</title>'
        f'<desc id="{name}-d">{visible_html(described)}</desc>{drawn}</svg>'
        f"<figcaption><b>{visible_html(caption)}.</b> "
        f"{visible_html(described)}</figcaption>"
        "</figure>"
    )


def shown(value: float) -> str:
    """Return a number in four digits, or whole from ten thousand, as tables have it."""
    if not math.isfinite(value):
        return {"inf": "infinite", "-inf": "-infinite"}.get(str(value), "no number")
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
