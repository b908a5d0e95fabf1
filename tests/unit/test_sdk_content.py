"""What data is: every byte counts, and unchanged files are not read twice."""

from __future__ import annotations

import os
from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ledger.errors import InvalidEventError
from ledger.sdk import cache as cache_module
from ledger.sdk import content as content_module
from ledger.sdk.cache import LocalCache
from ledger.sdk.columns import columns_of
from ledger.sdk.content import content_of


def test_bytes_and_file_have_one_identity(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    expected = f"sha256:{sha256(b'abc').hexdigest()}"
    for data in (b"abc", bytearray(b"abc"), path, str(path)):
        found = content_of(data)
        assert (found.digest, found.scheme, found.size_bytes) == (expected, "file", 3)


def test_a_folder_is_a_tree(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    found = content_of(tmp_path)
    assert (found.scheme, found.size_bytes) == ("tree1", 3)


def test_one_changed_value_is_another_table():
    frame = pd.DataFrame({"a": range(20_000), "b": "x"})
    before = content_of(frame)
    assert (before.scheme, before.rows) == ("table1", 20_000)
    frame.loc[15_000, "a"] = -1
    assert content_of(frame).digest != before.digest


def test_arrays_tables_and_series_are_known():
    assert content_of(np.arange(6).reshape(2, 3)).rows == 2
    assert content_of(np.ones(())).scheme == "array1"
    table = pa.table({"a": [1, 2, 3]})
    assert (content_of(table).scheme, content_of(table).rows) == ("table1", 3)
    assert content_of(pd.Series([1, 2], name="a")).rows == 2


def test_whatever_gives_an_arrow_table_is_a_table():
    class Frame:
        def to_arrow(self):
            return pa.table({"a": [1, 2, 3]})

    assert content_of(Frame()) == content_of(pa.table({"a": [1, 2, 3]}))


def test_other_things_have_no_identity():
    with pytest.raises(InvalidEventError, match="dict"):
        content_of({"a": 1})


@pytest.fixture
def counted(monkeypatch):
    reads = []
    real = content_module._file_digest
    monkeypatch.setattr(
        content_module, "_file_digest", lambda path: reads.append(path) or real(path)
    )
    return reads


def _old(path, seconds=10):
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - seconds * 10**9))


@pytest.fixture
def patient(monkeypatch):
    """A cache that does not wait two seconds before it trusts a file's times."""
    monkeypatch.setattr(cache_module, "_RACY_NS", -(10**12))


def test_an_unchanged_file_is_read_once(tmp_path, counted, patient):
    cache, path = LocalCache(tmp_path / "c.sqlite"), tmp_path / "a"
    path.write_bytes(b"abc")
    assert content_of(path, cache=cache) == content_of(path, cache=cache)
    assert len(counted) == 1
    assert cache.faults == 0


def test_a_file_that_was_just_written_is_not_trusted(tmp_path, counted):
    cache, path = LocalCache(tmp_path / "c.sqlite"), tmp_path / "a"
    path.write_bytes(b"abc")
    content_of(path, cache=cache)
    path.write_bytes(b"abd")
    assert content_of(path, cache=cache).digest == content_of(b"abd").digest
    assert len(counted) == 2


def test_a_rewritten_file_with_its_old_times_is_read_again(tmp_path, counted, patient):
    cache, path = LocalCache(tmp_path / "c.sqlite"), tmp_path / "a"
    path.write_bytes(b"abc")
    stat = path.stat()
    content_of(path, cache=cache)
    path.write_bytes(b"xyz")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert content_of(path, cache=cache).digest == content_of(b"xyz").digest


def test_without_a_cache_every_file_is_read(tmp_path, counted):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    content_of(path)
    content_of(path)
    assert len(counted) == 2


@pytest.mark.parametrize(
    "columns",
    [
        {"a": "int64", "b": "double"},
        [("a", "int64"), ("b", "double")],
        pa.table({"a": pa.array([1]), "b": pa.array([1.0])}),
    ],
)
def test_columns_are_read_from_what_tells_them(columns):
    assert columns_of(columns) == [
        {"name": "a", "type": "int64"},
        {"name": "b", "type": "double"},
    ]


def test_columns_of_a_frame_and_of_names_alone():
    frame = pd.DataFrame({"a": [1], "b": [1.0]})
    assert columns_of(frame)[1] == {"name": "b", "type": "float64"}
    assert columns_of(["a"]) == [{"name": "a", "type": "unknown"}]
    assert columns_of(None) == []
    with pytest.raises(InvalidEventError):
        columns_of(7)
