"""Our witness: C2SP tlog-witness status by status, its folder and its memory."""

from __future__ import annotations

import base64
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import ConfigurationError, ConflictError, MalformedError
from ledger.keys import Ed25519Signer
from ledger.merkle import leaf_hash
from ledger.note import (
    Note,
    SignatureLine,
    log_vkey,
    parse_note,
    verify_cosignature,
)
from ledger.tree import EMPTY_ROOT, consistency_proof, nodes_of, root_of
from ledger.witness import Pin, parse_pin
from ledger.witness.folder import opened, read_vkey
from ledger.witness.protocol import (
    MAX_REQUEST,
    SIZE_TYPE,
    Answer,
    Request,
    format_request,
    parse_lines,
    parse_request,
    parse_size,
)
from ledger.witness.server import parse_address
from tests.support.witnesses import RunningWitness, post, running_witness, served

LOG = Ed25519Signer.from_seed(bytes(range(32)))
SECOND = Ed25519Signer.from_seed(b"2" * 32)
STRANGER = Ed25519Signer.from_seed(b"s" * 32)
ORIGIN = "ledger.example/p0"
VKEY = log_vkey(ORIGIN, LOG.public_key)
LEAVES = [leaf_hash(bytes([n])) for n in range(40)]
FORKED = [*LEAVES[:9], leaf_hash(b"other"), *LEAVES[10:]]


def note_of(
    size: int,
    *,
    leaves: list[bytes] = LEAVES,
    root: bytes | None = None,
    origin: str = ORIGIN,
    signers: tuple[Ed25519Signer, ...] = (LOG,),
    more: str = "",
) -> bytes:
    """A checkpoint, signed as any C2SP log would."""
    head = root_of(leaves[:size]) if root is None else root
    text = f"{origin}\n{size}\n{base64.b64encode(head).decode()}\n{more}"
    lines = tuple(
        SignatureLine(
            origin, log_vkey(origin, s.public_key).key_id, s.sign(text.encode())
        )
        for s in signers
    )
    return Note(text, lines).to_bytes()


def proof(old: int, new: int, leaves: list[bytes] = LEAVES) -> list[bytes]:
    return consistency_proof(nodes_of(leaves[:new]), old_size=old, new_size=new)


def ask(
    witness: RunningWitness, old: int, new: int, *, leaves: list[bytes] = LEAVES
) -> Answer:
    hashes = proof(old, new, leaves) if 0 < old < new else []
    note = note_of(new, leaves=leaves)
    return post(witness.url, format_request(old_size=old, proof=hashes, note=note))


def send(witness: RunningWitness, old: int, hashes: list[bytes], note: bytes) -> Answer:
    return post(witness.url, format_request(old_size=old, proof=hashes, note=note))


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[RunningWitness]:
    with running_witness(tmp_path / "w", [VKEY]) as running:
        yield running


def size_of(witness: RunningWitness) -> int:
    latest = witness.state.latest(ORIGIN)
    return latest.size if latest else 0


def test_200_is_a_cosignature_over_the_note(witness: RunningWitness) -> None:
    before = int(time.time())
    answer = ask(witness, 0, 5)
    assert (answer.status, answer.body[-1:]) == (200, b"\n")
    cosigned = parse_note(note_of(5) + answer.body)
    assert cosigned.text == parse_note(note_of(5)).text
    signed_s = verify_cosignature(cosigned, witness.vkey)
    assert before <= signed_s <= time.time()


@pytest.mark.parametrize(("old", "new"), [(5, 6), (5, 8), (8, 9), (8, 16), (7, 40)])
def test_200_follows_growth(witness: RunningWitness, old: int, new: int) -> None:
    assert ask(witness, 0, old).status == 200
    assert ask(witness, old, new).status == 200
    assert size_of(witness) == new


def test_200_signs_the_same_size_again(witness: RunningWitness) -> None:
    assert ask(witness, 0, 5).status == 200
    assert ask(witness, 5, 5).status == 200


