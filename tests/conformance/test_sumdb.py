"""Go's own transparency-log packages read what is published here, and agree."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.go_programs import compiled
from tests.support.trees import PublishedTree, publish

SOURCE = Path(__file__).parent.parent / "support" / "sumdb_check.go"
MODULE = """module sumdbcheck

go 1.24.0

require golang.org/x/mod v0.30.0
"""
SUMS = """\
golang.org/x/mod v0.30.0 h1:fDEXFVZ/fmCKProc/yAXXUijritrDzahmwwefnjoPFk=
golang.org/x/mod v0.30.0/go.mod h1:lAsf5O2EvJeSFMiBxXDki7sCgAxEUcZHXoXMKT4GJKc=
"""


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled Go program; its module comes through Go's proxy, by hash."""
    folder = tmp_path_factory.mktemp("go")
    shutil.copy(SOURCE, folder / "main.go")
    (folder / "go.mod").write_text(MODULE)
    (folder / "go.sum").write_text(SUMS)
    return compiled(folder, what="golang.org/x/mod/sumdb, which checks tiles and notes")


def verdict(checker: Path, question: dict[str, Any]) -> tuple[int, str]:
    done = subprocess.run(
        [checker],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def b64(values: list[bytes]) -> list[str]:
    return [base64.b64encode(value).decode() for value in values]


def question_about(published: PublishedTree) -> dict[str, Any]:
    reader = published.reader()
    size = reader.checkpoint.size
    indexes = sorted({0, 1, 255, 256, size // 2, size - 2, size - 1} & set(range(size)))
    sizes = sorted({1, 2, 255, 256, 257, size - 1, size} & set(range(1, size + 1)))
    return {
        "Folder": str(published.folder),
        "Vkey": str(published.vkey),
        "Leaves": b64(list(reader.leaves(0, size))),
        "Inclusion": [
            {"Index": index, "Proof": b64(reader.inclusion_proof(index))}
            for index in indexes
        ],
        "Consistency": [
            {
                "OldSize": old,
                "OldRoot": b64([reader.root_at(old)])[0],
                "Proof": b64(reader.consistency_proof(old)),
            }
            for old in sizes
        ],
    }


@pytest.mark.parametrize("batches", [[1], [256], [7, 250, 300], [66_000, 11]])
def test_go_verifies_note_tiles_and_proofs(
    checker: Path, tmp_path: Path, batches: list[int]
) -> None:
    published = publish(tmp_path, batches)
    answer = verdict(checker, question_about(published))
    assert answer == (0, f"verified {sum(batches)}")


@pytest.mark.parametrize(
    "path", ["checkpoint", "tile/0/000", "tile/0/002.p/45", "tile/1/000.p/2"]
)
def test_go_finds_the_same_flips(checker: Path, tmp_path: Path, path: str) -> None:
    published = publish(tmp_path, [7, 250, 300])
    question = question_about(published)
    file = published.folder / path
    data = bytearray(file.read_bytes())
    data[33] ^= 1
    file.write_bytes(data)
    code, text = verdict(checker, question)
    assert (code, bool(text)) == (1, True)


def test_go_refuses_a_wrong_proof(checker: Path, tmp_path: Path) -> None:
    question = question_about(publish(tmp_path, [300]))
    question["Inclusion"][0]["Proof"].reverse()
    assert verdict(checker, question)[0] == 1
