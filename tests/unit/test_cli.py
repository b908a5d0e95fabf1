"""The command line itself: mistyped commands, absent extras, narrow terminals."""

from __future__ import annotations

import json
import sys

import pytest
import typer

from ledger import cli, extras, output
from ledger.output import Answer


def ended(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["mlledger", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.run()
    return int(stopped.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["decision", "ls", "--limit", "x", "--json"], "--limit"),
        (["decision", "ls", "--limit", "9223372036854775808", "--json"], "--limit"),
        (["decision", "ls", "--colour", "-o", "json"], "--colour"),
        (["decisions", "--output", "json"], "decisions"),
        (["decision", "show", "--output=json"], "ID"),
    ],
)
def test_a_mistyped_command_answers_in_the_envelope_that_was_asked_for(
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(arguments, monkeypatch) == 2
    shown = json.loads(capsys.readouterr().out)
    assert (shown["ok"], shown["exit"]) == (False, 2)
    assert said in shown["errors"][0]["message"]
    assert shown["errors"][0]["hint"]


def test_two_forms_of_output_at_once_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(["decision", "ls", "--json", "-o", "csv"], monkeypatch) == 2
    shown = json.loads(capsys.readouterr().out)
    assert "choose one" in shown["errors"][0]["message"]


def test_a_command_without_its_extra_names_the_extra(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = typer.Typer()
    app.command("version")(lambda: None)
    extras.explain(app, ["serve"], extra="ui")
    with pytest.raises(SystemExit) as stopped:
        app(["serve", "--port", "1", "--host", "localhost"])
    assert stopped.value.code == 3
    assert "pip install 'mlledger[ui]'" in capsys.readouterr().err


def test_rows_stand_below_each_other_where_a_terminal_is_too_narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    key = "0197c1de-0000-7000-8000-000000000001"
    rows: list[dict[str, object]] = [{"id": key, "event": key}, {"id": 2, "event": ""}]
    with pytest.raises(SystemExit):
        output.emit(Answer("event ls", rows))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"id     {key}"
    assert lines[1] == f"event  {key}"
    assert lines[2] == ""


def test_links_of_a_chain_are_rows_where_rows_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = Answer(
        "decision show", {"links": []}, rows=[{"kind": "run"}, {"kind": "r"}]
    )
    with pytest.raises(SystemExit):
        output.emit(answer, "csv")
    assert capsys.readouterr().out.splitlines() == ["kind", "run", "r"]


def test_only_the_group_that_is_asked_for_is_built() -> None:
    def names(arguments: list[str]) -> set[str | None]:
        app = cli.narrowed(cli.build_app(), arguments)
        return {group.name for group in app.registered_groups}

    everything = names(["--help"])
    assert names(["verify", "bundle"]) == {"verify"} < everything
    assert names(["nonsense"]) == names([]) == everything
