"""What a test reads: rows, limits, suites, model files, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import (
    ConfigurationError,
    IntegrityError,
    InvalidEventError,
    MalformedError,
    NotFoundError,
)
from ledger.evaluation import page, svg
from ledger.evaluation.answers import Answers
from ledger.evaluation.criteria import judged, read_criteria, verdict
from ledger.evaluation.libraries import library
from ledger.evaluation.loaders import format_of, load_model
from ledger.evaluation.probing import Case, compare_answer, read_suite
from ledger.evaluation.records import RecordedCriterion, RecordedVersion
from ledger.evaluation.resampling import Measured
from ledger.evaluation.tables import check_digest, read_rows
from ledger.evaluation.targets import Opener
from tests.support import ports


def unknown(name: str) -> RecordedVersion:
    raise NotFoundError(name)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_rows_are_read_from_files_of_three_kinds(tmp_path: Path, suffix: str):
    path = tmp_path / f"rows{suffix}"
    frame = ports.table(12)[["age", "income", "bad"]]
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        values = frame[["age", "income"]].to_numpy()
        names = np.array(["age", "income"])
        np.savez(path, X=values, y=frame["bad"].to_numpy(), feature_names=names)
    label = "y" if suffix == ".npz" else "bad"
    rows = read_rows(path, label=None if suffix == ".npz" else label)
    assert rows.label == label
    assert list(rows.features.columns) == ["age", "income"]
    assert rows.truth(as_numbers=False).tolist() == [str(b) for b in frame["bad"]]
    assert rows.scheme == "file"
    check_digest(rows, digest=rows.digest, scheme="file", what="rows")
    with pytest.raises(IntegrityError):
        check_digest(rows, digest="sha256:" + "0" * 64, scheme="file", what="rows")


def test_rows_can_be_compared_with_a_table_that_was_recorded(tmp_path: Path):
    frame = ports.table(5)
    path = tmp_path / "rows.parquet"
    frame.to_parquet(path)
    recorded = read_rows(frame).digest
    rows = read_rows(path)
    check_digest(rows, digest=recorded, scheme="table1", what="rows")
    with pytest.raises(InvalidEventError, match="tree1"):
        check_digest(rows, digest=recorded, scheme="tree1", what="rows")


@pytest.mark.parametrize(
    ("text", "label", "error"),
    [
        ("a,b\n1,2\n", "c", InvalidEventError),
        ("a,b\n", None, MalformedError),
        ("", None, MalformedError),
    ],
)
def test_rows_that_are_none_are_refused(
    tmp_path: Path, text: str, label: str | None, error: type[Exception]
):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(error):
        read_rows(path, label=label)


def test_a_row_without_a_known_answer_is_refused(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n3,\n")
    with pytest.raises(MalformedError, match="1 rows have no b"):
        read_rows(path, label="b").truth(as_numbers=True)


def test_columns_that_a_model_does_not_take_are_no_contradiction(tmp_path: Path):
    path = tmp_path / "model.joblib"
    joblib.dump(ports.pipeline().named_steps["model"], path)
    model, data = load_model(path.read_bytes(), where="m"), ports.table(4)
    with pytest.raises(InvalidEventError, match="takes 2 columns") as refused:
        model.prepare(data)
    assert refused.value.exit_code == 2
    assert "--label" in str(refused.value.hint)
    assert "income" in str(refused.value.hint)


def limit(metric: str, value: float, direction: str = "at_least") -> RecordedCriterion:
    return RecordedCriterion(b"i" * 16, metric, value, direction)


def test_limits_are_held_against_what_was_measured():
    measured = [
        Measured("new.auc", 0.8, 0.75, 0.85),
        Measured("difference.auc", -0.01, -0.03, 0.01),
        Measured("pi_eq", 0.5, slice="sex = f"),
    ]
    kept = [limit("auc", 0.8), limit("difference.auc.low", -0.05)]
    assert verdict(judged(kept, measured)) is True
    part = replace(limit("pi_eq", 0.4), slice="sex = f")
    assert verdict(judged([part], measured)) is True
    assert verdict(judged([limit("auc", 0.9)], measured)) is False
    assert verdict(judged([limit("f1", 0.1)], measured)) is None
    assert verdict(judged([limit("f1", 0.1), limit("auc", 0.9)], measured)) is False
    assert verdict([]) is None
    assert not limit("auc", 0.5).is_met(float("nan"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"criteria": [3]}',
        '[{"metric": "auc"}]',
        '[{"metric": "auc", "limit": "high"}]',
        '[{"metric": "auc", "limit": 1, "direction": "above"}]',
        '[{"metric": "auc", "limit": 1, "limt": 1}]',
    ],
)
def test_a_file_of_limits_says_what_is_wrong_with_it(tmp_path: Path, text: str):
    path = tmp_path / "limits.json"
    path.write_text(text)
    with pytest.raises(InvalidEventError, match=r"limits\.json"):
        read_criteria(path)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "3",
        '{"request": {}}',
        '{"request": 1, "expect": 1}',
        '{"request": {}, "expect": 1, "tolerance": -1}',
        '{"request": {}, "expect": 1, "tolerance": "x"}',
        '{"request": {}, "expect": 1, "other": 1}',
    ],
)
def test_a_suite_says_which_line_is_wrong(tmp_path: Path, line: str):
    path = tmp_path / "suite.ndjson"
    path.write_text(json.dumps({"request": {"a": 1}, "expect": 1}) + "\n" + line)
    with pytest.raises(InvalidEventError, match="line 2"):
        read_suite(path)


@pytest.mark.parametrize(
    ("expect", "tolerance", "same"),
    [
        (1, 0.0, True),
        ("1", 0.0, True),
        ("0", 0.0, False),
        (0.7, 0.0, False),  # a number is a class where classes are answered
        ({"score": 0.7}, 0.0, True),
        ({"score": 0.71}, 0.0, False),
        ({"score": 0.71}, 0.02, True),
        ({"label": 1, "score": 0.2}, 0.1, False),
        ([0.3, 0.7], 1e-9, True),
        ([0.3, 0.6, 0.1], 1.0, False),
    ],
)
def test_a_known_answer_is_compared_as_what_it_is(
    expect: Any, tolerance: float, same: bool
):
    answers = Answers(np.array(["1"]), np.array([0.7]), ("0", "1"))
    found = compare_answer(Case("c", {}, expect, tolerance), answers)
    assert (found is None) == same


def test_a_model_file_is_known_by_its_bytes(tmp_path: Path):
    path = tmp_path / "model.bin"
    joblib.dump(ports.pipeline(), path, compress=3)
    data = path.read_bytes()
    assert format_of(data, where="m") == "pickle"
    model = load_model(data, where="model")
    assert model.features == ports.COLUMNS
    assert format_of(b"\x08\x09rest", where="m") == "onnx"
    assert format_of(b'{"learner": {}}', where="m") == "xgboost"
    with pytest.raises(InvalidEventError, match=r"train\.py: no model file"):
        format_of(b"text", where="train.py")
    with pytest.raises(InvalidEventError, match="cannot predict"):
        load_model(pickled([1, 2]), where="list")
    with pytest.raises(MalformedError):
        load_model(data[:40], where="cut")


def pickled(value: object) -> bytes:
    import pickle

    return pickle.dumps(value)


def test_a_library_that_is_absent_is_named_with_its_remedy():
    with pytest.raises(ConfigurationError) as caught:
        library("no_such_library.part")
    assert caught.value.hint == "pip install no_such_library"


@pytest.mark.parametrize("text", ["nowhere", "a.b:c", "json:no_such", "x.csv"])
def test_what_names_nothing_is_not_found(text: str):
    with pytest.raises(NotFoundError):
        Opener(unknown).open(text)


def test_functions_are_opened_by_name():
    found = Opener(unknown).open("tests.support.ports:score")
    assert found.kind == "function"
    prepared = found.predictor.prepare(ports.table(4))
    assert found.predictor.answer(prepared).rows == 4


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_axes_have_a_few_round_ticks_within_their_range(low: float, span: float):
    high = low + span
    ticks = svg.Axis("", low, high).ticks()
    assert len(ticks) <= 12
    slack = 1e-6 * max(abs(low), abs(high), 1.0)
    assert all(low - slack <= one <= high + slack for one in ticks)


def test_reports_let_no_name_become_markup():
    text = svg.figure("f", "<b>", "a & b", "")
    assert "<b>" not in text.replace("<figcaption><b>", "")
    assert "a &amp; b" in text
    made = page.page("T", "<script>", [page.table("c", ("<i>",), [("<u>",)])]).decode()
    assert "<script>" not in made
    assert "&lt;u&gt;" in made
    assert r"a\u202eb" in page.paragraph("a\u202eb")
