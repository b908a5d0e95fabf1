"""Digests of content: own vectors, a slow twin, and what must not change a digest."""

from __future__ import annotations

import base64
import datetime as dt
import json
import struct
from collections.abc import Callable
from contextlib import nullcontext
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import digest, errors, table_digest
from ledger.errors import InvalidEventError, MalformedError

FORMATS = {
    "bool": "<?",
    "date": "<i",
    "float16": "<e",
    "float32": "<f",
    "float64": "<d",
    "int8": "<b",
    "int16": "<h",
    "int32": "<i",
    "int64": "<q",
    "uint8": "<B",
    "uint16": "<H",
    "uint32": "<I",
    "uint64": "<Q",
}
Columns = list[tuple[str, str, list[Any]]]


def slow_table1(rows: int, columns: Columns) -> bytes:
    """The scheme as its docstring says, value by value."""
    text = f"table1\n{rows}\n".encode()
    for name, kind, values in columns:
        quoted = json.dumps(name, ensure_ascii=False)
        text += f"{slow_column(kind, values).hex()} {kind} {quoted}\n".encode()
    return sha256(text).digest()


def slow_column(kind: str, values: list[Any]) -> bytes:
    valid = data = b""
    for value in values:
        here = value is not None and not (kind[:5] == "float" and isnan(value))
        valid += b"\1" if here else b"\0"
        if kind in {"string", "binary"}:
            raw = value.encode() if isinstance(value, str) else value or b""
            data += struct.pack("<I", len(raw)) + raw
        elif kind != "null":
            data += struct.pack(FORMATS.get(kind, "<q"), value if here else 0)
    head = f"column1\n{kind}\n".encode()
    return sha256(head + sha256(valid).digest() + sha256(data).digest()).digest()


def arrow_type(kind: str) -> pa.DataType:
    if "[" in kind:
        name, _, rest = kind.partition("[")
        unit, _, zone = rest.rstrip("]").partition(", ")
        make = {"timestamp": pa.timestamp, "duration": pa.duration}[name]
        return make(unit, zone) if zone else make(unit)
    return {"bool": pa.bool_(), "date": pa.date32(), "null": pa.null()}.get(
        kind
    ) or getattr(pa, kind)()


def arrow_table(columns: Columns) -> pa.Table:
    arrays = {}
    for name, kind, values in columns:
        if "[" in kind:
            arrays[name] = pa.array(values, pa.int64()).cast(arrow_type(kind))
        elif kind == "date":
            arrays[name] = pa.array(values, pa.int32()).cast(pa.date32())
        elif kind == "float16":
            kept = [None if v is None else np.float16(v) for v in values]
            arrays[name] = pa.array(kept, pa.float16())
        else:
            arrays[name] = pa.array(values, arrow_type(kind))
    return pa.table(arrays)


def test_own_vectors_hold_in_every_library(vectors: Path) -> None:
    paths = sorted((vectors / "digest").glob("*.json"))
    assert len(paths) >= 15
    for path in paths:
        vector = json.loads(path.read_text(encoding="utf-8"))
        raises = vector["raises"]
        with pytest.raises(getattr(errors, raises)) if raises else nullcontext():
            found = CHECKS[vector["scheme"]](vector)
            assert {digest.format_digest(d) for d in found} == {vector["digest"]}, path


def check_table(vector: dict[str, Any]) -> list[bytes]:
    columns: Columns = [
        (c["name"], c["type"], [plain(c["type"], v) for v in c["values"]])
        for c in vector["columns"]
    ]
    table = arrow_table(columns)
    found = [slow_table1(vector["rows"], columns), digest.table1_digest(table)]
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return [*found, digest.table1_digest(frame)]


def plain(kind: str, value: Any) -> Any:
    if kind == "binary" and value is not None:
        return bytes.fromhex(value)
    return float(value) if kind.startswith("float") and value is not None else value


def check_array(vector: dict[str, Any]) -> list[bytes]:
    data = bytes.fromhex(vector["data"])
    array = np.frombuffer(data, vector["dtype"]).reshape(vector["shape"])
    swapped = array.astype(array.dtype.newbyteorder(">"), order="F")
    return [digest.array1_digest(array), digest.array1_digest(swapped)]


