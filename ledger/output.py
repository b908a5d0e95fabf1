"""How every command answers: one JSON envelope, tables, NDJSON, CSV, exit codes.

stdout carries data alone; progress, hints and errors go to stderr. With ``--json`` a
command prints one object::

    {"schema": "mlledger.cli/1", "command": "…", "ok": true, "exit": 0, "data": …,
     "warnings": [], "errors": [{"id", "message", "place", "expected", "actual",
     "hint"}], "meta": {"version": "…", …}}
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, NoReturn, cast

from ledger.cells import cell, csv_cell, json_line, to_json
from ledger.errors import ConfigurationError, EvidenceError, LedgerError
from ledger.extra_names import extra_of
from ledger.manner import interactive, is_verbose, note, progress, warn
from ledger.spelling import format_id, format_time, parse_id, parse_time
from ledger.visible import visible, visible_lines

__all__ = [
    "SCHEMA",
    "Answer",
    "Format",
    "cell",
    "csv_cell",
    "emit",
    "envelope",
    "error_entry",
    "format_id",
    "format_time",
    "interactive",
    "json_line",
    "note",
    "parse_id",
    "parse_time",
    "progress",
    "reporting",
    "to_json",
    "warn",
]

Format = Literal["table", "json", "ndjson", "csv"]
SCHEMA = "mlledger.cli/1"
_UNBROKEN = 1_000_000


@dataclass(slots=True)
class Answer:
    """What a command found, before it is printed.

    Attributes:
        command: the sub-command, such as ``decision show``.
        data: rows (a list of mappings) or one object.
        exit: process exit code, see :mod:`ledger.errors`.
        text: how a person reads it; rows become a table when it is None.
        rows: what NDJSON and CSV print where ``data`` is one object; else ``data``.
        complete: False when rows were cut off, with the reason among warnings.
    """

    command: str
    data: object = None
    exit: int = 0
    errors: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    warnings: list[str] = field(default_factory=list[str])
    meta: dict[str, object] = field(default_factory=dict[str, object])
    text: str | None = None
    rows: Sequence[Mapping[str, object]] | None = None
    complete: bool = True


def error_entry(error: LedgerError) -> dict[str, object]:
    """Return the ``errors`` entry of one error."""
    entry: dict[str, object] = {"id": error.code, "message": str(error)}
    if isinstance(error, EvidenceError):
        entry |= {
            "place": error.place,
            "expected": error.expected,
            "actual": error.actual,
        }
    if error.hint:
        entry["hint"] = error.hint
    return entry


def envelope(answer: Answer) -> dict[str, object]:
    """Return the JSON object of an answer."""
    from ledger import __version__

    return {
        "schema": SCHEMA,
        "command": answer.command,
        "ok": answer.exit == 0,
        "exit": answer.exit,
        "data": answer.data,
        "warnings": answer.warnings,
        "errors": answer.errors,
        "meta": {"version": __version__, "complete": answer.complete, **answer.meta},
    }


def emit(answer: Answer, form: Format = "table") -> NoReturn:
    """Print an answer in a form and end the process with its exit code."""
    printers: dict[str, Callable[[Answer], None]] = {
        "json": _print_json,
        "ndjson": _print_ndjson,
        "csv": _print_csv,
        "table": _print_table,
    }
    printers[form](answer)
    sys.stdout.flush()
    raise SystemExit(answer.exit)


def _rows(answer: Answer) -> list[Mapping[str, object]]:
    if answer.rows is not None:
        return list(answer.rows)
    data = answer.data
    if isinstance(data, list):
        return cast("list[Mapping[str, object]]", data)
    return [cast("Mapping[str, object]", data)] if isinstance(data, Mapping) else []


def _print_json(answer: Answer) -> None:
    sys.stdout.write(json_line(envelope(answer)) + "\n")


def _print_ndjson(answer: Answer) -> None:
    rows = _rows(answer)
    for row in rows:
        sys.stdout.write(json_line(row) + "\n")
    summary = {
        "rows": len(rows),
        "exit": answer.exit,
        "errors": answer.errors,
        "warnings": answer.warnings,
    }
    last = {"summary": summary, "complete": answer.complete}
    sys.stdout.write(json_line(last) + "\n")


def _print_csv(answer: Answer) -> None:
    rows = _rows(answer)
    if rows:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]))
        writer.writerow({name: csv_cell(name) for name in rows[0]})
        writer.writerows({k: csv_cell(v) for k, v in row.items()} for row in rows)
    _complain(answer)


def _print_table(answer: Answer) -> None:
    if answer.text is not None:
        sys.stdout.write(visible_lines(answer.text.rstrip("\n")) + "\n")
    elif rows := _rows(answer):
        _table(rows)
    elif not answer.errors:
        note("nothing recorded")
    _complain(answer)


def _table(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows as a table, or one below the other where a terminal is too narrow.

    An id that is broken over two lines cannot be copied; nor is it found by who reads
    the lines of a pipe, so there a row is one line, however wide.
    """
    from rich.console import Console
    from rich.table import Table

    plain = bool(os.environ.get("NO_COLOR") or os.environ.get("CI"))
    console = Console(
        width=None if sys.stdout.isatty() else 200,
        markup=False,
        highlight=False,
        color_system=None if plain else "auto",
    )
    table = Table(box=None, pad_edge=False, header_style=None)
    for name in rows[0]:
        table.add_column(cell(name), overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row.values()), style=None)
    unbroken = console.options.update(width=_UNBROKEN)
    width = table.__rich_measure__(console, unbroken).maximum
    if sys.stdout.isatty() and width > console.width:
        sys.stdout.write(_records(rows))
    else:
        console.width = max(console.width, width)
        console.print(table)