def test_200_for_the_empty_tree_and_what_follows_it(witness: RunningWitness) -> None:
    assert ask(witness, 0, 0).status == 200
    assert ask(witness, 0, 5).status == 200


def test_200_for_extension_lines_which_are_signed_too(witness: RunningWitness) -> None:
    note = note_of(5, more="an extension\nand another one\n")
    answer = send(witness, 0, [], note)
    assert answer.status == 200
    verify_cosignature(parse_note(note + answer.body), witness.vkey)


def test_200_beside_signatures_of_strangers(witness: RunningWitness) -> None:
    note = note_of(5, signers=(STRANGER, LOG))
    long = SignatureLine("post.example/quantum", b"abcd", b"x" * 2420)
    note += f"{long}\n".encode()
    assert send(witness, 0, [], note).status == 200


def test_200_for_any_key_of_the_log(tmp_path: Path) -> None:
    both = [VKEY, log_vkey(ORIGIN, SECOND.public_key)]
    with running_witness(tmp_path, both) as witness:
        assert ask(witness, 0, 5).status == 200
        note = note_of(6, signers=(SECOND,))
        assert send(witness, 5, proof(5, 6), note).status == 200
        note = note_of(7, signers=(SECOND, LOG))
        assert send(witness, 6, proof(6, 7), note).status == 200


def malformed() -> dict[str, bytes]:
    good = format_request(old_size=0, proof=[], note=note_of(5))
    return {
        "empty": b"",
        "no old line": good[6:],
        "old without size": good.replace(b"old 0", b"old "),
        "old with plus": good.replace(b"old 0", b"old +0"),
        "old with zero before": good.replace(b"old 0", b"old 00"),
        "old in other digits": good.replace(b"old 0", "old ٠".encode()),
        "old negative": good.replace(b"old 0", b"old -1"),
        "old too large": good.replace(b"old 0", b"old 9223372036854775808"),
        "two spaces": good.replace(b"old 0", b"old  0"),
        "no empty line": good.replace(b"\n\n", b"\n"),
        "hash of 31 bytes": b"old 0\n" + base64.b64encode(bytes(31)) + good[5:],
        "hash not base64": b"old 0\n?" + good[5:],
        "64 hashes": format_request(
            old_size=0, proof=[bytes(32)] * 64, note=note_of(5)
        ),
        "no checkpoint": b"old 0\n\n",
        "no signature": b"old 0\n\n" + note_of(5).split(b"\n\n")[0] + b"\n\n",
        "two lines": b"old 0\n\n" + note_of(5, root=b"").replace(b"\n\n", b"\n", 1),
        "root of 31 bytes": format_request(
            old_size=0, proof=[], note=note_of(5, root=bytes(31))
        ),
        "size with zero before": good.replace(b"\n5\n", b"\n05\n"),
        "carriage returns": good.replace(b"\n", b"\r\n"),
        "empty extension line": format_request(
            old_size=0, proof=[], note=note_of(5, more="\nx\n")
        ),
    }


@pytest.mark.parametrize("name", malformed())
def test_400_for_what_does_not_parse(witness: RunningWitness, name: str) -> None:
    assert post(witness.url, malformed()[name]).status == 400
    assert size_of(witness) == 0


def test_400_when_old_is_larger(witness: RunningWitness) -> None:
    assert ask(witness, 0, 8).status == 200
    assert send(witness, 8, [], note_of(5)).status == 400
    assert size_of(witness) == 8


def test_403_without_a_valid_signature_of_a_known_key(witness: RunningWitness) -> None:
    good = note_of(5)
    cases = [
        note_of(5, signers=(STRANGER,)),
        good.replace(b"\n5\n", b"\n6\n"),
        good + f"{parse_note(good).signatures[0]}\n".encode(),
    ]
    for note in cases:
        assert send(witness, 0, [], note).status == 403
    assert size_of(witness) == 0


