"""The command line itself: mistyped commands, absent extras, narrow terminals."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ledger import cli, extras, manner, output
from ledger.commands import consumers, prove, verify, working
from ledger.commands.everywhere import Everywhere, set_apart, understood
from ledger.options import JsonOption
from ledger.output import Answer
from tests.support.commands import application
from tests.support.commands import application as application_of_all
from tests.support.ledger import make_ledger


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


def asked(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(application(), list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command line a command that says something of each kind."""

    def speak() -> None:
        with output.reporting("speak"):
            output.note("a hint")
            output.warn("a fault")
            manner.detail("a detail")
            manner.explain("SELECT 1")
            raise ZeroDivisionError("a defect")

    def wait(*, json: JsonOption = False) -> None:
        time.sleep(60)

    app = typer.Typer(cls=Everywhere)
    app.callback()(understood)
    app.command("speak")(speak)
    app.command("wait")(wait)
    monkeypatch.setattr("tests.unit.test_cli.application", lambda: app)


@pytest.mark.parametrize(
    ("options", "said", "unsaid"),
    [
        ([], ["hint", "fault", "defect"], ["detail", "SELECT", "Traceback"]),
        (["-q"], ["fault", "defect"], ["a hint"]),
        (["--quiet"], ["fault", "defect"], ["a hint"]),
        (["-v"], ["hint", "detail", "Traceback", "took 0."], ["SELECT"]),
        (["--explain"], ["hint", "SELECT 1"], ["detail"]),
    ],
)
def test_every_command_speaks_as_it_is_asked_to(
    speaker: None, options: list[str], said: list[str], unsaid: list[str]
) -> None:
    for arguments in (["speak", *options], [*options, "speak"]):
        code, out, err = asked(*arguments)
        assert (code, out) == (1, "")
        assert all(word in err for word in said), err
        assert not any(word in err for word in unsaid), err


def test_a_manner_of_speaking_ends_with_its_command(speaker: None) -> None:
    asked("speak", "-q")
    assert "hint" in asked("speak")[2]
    assert asked("speak", "-q", "-v")[0] == 2


def test_a_command_that_takes_too_long_ends_with_12(speaker: None) -> None:
    before = signal.getsignal(signal.SIGALRM)
    code, out, err = asked("wait", "--timeout", "0.05")
    assert (code, out) == (12, "")
    assert "not done within 0.05 s" in err
    code, out, err = asked("wait", "--timeout=0.05", "--json")
    shown = json.loads(out)
    assert (code, shown["exit"], shown["command"], err) == (12, 12, "wait", "")
    assert signal.getsignal(signal.SIGALRM) is before
    for wrong in ("0", "-1", "nan", "soon"):
        assert asked("wait", "--timeout", wrong)[0] == 2


def test_what_a_command_has_itself_is_its_own() -> None:
    words = ["journal", "flush", "--timeout", "3", "-q"]
    own = frozenset({"--timeout"})
    assert set_apart(words, own=own) == (["-q"], words[:-1])
    assert set_apart(words) == (["--timeout", "3", "-q"], ["journal", "flush"])
    assert set_apart(["emit", "--", "-q"]) == ([], ["emit", "--", "-q"])
    text = asked("journal", "flush", "--help")[1]
    assert "For every command as well: -q" in text
    assert "--explain" in asked("--help")[1]