def check_file(vector: dict[str, Any]) -> list[bytes]:
    return [sha256(base64.b64decode(vector["data"])).digest()]


def check_tree(vector: dict[str, Any]) -> list[bytes]:
    lines = [
        f"{sha256(base64.b64decode(data)).hexdigest()}"
        f"  {len(base64.b64decode(data))}  {name}\n".encode()
        for name, data in vector["files"].items()
    ]
    return [sha256(b"".join(sorted(lines))).digest()]


def check_manifest(vector: dict[str, Any]) -> list[bytes]:
    return [digest.manifest1_digest(vector["parts"])]


CHECKS: dict[str, Callable[[dict[str, Any]], list[bytes]]] = {
    "table1": check_table,
    "array1": check_array,
    "file": check_file,
    "tree1": check_tree,
    "manifest1": check_manifest,
}


def test_file_and_folder_vectors_hold_on_disk(vectors: Path, tmp_path: Path) -> None:
    for path in sorted((vectors / "digest").glob("tree1-*.json")):
        vector = json.loads(path.read_text(encoding="utf-8"))
        folder = tmp_path / path.stem
        folder.mkdir()
        for name, data in vector["files"].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(base64.b64decode(data))
        found = digest.tree1_digest(folder)
        assert digest.format_digest(found.digest) == vector["digest"]
        assert found.files == len(vector["files"])
    for path in sorted((vectors / "digest").glob("file-*.json")):
        vector = json.loads(path.read_text(encoding="utf-8"))
        (tmp_path / "f").write_bytes(base64.b64decode(vector["data"]))
        found_file = digest.file_digest(tmp_path / "f")
        assert digest.format_digest(found_file) == vector["digest"]


# ── file and folder ──────────────────────────────────────────────────────────


def test_progress_counts_up_to_the_size(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 2_500_000)
    seen: list[int] = []
    digest.file_digest(tmp_path / "f", seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 2_500_000


def test_a_folder_is_known_by_names_and_bytes_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "model.bin").write_bytes(b"\0\1")
        (tmp_path / name / "README").write_bytes(b"hello")
    (tmp_path / "b" / "empty").mkdir()
    (tmp_path / "b" / "README").chmod(0o600)
    first = digest.tree1_digest(tmp_path / "a")
    assert first == digest.tree1_digest(tmp_path / "b")
    (tmp_path / "b" / "README").rename(tmp_path / "b" / "README2")
    assert first.digest != digest.tree1_digest(tmp_path / "b").digest


def test_the_empty_folder_is_the_digest_of_nothing(tmp_path: Path) -> None:
    assert digest.tree1_digest(tmp_path).digest == sha256(b"").digest()


@pytest.mark.parametrize("target", ["file", "missing", "."])
def test_a_folder_with_a_link_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(InvalidEventError, match="link"):
        digest.tree1_digest(tmp_path)


@pytest.mark.parametrize("name", [b"a\nb", b"\xff"])
def test_a_folder_with_an_unprintable_name_is_refused(
    tmp_path: Path, name: bytes
) -> None:
    (tmp_path / name.decode("utf-8", "surrogateescape")).write_bytes(b"")
    with pytest.raises(InvalidEventError):
        digest.tree1_digest(tmp_path)


def test_two_spellings_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "é").write_bytes(b"1")
    (tmp_path / "e\u0301").write_bytes(b"1")
    with pytest.raises(InvalidEventError, match="NFC"):
        digest.tree1_digest(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        digest.tree1_digest(tmp_path / "f")


# ── texts and manifests ──────────────────────────────────────────────────────


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_survives_its_text(value: bytes) -> None:
    assert digest.parse_digest(digest.format_digest(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "sha256:", "sha256:" + "0" * 63, "sha256:" + "0" * 65, "0" * 64),
        *("SHA256:" + "0" * 64, "sha256:" + "A" * 64, " sha256:" + "0" * 64),
        *("sha256:" + "0" * 64 + "\n", "sha256:" + "٠" * 64, "sha512:" + "0" * 64),
    ],
)
def test_a_digest_has_one_spelling(text: str) -> None:
    with pytest.raises(MalformedError):
        digest.parse_digest(text)


