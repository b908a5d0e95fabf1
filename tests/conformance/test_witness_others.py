"""Others read what we cosign, cosign what we publish, and ask our witness."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.config import WitnessConfig
from ledger.keys import Ed25519Signer
from ledger.note import (
    COSIGNATURE,
    Vkey,
    cosign,
    cosignature_vkey,
    log_vkey,
    parse_vkey,
)
from ledger.policy import Witness, compose_policy, parse_policy, verify_cosigned
from ledger.witness.protocol import SIZE_TYPE, format_request
from tests.support.go_programs import compiled, go
from tests.support.ledger import SmallLedger, make_ledger
from tests.support.witnesses import (
    log_vkeys,
    post,
    running_witness,
    three_witnesses,
    use_witnesses,
)
from tests.unit.test_witness import (
    FORKED,
    LEAVES,
    LOG,
    ORIGIN,
    VKEY,
    note_of,
    proof,
)

SOURCE = Path(__file__).parent.parent / "support" / "witness_check"
OTHERS = "the Go modules of the witness and the log of others"
# The witness is built beside a released merkle module, which lacks one function that
# its other endpoint (sign-subtree) needs and that is not asked for here.
MERKLE = "github.com/transparency-dev/merkle@v0.0.2"
LEFT_OUT = """\
package proof

import (
	"errors"

	"github.com/transparency-dev/merkle"
)

// VerifySubtreeConsistency is left out.
func VerifySubtreeConsistency(
	merkle.LogHasher, uint64, uint64, uint64, [][]byte, []byte, []byte,
) error {
	return errors.New("left out")
}
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled program; its modules come through Go's proxy, by hash."""
    folder = tmp_path_factory.mktemp("go")
    for path in SOURCE.iterdir():
        shutil.copy(path, folder / path.name)
    found = json.loads(go(folder, "mod", "download", "-json", MERKLE, what=OTHERS))
    shutil.copytree(found["Dir"], folder / "merkle")
    for path in [folder / "merkle", *(folder / "merkle").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "merkle" / "proof" / "left_out.go").write_text(LEFT_OUT)
    return compiled(folder, what=OTHERS)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SmallLedger]:
    found = make_ledger(tmp_path)
    yield found
    found.close()