def test_404_for_an_unknown_log(witness: RunningWitness) -> None:
    assert send(witness, 0, [], note_of(5, origin="other.example/p0")).status == 404


def test_409_tells_the_size_it_holds(witness: RunningWitness) -> None:
    assert ask(witness, 0, 8).status == 200
    for old, new in ((0, 9), (5, 9), (9, 9), (0, 5), (5, 5)):
        answer = ask(witness, old, new)
        found = (answer.status, answer.content_type, answer.body)
        assert found == (409, SIZE_TYPE, b"8\n")
    assert size_of(witness) == 8


def test_409_for_a_log_never_seen_tells_0(witness: RunningWitness) -> None:
    answer = ask(witness, 5, 9)
    assert (answer.status, answer.content_type, answer.body) == (409, SIZE_TYPE, b"0\n")


def test_422_for_a_proof_that_does_not_hold(witness: RunningWitness) -> None:
    assert ask(witness, 0, 7).status == 200
    good = proof(7, 13)
    cases = [[], good[:-1], [*good, bytes(32)], good[::-1], proof(8, 13)]
    for hashes in cases:
        assert send(witness, 7, hashes, note_of(13)).status == 422
    assert size_of(witness) == 7


def test_422_for_a_fork_and_the_evidence_is_kept(witness: RunningWitness) -> None:
    assert ask(witness, 0, 12).status == 200
    assert ask(witness, 12, 12, leaves=FORKED).status == 422
    assert ask(witness, 12, 20, leaves=FORKED).status == 422
    kept = witness.state.conflicts(ORIGIN)
    assert kept == [note_of(12, leaves=FORKED), note_of(20, leaves=FORKED)]
    latest = witness.state.latest(ORIGIN)
    assert latest
    assert latest.root == root_of(LEAVES[:12])


def test_422_for_a_proof_where_none_is_needed(witness: RunningWitness) -> None:
    assert send(witness, 0, [bytes(32)], note_of(5)).status == 422
    assert ask(witness, 0, 5).status == 200
    assert send(witness, 5, [bytes(32)], note_of(5)).status == 422


def test_422_for_size_0_with_a_root(witness: RunningWitness) -> None:
    assert send(witness, 0, [], note_of(0, root=bytes(32))).status == 422


def test_a_clock_that_goes_back_does_not_take_signatures_with_it(
    tmp_path: Path,
) -> None:
    times = iter([1_790_000_000, 1_780_000_000])
    with running_witness(tmp_path, [VKEY], now_s=lambda: next(times)) as witness:
        for old, new in ((0, 5), (5, 6)):
            answer = ask(witness, old, new)
            signed = parse_note(note_of(new) + answer.body)
            assert verify_cosignature(signed, witness.vkey) == 1_790_000_000


