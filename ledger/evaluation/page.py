"""One HTML file of a result: no script, no network, opens anywhere, prints well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from ledger.evaluation.svg import shown

if TYPE_CHECKING:
    from ledger.evaluation.resampling import Measured

_STYLE = """
:root { color-scheme: light; --line: #c9d1d9; --quiet: #4b5563; }
body { font: 16px/1.5 system-ui, sans-serif; color: #111827; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: var(--quiet); }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { color: var(--quiet); font-weight: 400; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.outcome { border-left: .3rem solid #374151; padding: .4rem .8rem;
  background: #f3f4f6; }
.failed { color: #991b1b; font-weight: 600; }
.quiet, figcaption { color: var(--quiet); font-size: .88rem; }
figure { margin: 1rem 0; break-inside: avoid; }
svg { width: 100%; max-width: 48rem; height: auto; font: 12px system-ui, sans-serif; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; }
  tr { break-inside: avoid; } }
"""


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
        f"<title>{escape(title)}: {escape(subject)}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f'<p class="quiet">{escape(subject)}</p>\n'
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    ).encode()


def heading(text: str) -> str:
    """Return the heading of a section."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; ``kind`` is outcome, failed or quiet."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> str:
    """Return a table; nothing without rows."""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in rows)
    if not body:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
    )


def figures_table(caption: str, measured: Iterable[Measured]) -> str:
    """Return figures with their intervals as a table."""
    rows = [
        (one.name, one.slice or "all", one.value, _interval(one)) for one in measured
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
    return f"<td>{escape(str(value))}</td>"