def _records(rows: Sequence[Mapping[str, object]]) -> str:
    width = max(len(cell(name)) for name in rows[0])
    blocks = (
        "".join(f"{cell(key):{width}}  {cell(value)}\n" for key, value in row.items())
        for row in rows
    )
    return "\n".join(blocks)


def _complain(answer: Answer) -> None:
    for warning in answer.warnings:
        sys.stderr.write(f"warning: {visible(warning)}\n")
    for error in answer.errors:
        sys.stderr.write(f"error {error['id']}: {visible(str(error['message']))}\n")
        for key in ("place", "expected", "actual", "hint"):
            if error.get(key) and str(error[key]) not in str(error["message"]):
                sys.stderr.write(f"  {key}: {visible(str(error[key]))}\n")


@contextmanager
def reporting(command: str, form: Format = "table") -> Generator[None]:
    """Turn an error into a printed answer with its exit code, never a traceback.

    What the operating system refuses (an absent file, a missing right) is told in its
    own words; anything else is a defect and is printed with the place in our code.
    """
    try:
        yield
    except LedgerError as error:
        failed = Answer(command, exit=error.exit_code, errors=[error_entry(error)])
    except (OSError, UnicodeError) as error:
        failed = _refused(command, error)
    except ModuleNotFoundError as error:
        failed = _not_installed(command, error)
    except Exception as error:  # printed with its place, exit code 1
        if type(error).__module__.split(".")[0] in {"click", "typer"}:
            raise  # the command line's own way of ending, not a defect
        failed = _defect(command, error)
    else:
        return
    emit(failed, form)


_NO_FILE = (FileNotFoundError, NotADirectoryError)


def _refused(command: str, error: OSError | UnicodeError) -> Answer:
    codes = (
        (_NO_FILE, 4),
        ((IsADirectoryError, UnicodeError), 2),
        (PermissionError, 9),
    )
    code = next((number for kind, number in codes if isinstance(error, kind)), 1)
    message = str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        why = "no such file" if isinstance(error, _NO_FILE) else error.strerror
        message = f"{error.filename}: {why}"
    entry: dict[str, object] = {"id": "LDG-O001", "message": message}
    return Answer(command, exit=code, errors=[entry])


def _not_installed(command: str, error: ModuleNotFoundError) -> Answer:
    """Name the extra of a package that is lacking; one of our own is a defect."""
    extra = extra_of(error.name or "")
    if extra is None:
        return _defect(command, error)
    lacking = ConfigurationError(
        f"mlledger {command}: needs packages that are not installed ({error})",
        hint=f"pip install 'mlledger[{extra}]'",
    )
    return Answer(command, exit=lacking.exit_code, errors=[error_entry(lacking)])


def _defect(command: str, error: Exception) -> Answer:
    import traceback

    if is_verbose():
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    entry: dict[str, object] = {
        "id": LedgerError.code,
        "message": f"{type(error).__name__}: {error}",
        "place": f"{frame.name} in {os.path.basename(frame.filename)}:{frame.lineno}",  # noqa: PTH119
        "hint": "this is a defect of the program; please report it",
    }
    return Answer(command, exit=LedgerError.exit_code, errors=[entry])
