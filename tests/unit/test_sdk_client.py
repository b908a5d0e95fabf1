"""The client: cheap to import, clear without a ledger, silent when switched off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ledger
from ledger.errors import ConfigurationError
from ledger.sdk import client as client_module
from ledger.sdk.handles import Release

ROOT = Path(__file__).resolve().parents[2]
ZERO = f"sha256:{'0' * 64}"


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return done.stdout


def test_importing_loads_nothing_heavy():
    heavy = "pydantic fastavro cryptography numpy pandas kafka psycopg sqlite3 typer"
    code = (
        "import sys, ledger\n"
        f"print([n for n in {heavy.split()} if n in sys.modules])\n"
        "print([n for n in sys.modules if n.startswith('ledger.')])\n"
    )
    assert python(code).splitlines() == ["[]", "[]"]


def test_importing_takes_less_than_150_ms():
    code = (
        "import time; t = time.perf_counter(); import ledger\n"
        "print((time.perf_counter() - t) * 1000)"
    )
    assert min(float(python(code)) for _ in range(3)) < 150


def test_the_switched_off_client_loads_nothing_heavy_either():
    code = (
        "import os, sys; os.environ['MLLEDGER_DISABLED'] = '1'\n"
        "import ledger; ledger.init()\n"
        "print([n for n in ('pydantic', 'fastavro', 'cryptography', 'numpy') "
        "if n in sys.modules])"
    )
    assert python(code).strip() == "[]"


def test_public_names_are_listed_and_load():
    for name in ledger.__all__:
        assert getattr(ledger, name) is not None
        assert name in dir(ledger)
    with pytest.raises(AttributeError, match="autolog"):
        _ = ledger.autolog


def test_without_a_ledger_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("MLLEDGER_HOME", raising=False)
    monkeypatch.delenv("MLLEDGER_DISABLED", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        ledger.init()
    assert "no ledger here" in str(caught.value)
    assert "mlledger init" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_switched_off_nothing_is_recorded_and_the_code_runs_on(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("MLLEDGER_DISABLED", "1")
    monkeypatch.chdir(tmp_path)
    lg = ledger.init()
    with lg.training_run("triage", parameters={"lr": 1}) as run:
        run.log_metric("auc", 0.9)
        version = run.register_model("triage", b"weights")
    release = lg.release(version, configuration={"a": 1})
    lg.approve(release, gate="g", by="person:ann")
    deployment = lg.deploy(release, "prod")
    lg.attest(deployment, artifact=b"weights", configuration={"a": 1})
    lg.attach(b"document")

    @lg.decision(deployment=deployment, output=str)
    def score(case):
        return case

    assert score("high") == "high"
    lg.log_decisions([{"output": "a"}], deployment=deployment)
    stats = lg.stats()
    assert stats["disabled"] == 1
    assert stats["ignored"] > 5
    assert lg.flush()
    lg.close()
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_a_handle_of_a_switched_off_client_is_told_from_a_real_one(monkeypatch):
    monkeypatch.setenv("MLLEDGER_DISABLED", "1")
    source = ledger.init().register_source("crm")
    assert source.digest == bytes(32)
    assert json.loads(json.dumps(source.to_dict()))["digest"] == ZERO


def test_a_handle_needs_no_client():
    release = Release(
        id=bytes(16),
        digest=bytes(32),
        release="r",
        model="m",
        version="1",
        content=ZERO,
        artifact=ZERO,
        artifact_scheme="file",
    )
    assert ledger.from_dict(release.to_dict()) == release


def test_the_home_ignores_itself_in_git(tmp_path):
    from ledger.config import Config

    client_module._ignore_in_git(Config(home=tmp_path))
    assert (tmp_path / ".gitignore").read_text() == "*\n"
    (tmp_path / ".gitignore").write_text("mine\n")
    client_module._ignore_in_git(Config(home=tmp_path))
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
