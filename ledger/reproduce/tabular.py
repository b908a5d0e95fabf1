"""Where two contents of one input differ: the row and column of a table, or the line.

Values are not told, for they may be about a person: only where they stand, and digests
of whole columns.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path

from ledger.reproduce.differences import Difference

_NAMED = 5
_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_Row = list[str]


def where_differ(name: str, before: Path, after: Path) -> list[Difference]:
    """Return in which cells or lines two files differ; at most five are named.

    Args:
        name: what the run calls the input.
        before: the content as it was recorded.
        after: the content as it was read now.
    """
    if not (before.is_file() and after.is_file()):
        return []
    delimiter = _DELIMITERS.get(after.suffix.lower()) or _DELIMITERS.get(
        before.suffix.lower()
    )
    try:
        if delimiter:
            return _cells(name, before, after, delimiter)
        return _lines(name, before, after)
    except (UnicodeDecodeError, csv.Error):
        return []


def _cells(name: str, before: Path, after: Path, delimiter: str) -> list[Difference]:
    old, new = _rows(before, delimiter), _rows(after, delimiter)
    empty = list[str]()
    header, other = next(old, empty), next(new, empty)
    if header != other:
        return [Difference("input_cell", f"{name}: the names of columns differ")]
    found: list[str] = []
    columns: set[int] = set()
    rows = 0
    for number, (one, two) in enumerate(zip_longest(old, new), 1):
        if one == two:
            continue
        rows += 1
        if one is None or two is None:
            found.append(f"row {number} is {'new' if one is None else 'gone'}")
            continue
        apart = [
            n for n, pair in enumerate(zip_longest(one, two)) if pair[0] != pair[1]
        ]
        columns.update(apart)
        titles = ", ".join(_title(header, n) for n in apart)
        found.append(f"row {number}, column {titles}")
    shown = [Difference("input_cell", f"{name} {text}") for text in found[:_NAMED]]
    if rows > _NAMED:
        shown.append(Difference("input_cell", f"{name}: {rows} rows differ in all"))
    chosen = sorted(columns)[:_NAMED]
    return shown + _columns(name, before, after, delimiter, header, chosen)


def _columns(
    name: str,
    before: Path,
    after: Path,
    delimiter: str,
    header: _Row,
    chosen: list[int],
) -> list[Difference]:
    """Return the digests of whole columns: a cell's own could be guessed."""
    return [
        Difference(
            "input_column",
            f"{name} {_title(header, number)}",
            _column_digest(before, delimiter, number),
            _column_digest(after, delimiter, number),
        )
        for number in chosen
    ]


def _column_digest(path: Path, delimiter: str, number: int) -> str:
    running = sha256()
    for row in _rows(path, delimiter):
        cell = row[number] if number < len(row) else ""
        data = cell.encode()
        running.update(len(data).to_bytes(8, "little") + data)
    return f"sha256:{running.hexdigest()}"


def _lines(name: str, before: Path, after: Path) -> list[Difference]:
    numbers: list[int] = []
    with before.open(encoding="utf-8") as old, after.open(encoding="utf-8") as new:
        for number, (one, two) in enumerate(zip_longest(old, new), 1):
            if one != two:
                numbers.append(number)
    found = [Difference("input_line", f"{name} line {n}") for n in numbers[:_NAMED]]
    if len(numbers) > _NAMED:
        text = f"{name}: {len(numbers)} lines differ in all"
        found.append(Difference("input_line", text))
    return found


def _rows(path: Path, delimiter: str) -> Iterator[_Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, delimiter=delimiter)


def _title(header: _Row, number: int) -> str:
    return repr(header[number]) if number < len(header) else f"number {number + 1}"
