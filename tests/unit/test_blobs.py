"""Documents by content: what is put is what comes back, or an error says why."""

from __future__ import annotations

import io
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.blobs import Blobs
from ledger.errors import IntegrityError, NotFoundError


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


@given(content=st.binary(max_size=2000))
def test_get_gives_back_what_was_put(tmp_path, content):
    blobs = Blobs(tmp_path / "blobs")
    digest = blobs.put(content)
    assert digest == f"sha256:{sha256(content).hexdigest()}"
    assert blobs.get(digest) == content
    assert blobs.size(digest) == len(content)


def test_bytes_file_and_stream_have_one_digest(blobs, tmp_path):
    content = b"weights" * 500_000
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    digests = {blobs.put(content), blobs.put(path), blobs.put(io.BytesIO(content))}
    assert len(digests) == 1
    assert blobs.get(digests.pop()) == content


def test_layout_is_two_digits_then_the_rest(blobs):
    digest = blobs.put(b"abc")
    name = sha256(b"abc").hexdigest()
    assert blobs.path(digest) == blobs.folder / name[:2] / name[2:]
    assert blobs.path(digest).read_bytes() == b"abc"


def test_files_are_for_the_owner_alone(blobs):
    path = blobs.path(blobs.put(b"abc"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(blobs.folder.stat().st_mode) == 0o700


def test_an_altered_document_is_never_handed_out(blobs):
    digest = blobs.put(b"the approved text")
    blobs.path(digest).write_bytes(b"the altered text!")
    with pytest.raises(IntegrityError) as caught:
        blobs.get(digest)
    assert caught.value.place == str(blobs.path(digest))
    assert caught.value.expected == digest
    assert caught.value.actual == f"sha256:{sha256(b'the altered text!').hexdigest()}"
    with pytest.raises(IntegrityError):
        blobs.verify(digest)


def test_a_stream_of_an_altered_large_document_does_not_end_well(blobs):
    content = bytes(3 << 20)
    digest = blobs.put(content)
    blobs.path(digest).write_bytes(b"\x01" + content[1:])
    pieces: list[bytes] = []
    with pytest.raises(IntegrityError):
        pieces.extend(blobs.stream(digest))
    assert len(b"".join(pieces)) < len(content)


def test_putting_again_heals_a_damaged_copy(blobs):
    digest = blobs.put(b"good")
    blobs.path(digest).write_bytes(b"evil")
    assert blobs.put(b"good") == digest
    assert blobs.get(digest) == b"good"


def test_putting_again_leaves_the_first_file_alone(blobs):
    digest = blobs.put(b"good")
    before = blobs.path(digest).stat()
    blobs.put(b"good")
    assert blobs.path(digest).stat().st_ino == before.st_ino


def test_an_absent_document_is_not_found(blobs):
    digest = f"sha256:{'0' * 64}"
    assert not blobs.has(digest)
    for ask in (blobs.get, blobs.size, blobs.verify):
        with pytest.raises(NotFoundError):
            ask(digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "sha256:",
        "sha512:" + "0" * 64,
        "sha256:" + "G" * 64,
        "sha256:" + "A" * 64,
        "sha256:../../etc/passwd",
        "sha256:" + "0" * 63,
    ],
)
def test_what_is_no_digest_names_no_file(blobs, text):
    with pytest.raises(NotFoundError):
        blobs.path(text)


def test_a_failing_stream_leaves_nothing_behind(blobs):
    class Failing(io.RawIOBase):
        def read(self, size=-1):
            raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        blobs.put(Failing())
    assert list(blobs.folder.iterdir()) == []


def test_many_writers_of_one_document_agree(blobs):
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(blobs.put, [b"same"] * 64))
    assert len(digests) == 1
    assert [p.name for p in blobs.folder.iterdir()] == [digests.pop()[7:9]]
