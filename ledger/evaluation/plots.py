"""Plots of results: lines with intervals, histograms, intervals in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.evaluation.svg import HEIGHT, WIDTH, Axis, figure, shown
from ledger.visible import visible_html

_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 16, 14, 46
_COLOURS = ("#1d4ed8", "#b45309", "#047857")
_DASHES = ("", "6 4", "2 3")


@dataclass(frozen=True, slots=True)
class Series:
    """A line or points of a plot.

    Attributes:
        name: in the legend.
        points: x and y.
        low: lower ends of intervals of y, or nothing.
        high: upper ends.
    """

    name: str
    points: Sequence[tuple[float, float]]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def line_plot(
    name: str,
    caption: str,
    described: str,
    *,
    x: Axis,
    y: Axis,
    series: Sequence[Series],
    diagonal: bool = False,
) -> str:
    """Return a figure with one line a series, and intervals where it has them.

    Args:
        name: id of the figure, unique in its page.
        caption: what it shows.
        described: what is to be seen, in words.
        x: horizontal axis.
        y: vertical axis.
        series: at most three.
        diagonal: draw where y equals x.
    """
    drawn = [_axes(x, y)]
    if diagonal:
        low, high = max(x.low, y.low), min(x.high, y.high)
        ends = [(low, low), (high, high)]
        drawn.append(_path(ends, x, y, "#6b7280", "1 3"))
    for index, one in enumerate(series):
        drawn.append(_line(one, x, y, index))
    drawn.append(_legend([one.name for one in series]))
    return figure(name, caption, described, "".join(drawn))


def bar_plot(
    name: str,
    caption: str,
    described: str,
    *,
    x: Axis,
    y: Axis,
    edges: Sequence[float],
    counts: Sequence[float],
) -> str:
    """Return a histogram.

    Args:
        name: id of the figure, unique in its page.
        caption: what it shows.
        described: what is to be seen, in words.
        x: horizontal axis.
        y: vertical axis.
        edges: where bars begin and end, one more than ``counts``.
        counts: height of each bar.
    """
    drawn = [_axes(x, y)]
    floor = _y(y, y.low)
    for left, right, count in zip(edges, edges[1:], counts, strict=False):
        at, to, top = _x(x, left), _x(x, right), _y(y, count)
        drawn.append(
            f'<rect x="{at:.1f}" y="{top:.1f}" width="{max(to - at - 1, 0.5):.1f}" '
            f'height="{max(floor - top, 0):.1f}" fill="{_COLOURS[0]}"/>'
        )
    return figure(name, caption, described, "".join(drawn))


def interval_plot(
    name: str,
    caption: str,
    described: str,
    *,
    x: Axis,
    rows: Sequence[tuple[str, float, float | None, float | None]],
    mark: float,
) -> str:
    """Return one point with its interval a row, and a line at a value.

    Args:
        name: id of the figure, unique in its page.
        caption: what it shows.
        described: what is to be seen, in words.
        x: horizontal axis.
        rows: name, value, lower and upper end of each.
        mark: value that a dashed line stands at.
    """
    height = _TOP + _BOTTOM + 26 * len(rows)
    left = 210
    drawn = [_across(x, left, height), _upright(x, mark, left, height)]
    for index, (label, value, low, high) in enumerate(rows):
        at = _TOP + 26 * index + 13
        drawn.append(_text(left - 8, at + 4, label, "end"))
        if low is not None and high is not None:
            ends = [_place(x, min(max(v, x.low), x.high), left) for v in (low, high)]
            drawn.append(
                f'<line x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{at}" y2="{at}" '
                f'stroke="{_COLOURS[0]}" stroke-width="2"/>'
            )
        centre = _place(x, min(max(value, x.low), x.high), left)
        drawn.append(
            f'<circle cx="{centre:.1f}" cy="{at}" r="4" fill="{_COLOURS[0]}"/>'
        )
    return figure(name, caption, described, "".join(drawn), height=height)


def _x(axis: Axis, value: float) -> float:
    return _LEFT + axis.share(value) * (WIDTH - _LEFT - _RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - _BOTTOM - axis.share(value) * (HEIGHT - _TOP - _BOTTOM)


def _place(axis: Axis, value: float, left: int) -> float:
    return left + axis.share(value) * (WIDTH - left - _RIGHT)


def _axes(x: Axis, y: Axis) -> str:
    floor = HEIGHT - _BOTTOM
    parts = [
        (
            f'<rect x="{_LEFT}" y="{_TOP}" width="{WIDTH - _LEFT - _RIGHT}" '
            f'height="{floor - _TOP}" fill="none" stroke="#9ca3af"/>'
        )
    ]
    for value in x.ticks():
        at = _x(x, value)
        parts.append(_text(at, floor + 16, shown(value), "middle"))
        parts.append(_rule(at, floor, at, floor + 4))
    for value in y.ticks():
        at = _y(y, value)
        parts.append(_text(_LEFT - 6, at + 4, shown(value), "end"))
        parts.append(_rule(_LEFT, at, WIDTH - _RIGHT, at))
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 10, x.title, "middle"))
    parts.append(
        f'<text transform="translate(14 {(_TOP + floor) / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{visible_html(y.title)}</text>'
    )
    return "".join(parts)


def _across(x: Axis, left: int, height: int) -> str:
    floor = height - _BOTTOM
    parts = [_rule(left, floor, WIDTH - _RIGHT, floor)]
    for value in x.ticks():
        at = _place(x, value, left)
        parts.append(_text(at, floor + 16, shown(value), "middle"))
        parts.append(_rule(at, _TOP, at, floor))
    middle = (left + WIDTH - _RIGHT) / 2
    return "".join([*parts, _text(middle, height - 10, x.title, "middle")])


def _upright(x: Axis, value: float, left: int, height: int) -> str:
    at = _place(x, value, left)
    return (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{height - _BOTTOM}" '
        'stroke="#111827" stroke-dasharray="4 3"/>'
    )


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        'stroke="#e5e7eb"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place}>{visible_html(text)}</text>"


def _path(
    points: Sequence[tuple[float, float]], x: Axis, y: Axis, colour: str, dash: str
) -> str:
    places = " ".join(f"{_x(x, a):.1f},{_y(y, b):.1f}" for a, b in points)
    return (
        f'<polyline points="{places}" fill="none" stroke="{colour}" '
        f'stroke-width="2" stroke-dasharray="{dash}"/>'
    )


def _line(one: Series, x: Axis, y: Axis, index: int) -> str:
    colour = _COLOURS[index % len(_COLOURS)]
    parts = [_path(one.points, x, y, colour, _DASHES[index % len(_DASHES)])]
    for (a, _), low, high in zip(one.points, one.low, one.high, strict=False):
        at = _x(x, a)
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_y(y, low):.1f}" '
            f'y2="{_y(y, high):.1f}" stroke="{colour}"/>'
        )
    if len(one.points) <= 40:
        parts += [_marker(_x(x, a), _y(y, b), colour, index) for a, b in one.points]
    return "".join(parts)


def _marker(x: float, y: float, colour: str, index: int) -> str:
    if index % 2:
        corner = f'x="{x - 3.5:.1f}" y="{y - 3.5:.1f}"'
        return f'<rect {corner} width="7" height="7" fill="{colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _legend(names: Sequence[str]) -> str:
    parts: list[str] = []
    for index, name in enumerate(names):
        y = _TOP + 16 + 18 * index
        colour, dash = _COLOURS[index % 3], _DASHES[index % 3]
        parts.append(
            f'<line x1="{_LEFT + 10}" x2="{_LEFT + 38}" y1="{y}" y2="{y}" '
            f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts.append(_text(_LEFT + 44, y + 4, name, "start"))
    return "".join(parts)