def commands_of(app: typer.Typer) -> set[str]:
    def walk(command: Any, path: str) -> Iterator[str]:
        for name, one in getattr(command, "commands", {}).items():
            parts = list(walk(one, f"{path} {name}"))
            yield from parts or [f"{path} {name}".strip()]

    return set(walk(typer.main.get_command(app), ""))


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The command line of an installation without any extra."""

    def absent(_name: str) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", absent)
    monkeypatch.setattr("dashboard.cli.find_spec", absent)
    monkeypatch.setattr(working, "PROJECTING", [])
    for module in (consumers, prove, verify):
        own = [
            one
            for one in module.group.registered_commands
            if getattr(one.callback, "__module__", "").startswith("ledger.commands")
        ]
        monkeypatch.setattr(module.group, "registered_commands", own)
    app = cli.build_app()
    monkeypatch.setattr("tests.unit.test_cli.application", lambda: app)
    return app


def test_no_command_is_unknown_for_want_of_an_extra(core: typer.Typer) -> None:
    for name in sorted(commands_of(application_of_all()) - commands_of(core)):
        code, _, err = asked(*name.split(), "--limit", "2")
        assert code == 3, name
        assert "pip install 'mlledger[" in err, name


def test_what_is_not_installed_says_so_in_the_form_that_was_asked_for(
    core: typer.Typer,
) -> None:
    for words in (["decision", "ls"], ["verify", "projection"], ["consumer", "ls"]):
        code, out, _ = asked(*words, "--json")
        shown = json.loads(out)
        assert (code, shown["exit"], shown["ok"]) == (3, 3, False)
        assert "pip install" in shown["errors"][0]["hint"]
    for words in (["decision", "--help"], ["demo"]):
        assert "pip install" in asked(*words)[2]


def test_a_core_install_seals_and_says_that_nothing_is_projected(
    core: typer.Typer, tmp_path: Path
) -> None:
    ledger = make_ledger(tmp_path)
    ledger.emit_decisions(3)
    code, out, err = asked("worker", "--once", "--home", str(ledger.home), "--json")
    done = json.loads(out)["data"]
    assert code == 0
    assert done == {"leaves sealed": done["leaves sealed"], "manifests": 1} | {
        "time tokens": 0
    }
    assert done["leaves sealed"] > 3
    assert err.count("nothing is projected") == 1
    code, _, err = asked("verify", "log", "--explain", "--home", str(ledger.home))
    assert code == 0
    assert "-- log p0: read from offset 0; it holds 0 to" in err
    again = asked("worker", "--once", "--no-project", "--home", str(ledger.home))
    assert again == (0, "0 leaves sealed, 0 manifests, 0 time tokens\n", "")
    for wanted in ("--project", "--controls"):
        code, _, err = asked("worker", "--once", wanted, "--home", str(ledger.home))
        assert (code, "pip install" in err) == (3, True)
    ledger.close()


def test_the_settings_say_where_they_come_from_and_hide_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path)
    ledger.close()
    file = ledger.home / "mlledger.toml"
    file.write_text(
        file.read_text()
        + '[log.options]\nsasl_plain_password = "geheim"\n'
        + '[[alert]]\nname = "ops"\nkind = "slack"\n'
        + 'url = "https://hooks.example/T0/geheim"\n'
    )
    secret = tmp_path / "dsn"
    secret.write_text("postgresql://me:geheim@db.example/facts")
    monkeypatch.setenv("MLLEDGER_PG__DSN_FILE", str(secret))
    monkeypatch.setenv("MLLEDGER_PRODUCER__MODE", "strict")
    monkeypatch.delenv("MLLEDGER_HOME", raising=False)
    home = ["--home", str(ledger.home), "--json"]
    code, out, _ = asked("config", "show", "--origin", *home)
    found = {row["setting"]: row for row in json.loads(out)["data"]}
    sources = {
        "home": "--home",
        "log.kind": str(file),
        "producer.mode": "MLLEDGER_PRODUCER__MODE",
        "database.dsn": f"MLLEDGER_PG__DSN_FILE ({secret})",
        "log.epochs": "default",
    }
    assert code == 0
    assert {name: found[name]["source"] for name in sources} == sources
    assert found["producer.mode"]["value"] == "strict"
    assert found["database.dsn"]["value"] == "postgresql://me:***@db.example/facts"
    assert found["log.options"]["value"] == {"sasl_plain_password": "***"}
    assert found["alert[0]"]["value"]["url"] == "https://hooks.example/***"
    assert "geheim" not in out
    assert "geheim" not in asked("config", "show", *home)[1]
    assert "ops" in asked("alert", "ls", "--home", str(ledger.home))[1]
