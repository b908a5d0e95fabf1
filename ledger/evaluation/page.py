"""One HTML file of a result: no script, no network, opens anywhere, prints well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ledger.evaluation.svg import shown
from ledger.visible import visible_html

if TYPE_CHECKING:
    from ledger.evaluation.resampling import Measured

_STYLE = """
:root { color-scheme: light; --line: #c9d1d9; --quiet: #4b5563; }
body { font: 16px/1.5 system-ui, sans-serif; color: #111827; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem;
  margin-top: 1.2rem; }
caption { text-align: left; color: var(--quiet); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { color: var(--quiet); font-weight: 400; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.outcome { border-left: .3rem solid #374151; padding: .4rem .8rem;
  background: #f3f4f6; }
.warning { border-left: .3rem solid #92400e; padding: .2rem .8rem; color: #7c2d12; }
.quiet, figcaption { color: var(--quiet); font-size: .88rem; }
figure { margin: 1rem 0; break-inside: avoid; }
svg { width: 100%; max-width: 48rem; height: auto; font: 12px system-ui, sans-serif; }
@media (max-width: 40rem) { figure { overflow-x: auto; } svg { min-width: 36rem; }
  th, td { padding: .35rem .3rem; } }
@media print { body { margin: 0; max-width: none; font-size: 11pt; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""


_ISSUED = (
    "The event that records this result names this file by its SHA-256. It shows what "
    "was measured; whether that is good enough is for people to decide."
)
_UNITS = {"latency_us": "latency (µs)", "memory_bytes": "memory (bytes)"}
_WORDS = _UNITS | {"unrest": "baseline over itself", "ratio": "ratio of the two"}
PERCENTILES = (
    "p95: of 100 requests 95 took no longer; p50 and p99 likewise. The interval holds "
    "the true value 95 times of 100."
)


def page(title: str, subject: str, parts: Iterable[str]) -> bytes:
    """Return the file.

    Args:
        title: what kind of result.
        subject: what was tested.
        parts: its sections, as HTML.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{visible_html(title)}: {visible_html(subject)}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{visible_html(title)}</h1>\n"
        f'<p class="quiet">{visible_html(subject)}</p>\n'
        + "\n".join(part for part in parts if part)
        + f'\n<p class="quiet">{_ISSUED}</p>\n</main>\n</body>\n</html>\n'
    ).encode()


def heading(text: str) -> str:
    """Return the heading of a section."""
    return f"<h2>{visible_html(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; ``kind`` is outcome, warning or quiet."""
    return (
        f'<p class="{kind}">{visible_html(text)}</p>'
        if kind
        else f"<p>{visible_html(text)}</p>"
    )


def warning(text: str) -> str:
    """Return what a reader has to know before believing a result."""
    return paragraph(f"Warning: {text}", "warning")


def figure_name(name: str) -> str:
    """Return what people call a figure: ``old.auc`` is ``old: auc``."""
    first, *rest = (
        _WORDS.get(part, part.replace("_", " ")) for part in name.split(".")
    )
    return f"{first}: {', '.join(rest)}" if rest else first


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> str:
    """Return a table; nothing without rows."""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in rows)
    if not body:
        return ""
    head = "".join(f'<th scope="col">{visible_html(name)}</th>' for name in columns)
    return (
        f"<table>\n<caption>{visible_html(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
    )


def figures_table(caption: str, measured: Iterable[Measured]) -> str:
    """Return figures with their intervals as a table."""
    rows = [
        (figure_name(one.name), one.slice or "all", one.value, _interval(one))
        for one in measured
    ]
    columns = ("Figure", "Of", "Value", "95 % interval")
    if all(of == "all" for _, of, _, _ in rows):
        rows_all = [(name, value, interval) for name, _, value, interval in rows]
        return table(caption, (columns[0], *columns[2:]), rows_all)
    return table(caption, columns, rows)


def _interval(one: Measured) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{shown(one.low)} to {shown(one.high)}"


def _cell(value: object) -> str:
    if value is None:
        return "<td>not measured</td>"
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, float):
        return f'<td class="number">{shown(value)}</td>'
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{visible_html(str(value))}</td>"