def test_a_digest_of_another_length_is_not_printed() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        digest.format_digest(b"\0" * 31)


def test_a_manifest_does_not_depend_on_the_order_of_its_parts() -> None:
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    expected = sha256(f'{{"a":"{one}","b":"{two}"}}'.encode()).digest()
    assert digest.manifest1_digest({"a": one, "b": two}) == expected
    assert digest.manifest1_digest({"b": two, "a": one}) == expected
    assert digest.manifest1_digest({"b": one, "a": two}) != expected


@pytest.mark.parametrize(
    "parts", [{"": "sha256:" + "1" * 64}, {"a": "1"}, {"\ud800": "sha256:" + "1" * 64}]
)
def test_a_manifest_of_no_digests_is_malformed(parts: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        digest.manifest1_digest(parts)


# ── arrays ───────────────────────────────────────────────────────────────────


def test_an_array_is_known_by_its_values_not_its_strides() -> None:
    array = np.arange(24, dtype="<i4").reshape(2, 3, 4)
    wanted = sha256(b"array1\n<i4\n2,3,4\n" + array.tobytes()).digest()
    padded = np.zeros((2, 3, 8), "<i4")
    padded[:, :, ::2] = array
    others = [
        *(array, np.asfortranarray(array), array.astype(">i4")),
        *(padded[:, :, ::2], array[::-1][::-1]),
    ]
    assert {digest.array1_digest(one) for one in others} == {wanted}


def test_shape_and_dtype_are_part_of_an_array() -> None:
    array = np.zeros(4, "<i4")
    others = [array, array.reshape(2, 2), array.view("<u4"), array.view("<i2")]
    assert len({digest.array1_digest(one) for one in others}) == 4


def test_a_large_array_is_read_in_pieces_with_the_same_result() -> None:
    array = np.arange(3_000_000, dtype="<f4").reshape(1000, 3000)
    wanted = sha256(b"array1\n<f4\n1000,3000\n" + array.tobytes()).digest()
    assert digest.array1_digest(np.asfortranarray(array)) == wanted


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5),
        np.zeros((0, 3)),
        np.array(["ä", "bc"]),
        np.array(["2020-01-01"], "M8[s]"),
        np.array([True, False]),
        np.array([b"a", b""]),
        np.array([1 + 2j]),
    ],
)
def test_array_bytes_are_numpys_own(array: np.ndarray[Any, Any]) -> None:
    shape = ",".join(map(str, array.shape))
    head = f"array1\n{array.dtype.str}\n{shape}\n".encode()
    assert digest.array1_digest(array) == sha256(head + array.tobytes()).digest()


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.zeros(2, [("a", "i4")]),
        np.ma.masked_array([1, 2], [True, False]),
        np.zeros(2, np.longdouble),
        [1, 2],
    ],
)
def test_what_has_no_portable_bytes_is_no_array(array: Any) -> None:
    with pytest.raises(InvalidEventError):
        digest.array1_digest(array)


# ── tables ───────────────────────────────────────────────────────────────────


