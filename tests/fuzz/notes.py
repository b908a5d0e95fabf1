"""What a log publishes and witnesses exchange: notes, tiles, policies, requests."""

from __future__ import annotations

import io
import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.errors import MalformedError, SignatureError
from ledger.header import parse_header
from ledger.keys import Ed25519Signer
from ledger.leaf import parse_leaf
from ledger.note import SignatureLine, log_vkey, parse_note, parse_vkey
from ledger.policy import Policy, parse_policy, read_cosigned
from ledger.tiles import (
    encode_entries,
    parse_entries,
    parse_hashes,
    parse_tile_path,
)
from ledger.witness.protocol import (
    Answer,
    format_request,
    format_size,
    parse_lines,
    parse_request,
    parse_size,
)
from ledger.witness.server import WitnessServer
from ledger.witness.state_sqlite import WitnessState
from ledger.witness.witness import Witness, parse_head
from tests.fuzz.parser import (
    VECTORS,
    BrokenPromiseError,
    Parser,
    as_text,
    numbered,
    of_base64,
    of_text,
    parts,
    same,
    values,
)

ORIGIN = "test.example/p0"


# Signed notes


@cache
def _policy() -> Policy:
    path = VECTORS / "policy" / "cosigned-by-three-at-three-times.json"
    return parse_policy(json.loads(path.read_bytes())["policy"])


def _note(data: bytes) -> None:
    same(parse_note(data).to_bytes(), data)
    checkpoint, note = parse_checkpoint(data)
    same(checkpoint.body, note.text)
    read_cosigned(data, _policy(), now_s=1_800_000_000)


def _note_seeds() -> list[bytes]:
    return [
        data
        for folder in ("note", "checkpoint", "policy")
        for data in values(folder, "data", of_base64)
    ]


# Tiles and leaves


def _path(data: bytes) -> None:
    text = as_text(data)
    same(str(parse_tile_path(text)), text)


def _hashes(data: bytes) -> None:
    same(b"".join(parse_hashes(data[1:], width=data[0] + 1 if data else 1)), data[1:])


def _entries(data: bytes) -> None:
    leaves = parse_entries(data[1:], width=data[0] + 1 if data else 1)
    same(encode_entries(leaves), data[1:])
    for leaf in leaves:
        _leaf(leaf)


def _leaf(data: bytes) -> None:
    leaf = parse_leaf(data)
    same(leaf.to_bytes(), data)
    if leaf.env:
        same(parse_header(leaf.header_bytes).to_bytes(), leaf.header_bytes)


def _tile_seeds() -> list[bytes]:
    leaves = values("leaf", "leaf", bytes.fromhex)
    return numbered(
        path=values("tiles", "path", of_text),
        hashes=[b"\x00" + bytes(32), b"\x02" + bytes(range(96))],
        entries=[
            *(b"\x02" + data for data in values("tiles", "data", bytes.fromhex)),
            b"\x01" + encode_entries(leaves[:2]),
        ],
        leaf=leaves,
    )


# Policies


def _policy_text(data: bytes) -> None:
    policy = parse_policy(data)
    policy.is_satisfied({witness.name for witness in policy.witnesses})
    for vkey in policy.logs:
        same(parse_vkey(str(vkey)), vkey)
    again = "".join(
        f"{line}\n"
        for line in (
            *(f"log {vkey}" for vkey in policy.logs),
            *policy.witnesses,
            *policy.groups,
            f"quorum {policy.quorum}",
        )
    )
    same(parse_policy(again), policy)


# The protocol of witnesses


@cache
def _key() -> Ed25519Signer:
    return Ed25519Signer.from_seed(bytes(range(32)))


def _witness() -> Witness:
    return Witness(
        name="witness.example/w",
        signer=_key(),
        logs=[log_vkey(ORIGIN, _key().public_key)],
        state=WitnessState(Path(":memory:")),
        now_s=lambda: 1_800_000_000,
    )


def _request(data: bytes) -> None:
    request = parse_request(data)
    written = format_request(
        old_size=request.old_size, proof=request.proof, note=request.note
    )
    same(written, data)


def _size(data: bytes) -> None:
    same(format_size(parse_size(data)), data)


def _lines(data: bytes) -> None:
    text = "a.example/p0\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    note = parse_lines(text, data)
    same("".join(f"{line}\n" for line in note.signatures).encode(), data)


def _head(data: bytes) -> None:
    parse_head(as_text(data))


def _answer(data: bytes) -> None:
    answer = _witness().add_checkpoint(data)
    if answer.status not in {200, 400, 403, 404, 409, 422}:
        raise BrokenPromiseError(f"status {answer.status}")


def _signed(data: bytes) -> None:
    """Answer a request whose checkpoint the log did sign, whatever it says."""
    head, gap, text = data.partition(b"\n\n")
    vkey = log_vkey(ORIGIN, _key().public_key)
    line = SignatureLine(vkey.name, vkey.key_id, _key().sign(text))
    _answer(head + gap + text + f"\n{line}\n".encode())


class _Connection:
    """A socket from which some bytes come, and that takes whatever is sent."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def settimeout(self, _seconds: float) -> None:
        return

    def recv_into(self, buffer: memoryview) -> int:
        return self._data.readinto(buffer)

    def makefile(self, mode: str, _size: int = -1) -> io.BytesIO:
        return io.BytesIO()

    def sendall(self, data: bytes) -> None:
        return


@cache
def _server() -> WitnessServer:
    server = WitnessServer(("127.0.0.1", 0), lambda body: Answer(200, body))
    server.server_close()
    return server


def _http(data: bytes) -> None:
    connection: Any = _Connection(data)
    _server().RequestHandlerClass(connection, ("127.0.0.1", 1), _server())


def _witness_seeds() -> list[bytes]:
    checkpoint = Checkpoint(ORIGIN, 7, sha256(b"7").digest())
    note = sign_checkpoint(checkpoint, _key())
    request = format_request(old_size=0, proof=[bytes(32)], note=note)
    line = note.rpartition(b"\n\n")[2]
    text = checkpoint.body.encode()
    post = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde"
    return numbered(
        request=[request, format_request(old_size=3, proof=[], note=note)],
        size=[b"7\n", b"0\n"],
        lines=[line, line * 2],
        head=[text, text + b"extension\n"],
        answer=[request, b"old 0\n\n" + note],
        signed=[b"old 0\n\n" + text, b"old 3\n\n" + text],
        http=[post, post * 2, b"GET / HTTP/1.0\r\n\r\n", post.replace(b"5", b"x")],
    )


PARSERS = (
    Parser(
        "note",
        "signed notes, checkpoints, cosignatures under a policy",
        _note,
        _note_seeds,
        errors=(MalformedError, SignatureError),
    ),
    Parser(
        "tile",
        "paths of tiles, tiles of hashes and of entries, seal leaves in them",
        parts(path=_path, hashes=_hashes, entries=_entries, leaf=_leaf),
        _tile_seeds,
        most=8_192,
    ),
    Parser(
        "policy",
        "tlog-policy files and verifier keys",
        _policy_text,
        lambda: [
            *values("policy", "text", of_text),
            *values("policy", "policy", of_text),
        ],
    ),
    Parser(
        "witness",
        "requests to a witness, its answers, and HTTP as its server reads it",
        parts(
            request=_request,
            size=_size,
            lines=_lines,
            head=_head,
            answer=_answer,
            signed=_signed,
            http=_http,
        ),
        _witness_seeds,
    ),
)
