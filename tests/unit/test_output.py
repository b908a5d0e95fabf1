"""Answers: one envelope, stable exit codes, data on stdout alone."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from ledger import errors, output
from ledger.output import (
    Answer,
    Format,
    emit,
    format_id,
    format_time,
    json_line,
    parse_id,
    parse_time,
)


def everything(error: type[errors.LedgerError]) -> list[type[errors.LedgerError]]:
    found = [error]
    for child in error.__subclasses__():
        found += everything(child)
    return found


def test_every_error_class_has_its_own_code() -> None:
    classes = everything(errors.LedgerError)
    codes = [kind.code for kind in classes if "code" in vars(kind)]
    assert len(set(codes)) == len(codes)


def test_could_not_check_and_failed_never_share_an_exit_code() -> None:
    assert errors.IntegrityError.exit_code == errors.MalformedError.exit_code == 5
    assert errors.MissingEvidenceError.exit_code == 6
    assert not issubclass(errors.MissingEvidenceError, errors.IntegrityError)


def test_json_is_one_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        emit(Answer("event ls", [{"event_id": "x"}], warnings=["cut"]), "json")
    assert ended.value.code == 0
    shown = capsys.readouterr()
    value = json.loads(shown.out)
    assert value["schema"] == "mlledger.cli/1"
    assert value["data"] == [{"event_id": "x"}]
    assert (value["ok"], value["exit"]) == (True, 0)
    assert shown.err == ""


def test_ndjson_ends_with_whether_it_is_complete(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        emit(Answer("event ls", [{"a": 1}, {"a": 2}], complete=False), "ndjson")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[:2] == [{"a": 1}, {"a": 2}]
    assert lines[2]["complete"] is False


def test_csv_has_a_header_and_plain_cells(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        emit(Answer("x", [{"a": 1, "b": None, "c": ["y"]}]), "csv")
    assert capsys.readouterr().out.splitlines() == ["a,b,c", '1,,"[""y""]"']


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("+cmd|'/c calc'!A1", "'+cmd|'/c calc'!A1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("a=1", "a=1"),
        (-2.5, "-2.5"),
        ("-2.5", "-2.5"),
        ("+1e-3", "+1e-3"),
        (["=1"], '["=1"]'),
    ],
)
def test_no_cell_of_csv_is_a_formula(
    value: object, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        emit(Answer("x", [{"=a": value}]), "csv")
    with StringIO(capsys.readouterr().out, newline="") as text:
        assert list(csv.reader(text)) == [["'=a"], [shown]]
    assert json.loads(json_line({"=a": value})) == {"=a": value}


# A line feed, a tab, ESC, a C1 control, a line separator, marks of direction, what has
# no width, and a tag: each would be obeyed or not be seen.
HIDDEN = "a\nb\t\x1b[31m\x85\u2028\u202e\u2066\u200b\ufeff\u00ad\U000e0041"
ESCAPED = r"a\nb\t\u001b[31m\u0085\u2028\u202e\u2066\u200b\ufeff\u00ad\U000e0041"


def test_a_table_shows_what_cannot_be_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        emit(Answer("x", [{"n": HIDDEN, "o": [HIDDEN]}], warnings=[HIDDEN]))
    shown = capsys.readouterr()
    head, row = shown.out.splitlines()
    assert (head.split(), row.split()[0]) == (["n", "o"], ESCAPED)
    assert shown.err == f"warning: {ESCAPED}\n"


def test_errors_and_notes_show_what_cannot_be_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.note(HIDDEN)
    assert capsys.readouterr().err == ESCAPED.replace(r"a\nb", "a\nb") + "\n"
    with pytest.raises(SystemExit), output.reporting("x"):
        raise errors.NotFoundError(HIDDEN, hint=HIDDEN)
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith(f": {ESCAPED}")
    assert all(one.isprintable() for one in said)


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_json_escapes_what_cannot_be_seen_and_stays_exact(
    form: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HIDDEN + "\ud800é😀"
    with pytest.raises(SystemExit):
        emit(Answer("x", [{text: text}]), form)
    shown = capsys.readouterr().out
    first = json.loads(shown.splitlines()[0])
    assert (first if form == "ndjson" else first["data"][0]) == {text: text}
    assert all(one.isprintable() for one in shown.splitlines())
    assert "é😀" in shown


def test_a_row_of_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    row = {name: format_id(bytes(16)) for name in "abcdefg"}
    with pytest.raises(SystemExit):
        emit(Answer("x", [row]))
    _, line = capsys.readouterr().out.splitlines()
    assert line.split() == list(row.values())


def test_an_error_is_printed_with_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended, output.reporting("x", "json"):
        raise errors.RootMismatchError(
            expected=bytes(32), computed=bytes([1] * 32), place="p0/tile/0/000"
        )
    assert ended.value.code == 5
    shown = json.loads(capsys.readouterr().out)
    assert shown["errors"][0]["place"] == "p0/tile/0/000"
    assert shown["errors"][0]["expected"] == "00" * 32


def test_times_and_ids_print_and_parse() -> None:
    assert format_time(0) == "1970-01-01T00:00:00.000000Z"
    assert parse_time("2026-11-21T09:30:00Z") == 1_795_253_400_000_000
    assert parse_time("2026-11-21T10:30:00.000001+01:00") == 1_795_253_400_000_001
    assert format_time(parse_time("1969-12-31T23:59:59.5")) == (
        "1969-12-31T23:59:59.500000Z"
    )
    assert format_time(parse_time("0001-01-01")) == "0001-01-01T00:00:00.000000Z"
    assert format_time(1 << 62) == f"{1 << 62} µs since 1970"
    identifier = bytes(range(16))
    text = format_id(identifier)
    assert text is not None
    assert parse_id(text) == identifier
    for wrong in ("", "12", "zz" * 16):
        with pytest.raises(errors.InvalidEventError):
            parse_id(wrong)
    with pytest.raises(errors.InvalidEventError):
        parse_time("yesterday")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError("no such file"), 4),
        (IsADirectoryError("a folder"), 2),
        (PermissionError("not yours"), 9),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), 2),
        (ZeroDivisionError("by zero"), 1),
    ],
)
def test_no_command_ends_in_a_traceback(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, output.reporting("x", "json"):
        raise error
    shown = capsys.readouterr()
    assert ended.value.code == code
    assert json.loads(shown.out)["exit"] == code
    assert "Traceback" not in shown.err


def test_a_file_that_is_not_there_is_named_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "absent.csv"
    for act in (path.read_bytes, lambda: (path / "x").write_bytes(b"")):
        with pytest.raises(SystemExit) as ended, output.reporting("x"):
            act()
        assert ended.value.code == 4
        said = capsys.readouterr().err
        assert str(path) in said
        assert ": no such file" in said
        assert "Errno" not in said


def test_a_package_that_is_not_installed_is_named_with_its_extra(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, code, word in (
        ("kafka.admin", 3, "pip install 'mlledger[kafka]'"),
        ("ledger.nowhere", 1, "defect"),
    ):
        with pytest.raises(SystemExit) as ended, output.reporting("x"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        assert ended.value.code == code
        assert word in capsys.readouterr().err


def test_times_beyond_the_calendar_are_refused() -> None:
    for text in ("0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00"):
        with pytest.raises(errors.InvalidEventError):
            parse_time(text)


def test_a_commands_own_way_of_ending_is_no_defect() -> None:
    import typer

    with pytest.raises(typer.Exit) as ended, output.reporting("x"):
        raise typer.Exit(7)
    assert ended.value.exit_code == 7


def test_numbers_that_json_has_not_are_printed_as_texts() -> None:
    odd = {"a": [float("nan"), 1.5], "b": {"c": float("-inf")}, "d": bytes(2), "e": "ä"}
    assert output.to_json(odd) == (
        '{"a": ["nan", 1.5], "b": {"c": "-inf"}, "d": "0000", "e": "ä"}'
    )