def test_of_many_requests_at_once_none_rolls_another_back(
    witness: RunningWitness,
) -> None:
    assert ask(witness, 0, 5).status == 200
    answers: dict[int, Answer] = {}
    barrier = threading.Barrier(12)

    def race(new: int) -> None:
        barrier.wait()
        answers[new] = ask(witness, 5, new)

    threads = [threading.Thread(target=race, args=(n,)) for n in range(6, 18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [new for new, answer in answers.items() if answer.status == 200]
    assert size_of(witness) == winner
    others = {a.status for new, a in answers.items() if new != winner}
    assert others == {409}
    assert {a.body for new, a in answers.items() if new != winner} == {
        f"{winner}\n".encode()
    }


def test_it_remembers_across_restarts(tmp_path: Path) -> None:
    with running_witness(tmp_path, [VKEY]) as first:
        assert ask(first, 0, 8).status == 200
        vkey = first.vkey
    with running_witness(tmp_path, [VKEY]) as again:
        assert again.vkey == vkey == read_vkey(tmp_path)
        assert ask(again, 0, 13).body == b"8\n"
        assert ask(again, 8, 13).status == 200


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    with running_witness(tmp_path / "w", [VKEY]):
        mode = (tmp_path / "w" / "witness.key").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o700


def test_a_key_without_its_memory_does_not_serve(tmp_path: Path) -> None:
    with running_witness(tmp_path, [VKEY]) as witness:
        assert ask(witness, 0, 8).status == 200
        vkey = witness.vkey
    (tmp_path / "witness.sqlite").unlink()
    for _ in range(2):
        with (
            pytest.raises(ConfigurationError, match="may have signed"),
            opened(tmp_path, logs=[VKEY]),
        ):
            pass
    pins = [Pin(ORIGIN, 8, root_of(LEAVES[:8]))]
    name = vkey.name.removesuffix(".example/w")
    with running_witness(tmp_path, [VKEY], name=name, pins=pins) as witness:
        assert witness.vkey == vkey
        assert ask(witness, 0, 9).body == b"8\n"
        assert ask(witness, 8, 9, leaves=LEAVES).status == 200


def test_a_memory_without_its_key_does_not_serve(tmp_path: Path) -> None:
    with running_witness(tmp_path, [VKEY]) as witness:
        assert ask(witness, 0, 8).status == 200
    (tmp_path / "witness.key").unlink()
    with pytest.raises(ConfigurationError), opened(tmp_path, logs=[VKEY]):
        pass


def test_a_memory_of_another_key_does_not_serve(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with running_witness(tmp_path / name, [VKEY]):
            pass
    key = (tmp_path / "a" / "witness.key").read_bytes()
    (tmp_path / "b" / "witness.key").write_bytes(key)
    with pytest.raises(ConfigurationError), opened(tmp_path / "b", logs=[VKEY]):
        pass


def test_one_process_serves_a_folder(tmp_path: Path) -> None:
    with (
        opened(tmp_path, logs=[VKEY]),
        pytest.raises(ConflictError),
        opened(tmp_path, logs=[VKEY]),
    ):
        pass


def test_a_witness_keeps_its_name(tmp_path: Path) -> None:
    with opened(tmp_path, name="north.example/w", logs=[VKEY]):
        pass
    with opened(tmp_path, logs=[VKEY]) as again:
        assert again.name == "north.example/w"
    with (
        pytest.raises(ConfigurationError),
        opened(tmp_path, name="south.example/w", logs=[VKEY]),
    ):
        pass


def test_a_pinned_log_starts_where_it_is_pinned(tmp_path: Path) -> None:
    pins = [Pin(ORIGIN, 8, root_of(LEAVES[:8]))]
    with running_witness(tmp_path, [VKEY], pins=pins) as witness:
        assert ask(witness, 0, 13, leaves=FORKED).body == b"8\n"
        assert ask(witness, 8, 13, leaves=[LEAVES[1], *LEAVES[1:]]).status == 422
        assert ask(witness, 8, 13).status == 200


def test_a_pin_that_contradicts_the_memory_is_refused(tmp_path: Path) -> None:
    with running_witness(tmp_path, [VKEY]) as witness:
        assert ask(witness, 0, 8).status == 200
    for pin in (Pin(ORIGIN, 8, bytes(32)), Pin(ORIGIN, 9, root_of(LEAVES[:9]))):
        with (
            pytest.raises(ConfigurationError, match="pinned"),
            opened(tmp_path, logs=[VKEY], pins=[pin]),
        ):
            pass
    with opened(tmp_path, logs=[VKEY], pins=[Pin(ORIGIN, 5, bytes(32))]):
        pass


def test_pins_are_spelled_in_one_way() -> None:
    root = root_of(LEAVES[:8])
    assert parse_pin(f"{ORIGIN}=8:{root.hex()}") == Pin(ORIGIN, 8, root)
    assert parse_pin(f"{ORIGIN}=0:{EMPTY_ROOT.hex()}").size == 0
    for text in (
        "",
        "8:00",
        f"{ORIGIN}=8",
        f"{ORIGIN}=8:00",
        f"{ORIGIN}=08:{root.hex()}",
        f"={8}:{root.hex()}",
        f"{ORIGIN}=0:{root.hex()}",
        f"{ORIGIN}=8:{EMPTY_ROOT.hex()}",
    ):
        with pytest.raises(ConfigurationError):
            parse_pin(text)


def raw(url: str, data: bytes) -> bytes:
    """Send bytes and read until the other side hangs up."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        found = b""
        while part := sock.recv(4096):
            found += part
        return found


HEAD = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"
CASES = {
    "no length": (HEAD + b"\r\n", 411),
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    "length not a number": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "length in other digits": (HEAD + "Content-Length: ١\r\n\r\n".encode(), 400),
    "too large": (HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_REQUEST + 1), 413),
    "far too large": (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    "GET": (b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 405),
    "elsewhere": (
        b"POST /add-tree-head HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n",
        404,
    ),
    "no HTTP": (b"hello\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", CASES)
def test_http_that_is_no_request_is_refused(witness: RunningWitness, name: str) -> None:
    data, status = CASES[name]
    assert raw(witness.url, data).startswith(b"HTTP/1.1 %d " % status)


def test_connections_are_kept(witness: RunningWitness) -> None:
    body = format_request(old_size=0, proof=[], note=note_of(5))
    one = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert raw(witness.url, one + one).count(b"HTTP/1.1 ") == 2


def test_a_slow_request_ends_and_others_go_on() -> None:
    with served(lambda _body: Answer(200, b"x"), request_seconds=0.3) as url:
        parts = urlsplit(url)
        slow = socket.create_connection((parts.hostname, parts.port), timeout=60)
        started = time.monotonic()
        slow.sendall(HEAD[:20])
        assert post(url, b"").status == 200
        for byte in HEAD[20:40]:
            try:
                slow.sendall(bytes([byte]))
            except OSError:
                break
            time.sleep(0.05)
        with suppress(OSError):
            slow.recv(1000)
        assert time.monotonic() - started < 30
        slow.close()


def test_nothing_is_signed_that_cannot_be_remembered(witness: RunningWitness) -> None:
    witness.state.close()
    answer = ask(witness, 0, 5)
    assert (answer.status, b"\xe2\x80\x94" in answer.body) == (503, False)


@pytest.mark.parametrize("text", ["", "8080", "h:", ":80", "h:x", "h:70000", "h:-1"])
def test_an_address_has_host_and_port(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_address(text)


def test_addresses_parse() -> None:
    assert parse_address("127.0.0.1:80") == ("127.0.0.1", 80)
    assert parse_address("[::1]:0") == ("::1", 0)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_malformed(data: bytes) -> None:
    for whole in (data, b"old 5\n" + data):
        try:
            found = parse_request(whole)
        except MalformedError:
            continue
        written = format_request(
            old_size=found.old_size, proof=found.proof, note=found.note
        )
        assert written == whole


@given(
    st.integers(0, (1 << 63) - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
)
def test_requests_write_and_parse_back(old: int, hashes: list[bytes]) -> None:
    body = format_request(old_size=old, proof=hashes, note=b"a\n\nb\n")
    assert parse_request(body) == Request(old, tuple(hashes), b"a\n\nb\n")


@pytest.mark.parametrize(
    "body", [b"", b"8", b"08\n", b"+8\n", b" 8\n", b"8\n\n", b"\xff"]
)
def test_a_size_is_spelled_in_one_way(body: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_size(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", b"text\n\n\xe2\x80\x94 a AAAAAAAA\n", b"\xe2\x80\x94 a AAAAAAAA"],
)
def test_an_answer_holds_signature_lines_alone(body: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_lines("a\n5\nroot\n", body)