def frames() -> dict[str, pd.DataFrame]:
    days = [dt.date(2020, 1, 1), None, dt.date(1960, 5, 5)]
    stamps = pd.to_datetime(
        ["2020-01-01T01:02:03.123456", None, "1969-01-01T00:00:00.0"]
    )
    return {
        "integers": pd.DataFrame({"a": [1, 2, 3], "b": np.int8([1, -1, 0])}),
        "floats": pd.DataFrame({"a": [1.5, np.nan, -0.0]}),
        "halves": pd.DataFrame({"a": np.float16([1.5, np.nan, -0.0])}),
        "booleans": pd.DataFrame({"a": [True, False, True]}),
        "nullable booleans": pd.DataFrame({"a": [True, None, False]}, dtype="boolean"),
        "nullable": pd.DataFrame({"a": pd.array([1, None, 3], "Int32")}),
        "nullable floats": pd.DataFrame({"a": pd.array([1.5, None, 3], "Float64")}),
        "texts": pd.DataFrame({"a": ["x", None, "ä\n"]}),
        "object texts": pd.DataFrame({"a": pd.Series(["x", None, ""], dtype=object)}),
        "python texts": pd.DataFrame({"a": pd.array(["x", None, "y"], "string")}),
        "bytes": pd.DataFrame({"a": [b"x", None, b""]}),
        "object integers": pd.DataFrame({"a": pd.Series([1, None, 3], dtype=object)}),
        "object booleans": pd.DataFrame({"a": pd.Series([True, None], dtype=object)}),
        "object floats": pd.DataFrame({"a": pd.Series([1.5, None], dtype=object)}),
        "nothing": pd.DataFrame({"a": pd.Series([None, None], dtype=object)}),
        "categories": pd.DataFrame({"a": pd.Categorical(["x", None, "y", "x"])}),
        "integer categories": pd.DataFrame({"a": pd.Categorical([7, None, 5, 7])}),
        "no categories": pd.DataFrame({"a": pd.Categorical([None], np.int64([]))}),
        "no texts": pd.DataFrame(
            {"a": pd.Categorical([None], pd.Index([], dtype="str"))}
        ),
        "dates": pd.DataFrame({"a": pd.Series(days, dtype=object)}),
        "timestamps": pd.DataFrame({"a": stamps, "b": stamps.as_unit("s")}),
        "zoned": pd.DataFrame(
            {"a": stamps.tz_localize("UTC"), "b": stamps.tz_localize("Europe/Rome")}
        ),
        "offset": pd.DataFrame(
            {"a": stamps.tz_localize(dt.timezone(dt.timedelta(hours=-3, minutes=-30)))}
        ),
        "durations": pd.DataFrame({"a": pd.to_timedelta([1, None, -3], unit="s")}),
        "no rows": pd.DataFrame({"a": np.int64([]), "b": np.float32([])}),
        "no columns": pd.DataFrame(index=range(3)),
        "numbered columns": pd.DataFrame(np.eye(3)),
        "big-endian": pd.DataFrame({"a": np.array([1, 2], ">i4").astype("i4")}),
        "sliced": pd.DataFrame({"a": range(10)})[3:7],
        "named index": pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 3], name="k")),
        "nameless index": pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
        "two indexes": pd.DataFrame(
            {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)])
        ),
        "arrow-backed": pd.DataFrame({"a": pd.array([1, None], "int64[pyarrow]")}),
    }


@pytest.mark.parametrize("name", frames())
def test_a_table_has_one_digest_in_pandas_and_arrow(name: str) -> None:
    frame = frames()[name]
    table = pa.Table.from_pandas(frame)
    assert digest.table1_digest(frame) == digest.table1_digest(table)


def test_no_two_of_these_tables_are_confused() -> None:
    found: dict[bytes, str] = {}
    same = {frozenset({"object integers", "arrow-backed"})}
    for name, frame in frames().items():
        value = digest.table1_digest(frame)
        other = found.setdefault(value, name)
        assert other == name or frozenset({other, name}) in same, (other, name)


values = st.one_of(
    st.tuples(st.just("int64"), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))),
    st.tuples(st.just("uint8"), st.lists(st.none() | st.integers(0, 255))),
    st.tuples(st.just("float64"), st.lists(st.none() | st.floats(width=64))),
    st.tuples(st.just("float32"), st.lists(st.none() | st.floats(width=32))),
    st.tuples(st.just("bool"), st.lists(st.none() | st.booleans())),
    st.tuples(st.just("string"), st.lists(st.none() | st.text())),
    st.tuples(st.just("binary"), st.lists(st.none() | st.binary())),
    st.tuples(st.just("date"), st.lists(st.none() | st.integers(-9999, 9999))),
    st.tuples(st.just("timestamp[us]"), st.lists(st.none() | st.integers(-9, 2**60))),
    st.tuples(st.just("null"), st.lists(st.none())),
)


@given(column=values, cut=st.integers(0, 5))
def test_arrow_bytes_are_as_documented_however_chunked(
    column: tuple[str, list[Any]], cut: int
) -> None:
    kind, cells = column
    wanted = slow_table1(len(cells), [("c", kind, cells)])
    table = arrow_table([("c", kind, cells)])
    assert digest.table1_digest(table) == wanted
    chunked = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    assert digest.table1_digest(chunked) == wanted
    if kind in {"int64", "string"}:
        encoded = pa.table({"c": table["c"].dictionary_encode()})
        assert digest.table1_digest(encoded) == wanted


