"""Checkpoints: three lines, one spelling, one origin, one signature."""

from __future__ import annotations

import base64
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import checkpoint, errors
from ledger.checkpoint import Checkpoint
from ledger.errors import EvidenceError, MalformedError, SignatureError
from ledger.keys import Ed25519Signer
from ledger.note import log_vkey, parse_vkey
from ledger.tree import EMPTY_ROOT

SIGNER = Ed25519Signer.from_seed(bytes(range(32)))
STRANGER = Ed25519Signer.from_seed(bytes(32))
ORIGIN = "ledger.example/p0"
VKEY = log_vkey(ORIGIN, SIGNER.public_key)
HEAD = Checkpoint(ORIGIN, 8, b"\7" * 32)
SIGNED = checkpoint.sign_checkpoint(HEAD, SIGNER)


def test_own_vectors_hold(vectors: Path) -> None:
    paths = sorted((vectors / "checkpoint").glob("*.json"))
    assert len(paths) >= 20
    for path in paths:
        vector = json.loads(path.read_text(encoding="utf-8"))
        raises = vector["raises"]
        with pytest.raises(getattr(errors, raises)) if raises else nullcontext():
            check_vector(vector)
            assert raises is None, path


def check_vector(vector: dict[str, Any]) -> None:
    if vector["kind"] == "policy":
        vkeys = [parse_vkey(text) for text in vector["log_vkeys"]]
        text = checkpoint.format_policy(vkeys, vector["witness_policy"])
        assert text == vector["policy"]
        return
    data = base64.b64decode(vector["data"])
    found = checkpoint.verify_checkpoint(data, parse_vkey(vector["vkey"]))
    wanted = (vector["origin"], vector["size"], vector["root"])
    assert (found.origin, found.size, found.root.hex()) == wanted
    if "seed" in vector:
        signer = Ed25519Signer.from_seed(bytes.fromhex(vector["seed"]))
        assert checkpoint.sign_checkpoint(found, signer) == data


def test_the_example_of_the_specification_parses() -> None:
    text = (
        "example.com/behind-the-sofa\n20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe"
        "4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    parsed, note = checkpoint.parse_checkpoint(text.encode())
    assert (parsed.origin, parsed.size) == ("example.com/behind-the-sofa", 20852163)
    assert note.to_bytes() == text.encode()
    assert parsed.body == note.text


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_signed_verifies_and_comes_back(size: int, root: bytes) -> None:
    head = Checkpoint(ORIGIN, size, root)
    data = checkpoint.sign_checkpoint(head, SIGNER)
    assert checkpoint.verify_checkpoint(data, VKEY) == head


@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(SIGNED) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != SIGNED[place]))
    changed = SIGNED[:place] + bytes([byte]) + SIGNED[place + 1 :]
    with pytest.raises(EvidenceError):
        checkpoint.verify_checkpoint(changed, VKEY)


@pytest.mark.parametrize(
    ("size", "root"),
    [(-1, b"\7" * 32), (2**63, b"\7" * 32), (8, b"\7" * 31), (0, b"\7" * 32)],
)
def test_no_such_tree_head_can_be_made(size: int, root: bytes) -> None:
    with pytest.raises(MalformedError):
        Checkpoint(ORIGIN, size, root)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_no_such_origin_can_be_made(origin: str) -> None:
    with pytest.raises(MalformedError):
        Checkpoint(origin, 0, EMPTY_ROOT)


def test_a_log_does_not_vouch_for_another_origin() -> None:
    other = checkpoint.sign_checkpoint(Checkpoint("other/p0", 8, HEAD.root), SIGNER)
    with pytest.raises(SignatureError, match="other/p0"):
        checkpoint.verify_checkpoint(other, VKEY)


def test_an_unlisted_signer_is_named() -> None:
    line = checkpoint.sign_checkpoint(HEAD, STRANGER).split(b"\n\n")[1]
    note = checkpoint.parse_checkpoint(SIGNED + line)[1]
    stranger = log_vkey(ORIGIN, STRANGER.public_key)
    found = checkpoint.unlisted_signers(note, [VKEY])
    assert found == [f"{ORIGIN}+{stranger.key_id.hex()}"]
    assert checkpoint.unlisted_signers(note, [VKEY, stranger]) == []
    assert checkpoint.verify_checkpoint(SIGNED + line, VKEY) == HEAD
