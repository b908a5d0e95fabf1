"""Repeating a run, piece by piece: what is missing, what differs, where to start."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import ConfigurationError, InvalidEventError, LedgerError
from ledger.reproduce import interpreter
from ledger.reproduce.differences import Locks, differences, judge
from ledger.reproduce.entry import Old, entry_of
from ledger.reproduce.launch import environment_of, parse_variables
from ledger.reproduce.manifest import missing
from ledger.reproduce.notebook import as_it_ran, find_notebook, is_notebook
from ledger.reproduce.recorded import RecordedRun, fold_run
from ledger.reproduce.tabular import where_differ
from ledger.reproduce.worktree import apply_difference, clone, find_repository, restored
from ledger.sdk.content import text_digest
from ledger.sdk.git import Repository
from ledger.sdk.host import packages_text, python_version
from tests.support.repositories import commit_all, make_repository

LOCK = text_digest("numpy==2.0\n")
CODE = {
    "commit": "c" * 40,
    "dirty": False,
    "diff_digest": None,
    "entry_command": ["python", "train.py"],
    "entry_digest": "sha256:" + "1" * 64,
}


def run_of(**changes: Any) -> RecordedRun:
    """A run that lacks nothing, save for what is changed."""
    start = {
        "run": "triage",
        "step": "train",
        "code": CODE,
        "environment": {"python": "3.11.7", "lock_digest": LOCK, "cpu_count": 2},
        "seeds": {"numpy": 7},
        "capture": {"commit": "on"},
        "parameters": {"lr": "0.1"},
    }
    end = {"outcome": "completed", "outputs": [{"name": "m", "digest": "sha256:aa"}]}
    metrics = changes.pop("metrics", [("auc", None, 0.9)])
    tags = changes.pop("tags", {})
    rows = [{"name": n, "step": step, "value": v} for n, step, v in metrics]
    digest = changes.pop("input", "sha256:" + "2" * 64)
    given = {"name": "train", "role": "train", "digest": digest, "scheme": "file"}
    ended = end | {k: changes.pop(k) for k in ("outcome", "outputs") if k in changes}
    return fold_run(
        start | changes,
        identity=(bytes(16), bytes(32)),
        system=None,
        updates=[{"metrics": rows, "tags": tags, "parameters": {}}],
        inputs=[given],
        end=None if ended["outcome"] is None else ended,
    )


def test_a_whole_record_lacks_nothing() -> None:
    assert missing(run_of()) == ()


@pytest.mark.parametrize(
    ("changes", "kind", "blocking"),
    [
        ({"code": None}, "commit", True),
        ({"code": CODE | {"commit": None}}, "commit", True),
        ({"code": CODE | {"dirty": True}}, "diff", True),
        ({"code": CODE | {"entry_command": []}}, "command", True),
        ({"code": CODE | {"entry_command": ["python"]}}, "command", True),
        (
            {"code": CODE | {"entry_command": ["python", "--key=[REDACTED:x]"]}},
            "command",
            True,
        ),
        ({"environment": {}}, "lock", True),
        ({"outcome": None}, "outcome", True),
        ({"outcome": "failed"}, "outcome", False),
        ({"outputs": []}, "output", False),
        ({"seeds": {"PYTHONHASHSEED": 0}}, "seed", False),
    ],
)
def test_each_gap_has_a_name(
    changes: dict[str, Any], kind: str, *, blocking: bool
) -> None:
    found = {gap.kind: gap.blocking for gap in missing(run_of(**changes))}
    assert found[kind] is blocking


def test_the_reason_of_a_gap_is_what_the_capture_said() -> None:
    run = run_of(
        code=CODE | {"commit": None},
        capture={"commit": "failed: git is not installed"},
    )
    assert "git is not installed" in missing(run)[0].why


def test_documents_that_are_gone_are_gaps() -> None:
    run = run_of(code=CODE | {"dirty": True, "diff_digest": "sha256:" + "3" * 64})
    assert missing(run) == ()
    assert [gap.kind for gap in missing(run, holds=lambda _: False)] == ["diff", "lock"]


def test_the_same_bytes_and_values_are_identical() -> None:
    assert judge(run_of(), run_of(), tolerance=None) == "identical"
    nothing = run_of(outputs=[], metrics=[])
    assert judge(nothing, nothing, tolerance=None) == "different"
    nan = run_of(metrics=[("auc", None, float("nan"))])
    assert judge(nan, nan, tolerance=None) == "identical"


@pytest.mark.parametrize(
    ("value", "tolerance", "verdict"),
    [
        (0.9, None, "different"),
        (0.9, 0.0, "equivalent"),
        (0.9 + 1e-9, 0.0, "different"),
        (0.9 + 1e-9, 1e-6, "equivalent"),
        (0.8, 1e-6, "different"),
        (float("nan"), 1.0, "different"),
    ],
)
def test_other_bytes_are_equivalent_within_the_tolerance_that_was_asked(
    value: float, tolerance: float | None, verdict: str
) -> None:
    other = run_of(
        outputs=[{"name": "m", "digest": "sha256:bb"}], metrics=[("auc", None, value)]
    )
    assert judge(run_of(), other, tolerance=tolerance) == verdict


def test_a_run_that_failed_is_never_equivalent() -> None:
    assert judge(run_of(), run_of(outcome="failed"), tolerance=1.0) == "different"


def test_all_that_differs_is_named_circumstances_first() -> None:
    other = run_of(
        code=CODE | {"commit": "d" * 40},
        environment={"python": "3.12.1", "lock_digest": LOCK, "cpu_count": 4},
        seeds={"numpy": 8},
        parameters={"lr": "0.2"},
        input="sha256:" + "4" * 64,
        outputs=[{"name": "m", "digest": "sha256:bb"}],
        metrics=[("auc", None, 0.9), ("loss", 1, 0.5)],
    )
    locks = Locks("numpy==2.0\nscipy==1.1\n", "numpy==2.1\nscipy==1.1\ntorch==3\n")
    found = [
        (one.kind, one.name, one.expected, one.actual)
        for one in differences(run_of(), other, locks)
    ]
    assert found == [
        ("library", "numpy", "2.0", "2.1"),
        ("library", "torch", None, "3"),
        ("python", "python", "3.11.7", "3.12.1"),
        ("machine", "cpu_count", "2", "4"),
        ("code", "commit", "c" * 40, "d" * 40),
        ("seed", "numpy", "7", "8"),
        ("parameter", "lr", "0.1", "0.2"),
        ("input", "train", "sha256:" + "2" * 64, "sha256:" + "4" * 64),
        ("output", "m", "sha256:aa", "sha256:bb"),
        ("metric", "loss", None, "1 values"),
    ]


def test_rows_and_columns_that_differ_are_named_without_their_values(
    tmp_path: Path,
) -> None:
    before, after = tmp_path / "a.csv", tmp_path / "b.csv"
    before.write_text("id,income\n1,10\n2,20\n3,30\n")
    after.write_text("id,income\n1,10\n2,21\n3,30\n4,40\n")
    names = [one.name for one in where_differ("train", before, after)]
    assert names == [
        "train row 2, column 'income'",
        "train row 4 is new",
        "train 'income'",
    ]
    after.write_text("id,age\n")
    (header,) = where_differ("train", before, after)
    assert "names of columns" in header.name
    after.write_bytes(b"\xff\xfe")
    assert where_differ("train", before, after) == []


def test_a_work_tree_is_restored_with_its_difference(tmp_path: Path) -> None:
    source = make_repository(tmp_path / "source", {"train.py": "a = 1\n", "old": "x\n"})
    (source / "train.py").write_text("a = 2\n")
    (source / "old").unlink()
    (source / "lib").mkdir()
    (source / "lib" / "new.py").write_text("b = 1")
    (source / "data.bin").write_bytes(bytes(9))
    commit, text = Repository(source).commit(), Repository(source).diff()
    commit_all(source)
    assert find_repository(commit, [tmp_path / "no", source / "train.py"]) == source
    tree = tmp_path / "tree"
    clone(source, commit, tree, remote=None)
    gaps = apply_difference(tree, text)
    assert [(gap.blocking, gap.why.split()[0]) for gap in gaps] == [(False, "data.bin")]
    assert (tree / "train.py").read_text() == "a = 2\n"
    assert (tree / "lib" / "new.py").read_text() == "b = 1"
    assert not (tree / "old").exists()
    assert not restored(tree, text_digest(text))
    (tree / "data.bin").write_bytes(bytes(9))
    assert restored(tree, text_digest(text))


def test_a_commit_that_no_branch_leads_to_is_found(tmp_path: Path) -> None:
    source = make_repository(tmp_path / "source", {"train.py": "a = 1\n"})
    (source / "train.py").write_text("a = 2\n")
    lost = commit_all(source)
    from ledger.reproduce.gitting import git

    git(source, "reset", "--quiet", "--hard", "HEAD~1")
    clone(source, lost, tmp_path / "tree", remote="https://example.org/x.git")
    assert (tmp_path / "tree" / "train.py").read_text() == "a = 2\n"


@pytest.mark.parametrize(
    ("line", "expected", "folder"),
    [
        ("py train.py -x", "PY train.py -x", "src"),
        ("py src/train.py", "PY src/train.py", "."),
        ("py -X dev -u train.py", "PY -X dev -u train.py", "src"),
        ("py -m src.train", "PY -m src.train", "."),
        ("py -c print(1)", "PY -c print(1)", "."),
        ("py /old/src/train.py -d=/old/x", "PY TREE/src/train.py -d=TREE/x", "."),
        ("py ../src/train.py", "PY ../src/train.py", "jobs"),
    ],
)
def test_a_command_starts_where_its_program_lies(
    tmp_path: Path, line: str, expected: str, folder: str
) -> None:
    words = line.split()
    for name, text in (("src/train.py", "right"), ("z/train.py", "w"), ("jobs/a", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    code = CODE | {"entry_command": words, "entry_digest": text_digest("right")}
    entry = entry_of(
        run_of(code=code),
        tree=tmp_path,
        python=Path("PY"),
        old=Old(root=Path("/old"), cwd=Path("/old/jobs" if ".." in words[1] else "/x")),
        cells=str,
    )
    assert entry.command == expected.replace("TREE", str(tmp_path)).split()
    assert entry.cwd == (tmp_path / folder).resolve()
    assert entry.known is ("-c" not in words)


def notebook(path: Path, *cells: str) -> None:
    blank: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": []}
    rows = [blank | {"source": [text]} for text in cells]
    book: dict[str, Any] = {
        "cells": rows,
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(book))


def test_a_notebook_is_known_by_the_cells_that_ran(tmp_path: Path) -> None:
    assert is_notebook(["python", "-m", "ipykernel_launcher", "-f", "k.json"])
    assert not is_notebook(["python", "train.py"])
    notebook(tmp_path / "a.ipynb", "lr = 1", "import x", "train(lr)")
    notebook(tmp_path / "b.ipynb", "lr = 2", "import x", "train(lr)")
    cells = "\n\nlr = 2\n\n# Parameters\nlr = 5\n\n\nimport x"
    found = find_notebook(tmp_path, cells)
    assert found.name == "b.ipynb"
    book = json.loads(as_it_ran(found, cells).read_text())
    assert book["cells"][0]["source"] == "# Parameters\nlr = 5"
    with pytest.raises(ConfigurationError, match="no notebook holds"):
        find_notebook(tmp_path, "lr = 3")


def test_a_repetition_sees_what_was_recorded_and_what_it_is_given() -> None:
    environ = {"PATH": "/bin", "SECRET": "s", "MLLEDGER_LOG__BOOTSTRAP": "k:1"}
    environ |= {"MLLEDGER_DISABLED": "1", "PYTHONPATH": "/x"}
    run = run_of(seeds={"PYTHONHASHSEED": 3}, tags={"OMP_NUM_THREADS": "1"})
    found = environment_of(
        run,
        home=Path("/home"),
        folder=Path("/work"),
        further={"A": "b"},
        environ=environ,
    )
    assert found["PATH"] == "/bin"
    assert found["PYTHONHASHSEED"] == "3"
    assert found["OMP_NUM_THREADS"] == "1"
    assert found["A"] == "b"
    assert found["MLLEDGER_HOME"] == "/home"
    assert found["MLLEDGER_LOG__BOOTSTRAP"] == "k:1"
    assert not {"SECRET", "PYTHONPATH", "MLLEDGER_DISABLED"} & found.keys()


def test_a_variable_is_given_or_taken_from_here() -> None:
    assert parse_variables(["A=1=2", "B"], {"B": "3"}) == {"A": "1=2", "B": "3"}
    with pytest.raises(InvalidEventError):
        parse_variables(["C"], {})


def test_the_present_environment_is_used_when_it_is_the_very_same() -> None:
    lock = packages_text()
    found = interpreter.present(lock, python_version())
    assert found is not None
    assert found.python == Path(sys.executable)
    assert interpreter.present(lock + "zzz==1\n", python_version()) is None
    assert interpreter.present(lock, "3.1.0") is None
    assert "1" in interpreter.as_it_is(lock + "zzz==1\n").how


def test_a_python_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"Python 3\.1\.0: not installed"):
        interpreter.made_anew("", "3.1.0", tmp_path / "v", offline=True)


def test_what_cannot_be_installed_is_named(tmp_path: Path) -> None:
    lock = "no-such-distribution-of-ours==1.0\n"
    found = interpreter.made_anew(lock, python_version(), tmp_path / "v", offline=True)
    assert found.absent == ("no-such-distribution-of-ours",)