def test_rows_beyond_one_piece_are_digested_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pd.DataFrame(
        {
            "n": np.arange(1000),
            "t": [None if i % 7 == 0 else f"t{i}" for i in range(1000)],
            "c": pd.Categorical([None if i % 5 == 0 else i % 9 for i in range(1000)]),
        }
    )
    wanted = digest.table1_digest(frame)
    from ledger import table_arrow, table_pandas

    for module in (table_arrow, table_pandas):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 17)
    assert digest.table1_digest(frame) == wanted
    assert digest.table1_digest(pa.Table.from_pandas(frame)) == wanted


def test_storage_details_do_not_change_a_digest() -> None:
    plain_texts = pa.table({"a": pa.array(["x", None])})
    wanted = digest.table1_digest(plain_texts)
    for other in (pa.large_string(), pa.string_view()):
        assert digest.table1_digest(plain_texts.cast(pa.schema({"a": other}))) == wanted
    days = pa.table({"a": pa.array([1, None], pa.int32()).cast(pa.date32())})
    same = days.cast(pa.schema({"a": pa.date64()}))
    assert digest.table1_digest(days) == digest.table1_digest(same)
    raw = pa.table({"a": pa.array([b"xy", None], pa.binary())})
    fixed = raw.cast(pa.schema({"a": pa.binary(2)}))
    assert digest.table1_digest(raw) == digest.table1_digest(fixed)
    batch = plain_texts.to_batches()[0]
    assert digest.table1_digest(batch) == wanted


def test_bytes_below_a_null_do_not_count() -> None:
    def column(hidden: int) -> pa.Table:
        data = pa.py_buffer(struct.pack("<qq", 1, hidden))
        array = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\1"), data])
        return pa.table({"a": array})

    assert digest.table1_digest(column(5)) == digest.table1_digest(column(9))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.rename(columns={"a": "A"}),
        lambda f: f[["b", "a"]],
        lambda f: f.iloc[::-1].reset_index(drop=True),
        lambda f: f.astype({"a": "int32"}),
        lambda f: f.drop(columns="b"),
        lambda f: f.head(1),
        lambda f: f.assign(a=[1, 3]),
        lambda f: f.assign(b=["x", None]),
        lambda f: f.set_index("a"),
    ],
)
def test_every_difference_that_counts_changes_the_digest(
    change: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", ""]})
    assert digest.table1_digest(change(frame)) != digest.table1_digest(frame)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": [[1], [2]]}),
        pa.table({"a": [{"x": 1}]}),
        pa.table({"a": pa.array([1], pa.decimal128(5, 2))}),
        pa.table({"a": pa.array([1], pa.time32("s"))}),
        pa.table({"a": pa.array([b"xy"], pa.binary(2)).cast(pa.binary()), "b": [[1]]}),
        pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]),
        pd.DataFrame({"a": [[1], [2]]}),
        pd.DataFrame({"a": pd.Series([1, "x"], dtype=object)}),
        pd.DataFrame({"a": pd.period_range("2020", periods=2)}),
        pd.DataFrame({"a": [1 + 2j]}),
        pd.DataFrame({"a": np.longdouble([1])}),
        pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)),
        pd.DataFrame({"a": pd.Series([2**70], dtype=object)}),
        pd.DataFrame({"a": pd.Series([1.0], dtype="Sparse[float64]")}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
        pd.Series([1]),
        {"a": [1]},
    ],
    ids=lambda table: type(table).__module__,
)
def test_what_the_scheme_has_no_bytes_for_is_refused(table: Any) -> None:
    with pytest.raises(InvalidEventError):
        digest.table1_digest(table)


def test_the_error_names_the_column_and_the_repair() -> None:
    with pytest.raises(InvalidEventError, match="'prices'") as caught:
        digest.table1_digest(pa.table({"prices": [[1]]}))
    assert "convert" in caught.value.hint
    assert table_digest.unsupported("x", "y").exit_code == 2
