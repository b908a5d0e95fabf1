"""What a run finds out about itself: true, without secrets, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from ledger.sdk import capture as module
from ledger.sdk import git, host
from ledger.sdk.capture import Capture, capture_code, capture_environment, switches
from ledger.sdk.faults import CaptureError
from tests.support.sdk import make_ledger

ON = switches(None, {})


def run_git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "main")
    (folder / "train.py").write_text("lr = 0.1\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def store():
    kept = {}

    def keep(data: bytes) -> tuple[str, str]:
        from ledger.sdk.content import content_of

        digest = content_of(data).digest
        kept[digest] = data
        return digest, ""

    keep.kept = kept
    return keep


def captured(store, folder):
    capture = Capture(ON, store)
    return capture, capture_code(capture, folder)


def test_a_clean_tree_has_a_commit_and_no_difference(tree, store):
    capture, code = captured(store, tree)
    assert code["commit"] == run_git(tree, "rev-parse", "HEAD")
    assert code["branch"] == "main"
    assert code["dirty"] is False
    assert code["diff_digest"] is None
    assert capture.notes["commit"] == capture.notes["diff"] == "on"
    assert capture.notes["remote"] == "failed: no remote"


def test_a_change_in_the_moment_of_the_commit_is_seen(tree, store):
    file, index = tree / "train.py", tree / ".git" / "index"
    moment = (1_700_000_000, 1_700_000_000)
    run_git(tree, "config", "core.trustctime", "false")
    os.utime(file, moment)
    run_git(tree, "add", ".")
    file.write_text("lr = 0.3\n")
    for path in (file, index):
        os.utime(path, moment)
    _, code = captured(store, tree)
    assert "-lr = 0.1\n+lr = 0.3\n" in store.kept[code["diff_digest"]].decode()


def test_a_dirty_tree_keeps_its_difference(tree, store):
    (tree / "train.py").write_text("lr = 0.2\n")
    (tree / "new.py").write_text("depth = 3\n")
    (tree / "data.bin").write_bytes(b"\x00" * 10)
    _, code = captured(store, tree)
    assert code["dirty"] is True
    text = store.kept[code["diff_digest"]].decode()
    assert "-lr = 0.1\n+lr = 0.2\n" in text
    assert "untracked: new.py (10 bytes)\n+depth = 3\n" in text
    assert "untracked: data.bin (10 bytes)\n" in text


def test_the_difference_is_digested_without_its_secrets(tree, store):
    secret = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f"
    (tree / "train.py").write_text(f"lr = 0.1\nDB_PASSWORD=hunter2\nx = '{secret}'\n")
    capture, code = captured(store, tree)
    text = store.kept[code["diff_digest"]].decode()
    assert "hunter2" not in text
    assert secret not in text
    assert "+x = '[REDACTED:huggingface-token]'" in text
    assert capture.notes["diff"] == "redacted"
    assert {(c.where, c.kind) for c in capture.redactions} >= {
        ("diff", "huggingface-token"),
        ("diff", "secret-name"),
    }


def test_credentials_of_the_remote_are_cut(tree, store):
    run_git(tree, "remote", "add", "origin", "https://ann:hunter2@git.example/x.git")
    capture, code = captured(store, tree)
    assert code["repository"] == "https://git.example/x.git"
    assert capture.notes["remote"] == "redacted"


def test_a_large_difference_is_known_by_digest_and_size_alone(tree, store, monkeypatch):
    monkeypatch.setattr(module, "MAX_DIFF", 100)
    (tree / "train.py").write_text("lr = 0.2\n" * 50)
    capture, code = captured(store, tree)
    assert code["diff_digest"] not in store.kept
    assert capture.notes["diff"].startswith("digest only: ")


def test_a_difference_without_bounds_is_not_read(tree, store, monkeypatch):
    monkeypatch.setattr(git, "_LIMIT", 100)
    (tree / "train.py").write_text("lr = 0.2\n" * 50)
    capture, code = captured(store, tree)
    assert code["dirty"] is True
    assert code["diff_digest"] is None
    assert capture.notes["diff"].startswith("failed: git diff gave more than")


def test_capturing_leaves_the_tree_as_it_was(tree, store):
    index = tree / ".git" / "index"
    (tree / "train.py").touch()
    before = (index.read_bytes(), sorted(p.name for p in tree.rglob("*")))
    captured(store, tree)
    assert (index.read_bytes(), sorted(p.name for p in tree.rglob("*"))) == before


def test_no_program_named_by_the_repository_is_run(tree, store, tmp_path):
    trap = tmp_path / "sprung"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o700)
    for key in ("diff.external", "core.fsmonitor", "diff.t.textconv"):
        run_git(tree, "config", key, str(script))
    (tree / ".gitattributes").write_text("*.py diff=t\n")
    (tree / "train.py").write_text("lr = 0.3\n")
    captured(store, tree)
    assert not trap.exists()


def test_the_home_in_a_tree_does_not_make_it_dirty(tree, store):
    lg = make_ledger(tree / ".mlledger")
    (tree / ".mlledger" / ".gitignore").write_text("*\n")
    with lg.training_run("triage", code=tree) as run:
        run.log_param("long", "x" * 1000)
    assert run_git(tree, "status", "--porcelain") == ""


def test_outside_a_repository_the_reason_is_recorded(tmp_path, store, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    capture, code = captured(store, tmp_path)
    assert code.get("commit") is None
    for item in ("commit", "branch", "remote", "diff"):
        assert capture.notes[item] == "failed: not a git repository"


def test_without_git_the_run_goes_on(tree, store, monkeypatch):
    monkeypatch.setenv("PATH", str(tree))
    capture, code = captured(store, tree)
    assert code["branch"] is None
    assert capture.notes["commit"] == "failed: git is not installed"


def test_before_the_first_commit_there_is_none(tmp_path, store):
    run_git(tmp_path, "init", "-q")
    capture, code = captured(store, tmp_path)
    assert code.get("commit") is None
    assert capture.notes["commit"].startswith("failed: ")


def test_git_has_a_time_limit(tree, monkeypatch):
    def slow(*args, **kwargs):
        raise subprocess.TimeoutExpired("git", kwargs["timeout"])

    monkeypatch.setattr(git.subprocess, "run", slow)
    with pytest.raises(CaptureError, match="took over 10 s"):
        git.Repository(tree)


def test_an_item_that_fails_is_noted_without_its_text(store):
    capture = Capture(ON, store)

    def fail() -> None:
        raise RuntimeError("patient 4711")

    assert capture.item("cpu", fail) is None
    assert capture.notes["cpu"] == "failed: RuntimeError"


@pytest.mark.parametrize("text", ["0", "false", "No", "OFF"])
def test_an_environment_variable_switches_an_item_off(text):
    on = switches(None, {"MLLEDGER_CAPTURE_DIFF": text})
    assert on["diff"] is False
    assert on["commit"] is True


def test_an_argument_overrules_the_environment():
    assert switches({"diff": True}, {"MLLEDGER_CAPTURE_DIFF": "0"})["diff"] is True


def test_the_environment_is_known_by_its_distributions(store):
    found = capture_environment(Capture(ON, store))
    text = store.kept[found["lock_digest"]].decode()
    lines = text.splitlines()
    assert lines == sorted(lines)
    assert any(line.startswith("pydantic==") for line in lines)
    assert found["distributions"] == len(lines)
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["cpu_count"] == os.cpu_count()
    assert host.packages_text() is host.packages_text()


def test_the_command_line_loses_its_secrets(store, monkeypatch):
    monkeypatch.setattr(
        sys, "orig_argv", ["python", "train.py", "--token", "hunter2", "a\x00b"]
    )
    capture, code = captured(store, Path.cwd())
    assert code["entry_command"] == [
        "python",
        "train.py",
        "--token",
        "[REDACTED:secret-name]",
        "a\\x00b",
    ]
    assert capture.notes["command"] == "redacted"


def test_the_script_is_known_by_its_bytes(store, monkeypatch, tmp_path):
    script = tmp_path / "train.py"
    script.write_bytes(b"lr = 0.1\r\n# \xff\n")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    _, code = captured(store, tmp_path)
    assert store.kept[code["entry_digest"]] == script.read_bytes()


def test_a_notebook_is_known_by_its_cells(store, monkeypatch, tmp_path):
    class Shell:
        user_ns: ClassVar = {"In": ["", "lr = 0.1", "fit(lr)"]}

    class IPython:
        @staticmethod
        def get_ipython():
            return Shell

    monkeypatch.setattr(sys.modules["__main__"], "__file__", None, raising=False)
    monkeypatch.setitem(sys.modules, "IPython", IPython)
    _, code = captured(store, tmp_path)
    assert store.kept[code["entry_digest"]] == b"\n\nlr = 0.1\n\nfit(lr)"


def test_code_is_looked_for_beside_the_script_unless_that_is_a_tool():
    find = git.code_folder
    prefix, working = Path("/opt/venv"), Path("/home/ann")
    assert find(Path("/repo/train.py"), prefix=prefix, working=working) == Path("/repo")
    tool = Path("/opt/venv/bin/pytest")
    assert find(tool, prefix=prefix, working=working) == working
    assert find(None, prefix=prefix, working=working) == working
