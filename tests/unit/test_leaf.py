"""Seal leaves: one spelling each, and none that no verdict could have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.judgement import Verdict
from ledger.leaf import SealLeaf, gap_leaf, parse_leaf
from tests.support.golden_entries import FOLDER

VECTORS = sorted((FOLDER / "leaf").glob("*.json"))
GOOD = [p for p in VECTORS if not p.name.startswith("malformed-")]
BAD = [p for p in VECTORS if p.name.startswith("malformed-")]
U64 = st.integers(0, 2**64 - 1)


def named(path: Path) -> str:
    return path.stem


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_leaf_vector_reads_and_writes_as_it_says(path: Path) -> None:
    vector = load(path)
    data = bytes.fromhex(vector["leaf"])
    leaf = parse_leaf(data)
    assert leaf.to_bytes() == data
    assert len(data) == (318 if vector["env"] else 82)
    for name in leaf.__slots__:
        value = getattr(leaf, name)
        assert vector[name] == (value.hex() if isinstance(value, bytes) else value)


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_leaf_vector_follows_from_the_layout_alone(path: Path) -> None:
    vector = load(path)
    env = bytes.fromhex(vector["env"])
    numbers = ("offset", "broker_timestamp_ms", "aux", "registry_size", "sealed_at_ms")
    data = b"MLLS\x00\x01" + vector["verdict"].to_bytes(2, "big")
    data += b"".join(vector[name].to_bytes(8, "big") for name in numbers)
    data += bytes.fromhex(vector["record_hash"]) + len(env).to_bytes(2, "big") + env
    assert data.hex() == vector["leaf"]


@pytest.mark.parametrize("path", BAD, ids=named)
def test_malformed_leaf_vector_is_refused(path: Path) -> None:
    with pytest.raises(MalformedError):
        parse_leaf(bytes.fromhex(load(path)["leaf"]))


@st.composite
def leaves(draw: st.DrawFn) -> SealLeaf:
    verdict = draw(st.sampled_from([v for v in Verdict if v != Verdict.GAP]))
    aux = draw(U64) if verdict in {Verdict.DUPLICATE, Verdict.SEQ_GAP} else 0
    return SealLeaf(
        verdict=verdict,
        offset=draw(U64),
        broker_timestamp_ms=draw(U64),
        aux=aux,
        registry_size=draw(U64),
        sealed_at_ms=draw(U64),
        record_hash=draw(st.binary(min_size=32, max_size=32)),
        env=draw(st.binary(min_size=236, max_size=236)),
    )


@given(leaves())
def test_what_is_written_is_parsed(leaf: SealLeaf) -> None:
    assert parse_leaf(leaf.to_bytes()) == leaf
    assert leaf.header_bytes + leaf.signature == leaf.env
    assert leaf.last_offset == leaf.offset


@given(leaves(), st.data())
def test_no_altered_leaf_reads_as_the_same_leaf(
    leaf: SealLeaf, data: st.DataObject
) -> None:
    whole = leaf.to_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    mask = data.draw(st.integers(1, 255))
    altered = whole[:at] + bytes([whole[at] ^ mask]) + whole[at + 1 :]
    try:
        read = parse_leaf(altered)
    except MalformedError:
        return
    assert read != leaf
    assert read.to_bytes() == altered


@given(st.binary(max_size=400))
def test_foreign_bytes_are_malformed_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_leaf(data)


def test_a_gap_covers_its_range_of_offsets() -> None:
    leaf = parse_leaf(
        gap_leaf(first=8, last=11, registry_size=5, sealed_at_ms=6).to_bytes()
    )
    assert (leaf.offset, leaf.last_offset) == (8, 11)
    assert leaf.record_hash == bytes(32)