def asked(other: Path, question: dict[str, object]) -> tuple[int, str]:
    done = subprocess.run(
        [other, "verify"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def question(note: bytes, vkey: Vkey, witnesses: list[Witness]) -> dict[str, object]:
    now = int(time.time())
    policy = compose_policy(witnesses, "all")
    return {
        "Note": base64.b64encode(note).decode(),
        "LogVkey": str(vkey),
        "Vkeys": [str(witness.vkey) for witness in witnesses],
        "Policy": base64.b64encode(policy.encode()).decode(),
        "Earliest": now - 300,
        "Latest": now + 1,
    }


def test_others_verify_cosigned_checkpoints_and_read_the_policy(
    other: Path, ledger: SmallLedger, tmp_path: Path
) -> None:
    with three_witnesses(tmp_path / "w", log_vkeys(ledger)) as three:
        use_witnesses(ledger, three.configs(), quorum="all")
        ledger.emit_decisions(10)
        ledger.seal()
        listed = [Witness(w.name, w.vkey, w.url) for w in three.running]
    note = (ledger.folder() / "checkpoint").read_bytes()
    vkey = next(v for v in log_vkeys(ledger) if v.name == "acme/p0")
    asking = question(note, vkey, listed)
    assert asked(other, asking) == (0, "satisfied true")
    lines = note.split(b"\n")
    fewer = b"\n".join([*lines[:-2], b""])
    few = question(fewer, vkey, listed)
    few["Vkeys"] = [str(witness.vkey) for witness in listed[:2]]
    assert asked(other, few) == (0, "satisfied false")
    time_changed = bytearray(base64.b64decode(lines[-2].split(b" ")[-1]))
    time_changed[11] ^= 1
    lines[-2] = b" ".join([*lines[-2].split(b" ")[:-1], base64.b64encode(time_changed)])
    assert asked(other, question(b"\n".join(lines), vkey, listed))[0] == 1


@contextmanager
def foreign_witness(other: Path, logs: list[Vkey]) -> Generator[tuple[Vkey, str]]:
    process = subprocess.Popen(
        [other, "witness", "other.example/w", *map(str, logs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        vkey, url = (process.stdout.readline().removesuffix("\n") for _ in range(2))
        yield parse_vkey(vkey), url
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_witness_of_others_cosigns_our_ledger(
    other: Path, ledger: SmallLedger
) -> None:
    with foreign_witness(other, log_vkeys(ledger)) as (vkey, url):
        assert vkey.type == COSIGNATURE
        use_witnesses(ledger, [WitnessConfig(url, str(vkey), "other", True)])
        for _ in range(4):
            ledger.emit_decisions(40, per_entry=1)
            ledger.seal()
        policy = parse_policy(ledger.public.policy())
        for partition in (-1, 0):
            data = (ledger.folder(partition) / "checkpoint").read_bytes()
            found = verify_cosigned(data, policy, now_s=int(time.time()), max_age_s=60)
            assert [item.witness for item in found.cosignatures] == ["other"]
        assert ledger.exit_code() == 0


def test_our_witness_cosigns_a_log_of_others(other: Path, tmp_path: Path) -> None:
    signer = Ed25519Signer.from_seed(b"o" * 32)
    vkey = log_vkey("other.example/log", signer.public_key)
    seed = base64.b64encode(b"\x01" + b"o" * 32).decode()
    private = f"PRIVATE+KEY+{vkey.name}+{vkey.key_id.hex()}+{seed}"
    with running_witness(tmp_path / "w", [vkey]) as witness:
        listed = Witness("ours", witness.vkey, witness.url)
        policy = compose_policy([listed], "all")
        done = subprocess.run(
            [other, "log", str(tmp_path / "log"), private],
            input=policy,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        latest = witness.state.latest("other.example/log")
    notes = [json.loads(line).encode() for line in done.stdout.splitlines()]
    assert len(notes) == 3
    ours = parse_policy(f"log {vkey}\n{policy}")
    sizes = [verify_cosigned(note, ours).checkpoint.size for note in notes]
    assert sizes == [1, 2, 3]
    assert latest is not None
    assert latest.size == 3
    assert asked(other, question(notes[-1], vkey, [listed])) == (0, "satisfied true")


# A wrong signature is left out: the specification says 403, the other witness 500.
CASES = {
    "unknown log": (0, [], note_of(5, origin="other.example/p0")),
    "old larger": (9, [], note_of(8)),
    "old wrong": (5, proof(5, 13), note_of(13)),
    "old zero": (0, [], note_of(13)),
    "bad proof": (8, [*proof(8, 13)[::-1], bytes(32)], note_of(13)),
    "no proof": (8, [], note_of(13)),
    "fork of the size": (8, [], note_of(8, leaves=[LEAVES[1], *LEAVES[1:]])),
    "fork beyond": (8, proof(8, 13), note_of(13, leaves=FORKED)),
    "size 0 with a root": (0, [], note_of(0, root=bytes(32))),
    "the same again": (8, [], note_of(8)),
    "growth": (8, proof(8, 13), note_of(13)),
}


@pytest.mark.parametrize("name", CASES)
def test_both_witnesses_answer_with_the_same_status(
    other: Path, tmp_path: Path, name: str
) -> None:
    old, hashes, note = CASES[name]
    first = format_request(old_size=0, proof=[], note=note_of(8))
    asking = format_request(old_size=old, proof=hashes, note=note)
    with (
        running_witness(tmp_path / "w", [VKEY]) as ours,
        foreign_witness(other, [VKEY]) as (_, url),
    ):
        found = []
        for prefix in (ours.url, url.removesuffix("/")):
            assert post(prefix, first).status == 200
            answer = post(prefix, asking)
            is_size = answer.content_type == SIZE_TYPE
            found.append((answer.status, is_size, answer.body if is_size else b""))
    assert found[0] == found[1]


def test_keys_of_both_kinds_are_the_same_to_others(other: Path) -> None:
    signer = Ed25519Signer.from_seed(b"w" * 32)
    vkey = cosignature_vkey("w.example/1", signer.public_key)
    note = note_of(5)
    line = cosign(
        note.split(b"\n\n")[0].decode() + "\n",
        name=vkey.name,
        signer=signer,
        time_s=int(time.time()),
    )
    cosigned = note + f"{line}\n".encode()
    listed = Witness("w", vkey, "https://w.example/")
    assert asked(other, question(cosigned, VKEY, [listed])) == (0, "satisfied true")
    assert (VKEY.name, LOG.public_key) == (ORIGIN, VKEY.public_key)
