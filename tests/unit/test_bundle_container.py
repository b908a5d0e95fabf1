"""The container of bundles: one archive for each set of files, nothing beside it."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.bundle import read_bundle, write_bundle
from ledger.bundle.container import MAX_BUNDLE, MAX_FILES
from ledger.errors import MalformedError, TooLargeError

FILES = {"README.txt": b"read me", "p0/leaves.bin": b"\0" * 40, "p0/e1/x": b""}
PART = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,5}", fullmatch=True)
NAMES = st.lists(PART, min_size=1, max_size=4).map("/".join)


def zipped(files: dict[str, bytes], **options: object) -> bytes:
    """What an ordinary zip program would write."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, **options)
    return buffer.getvalue()


@given(st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=8))
def test_what_was_written_is_read_back_and_any_zip_program_reads_it(
    files: dict[str, bytes],
) -> None:
    data = write_bundle(files)
    assert read_bundle(data) == files
    assert list(read_bundle(data)) == sorted(files)
    assert write_bundle(read_bundle(data)) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_every_flipped_byte_is_refused() -> None:
    data = bytearray(write_bundle(FILES))
    for at in range(len(data)):
        for bit in (1, 0x80):
            data[at] ^= bit
            with pytest.raises(MalformedError):
                read_bundle(bytes(data))
            data[at] ^= bit
    assert read_bundle(bytes(data)) == FILES


def test_every_truncation_and_extension_is_refused() -> None:
    data = write_bundle(FILES)
    for size in range(len(data)):
        with pytest.raises(MalformedError):
            read_bundle(data[:size])
    for more in (b"\0", data):
        with pytest.raises(MalformedError):
            read_bundle(data + more)
        with pytest.raises(MalformedError):
            read_bundle(more + data)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a/",
        ".hidden",
        "a\\b",
        "C:x",
        "a b",
        "ä",
        "a\0b",
        "a\n",
        "a/b/c/d/e",
        "n" * 97,
    ],
)
def test_no_name_leads_out_of_a_folder(name: str) -> None:
    with pytest.raises(MalformedError):
        write_bundle({name: b""})
    raw = name.encode()
    if 0 < len(raw) < 97:
        other = "x" * len(raw)
        forged = write_bundle({other: b"1"}).replace(other.encode(), raw)
        with pytest.raises(MalformedError):
            read_bundle(forged)


def test_a_name_that_stands_there_twice_is_refused() -> None:
    forged = write_bundle({"aa": b"1", "ab": b"2"}).replace(b"ab", b"aa")
    with pytest.raises(MalformedError, match="twice, or out of order"):
        read_bundle(forged)


def test_an_ordinary_zip_is_refused() -> None:
    with pytest.raises(MalformedError):
        read_bundle(zipped(FILES))


def test_a_zip_bomb_is_refused_before_anything_is_unpacked() -> None:
    bomb = zipped({"a": b"\0" * 50_000_000}, compress_type=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    tracemalloc.start()
    with pytest.raises(MalformedError, match="compressed"):
        read_bundle(bomb)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x7FFF_FFFF, 1_000_000])
def test_a_length_beyond_the_file_takes_no_memory(size: int) -> None:
    data = bytearray(write_bundle({"a": b"12345"}))
    struct.pack_into("<LL", data, 18, size, size)
    tracemalloc.start()
    with pytest.raises(MalformedError, match="cut off"):
        read_bundle(bytes(data))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_too_many_files_are_refused() -> None:
    files = {f"f{number:05}": b"" for number in range(MAX_FILES)}
    assert len(read_bundle(write_bundle(files))) == MAX_FILES
    with pytest.raises(MalformedError):
        write_bundle(files | {"more": b""})
    front = write_bundle(files).partition(b"PK\x01\x02")[0]
    more = write_bundle({"g": b""}).partition(b"PK\x01\x02")[0]
    with pytest.raises(MalformedError, match="more than 1024"):
        read_bundle(front + more)


def test_a_bundle_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(MAX_BUNDLE + 1)
    with pytest.raises(MalformedError, match="at most"):
        read_bundle(path)


def test_a_bundle_beyond_the_limit_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ledger.bundle.container.MAX_BUNDLE", 199)
    with pytest.raises(TooLargeError):
        write_bundle({"a": b"1" * 100})


def test_no_files_are_no_bundle() -> None:
    with pytest.raises(MalformedError):
        write_bundle({})
    with pytest.raises(MalformedError):
        read_bundle(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0))


@pytest.mark.parametrize("data", [b"", b"import this\n", b"PK\x05\x06" + bytes(18)])
def test_another_file_is_called_no_bundle(data: bytes) -> None:
    with pytest.raises(MalformedError, match="not a bundle"):
        read_bundle(data)
