"""A witness as a process: what it prints, how it stops, what a kill leaves behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.note import Vkey, parse_note, parse_vkey, verify_cosignature
from ledger.witness.protocol import Answer, format_request
from ledger.witness.server import IDLE_SECONDS
from tests.support.ledger import make_ledger
from tests.support.witnesses import configure_witnesses, log_vkeys, post
from tests.unit.test_witness import LEAVES, ORIGIN, VKEY, note_of, proof

pytestmark = pytest.mark.faults
MLLEDGER = [sys.executable, "-m", "ledger"]

DYING = """\
import os, signal, sys
from pathlib import Path
from ledger.note import parse_vkey
from ledger.witness import Witness
from ledger.witness.folder import opened
from ledger.witness.server import WitnessServer

def die(step):
    os.kill(os.getpid(), signal.SIGKILL)

logs = [parse_vkey(sys.argv[2])]
with opened(Path(sys.argv[1]), logs=logs) as folder:
    witness = Witness(name=folder.name, signer=folder.signer, logs=logs,
                      state=folder.state, hook=die)
    with WitnessServer(("127.0.0.1", 0), witness.add_checkpoint) as server:
        print(folder.vkey, flush=True)
        print(f"listening on {server.url}", file=sys.stderr, flush=True)
        server.serve_forever()
"""


@contextmanager
def started(arguments: list[str]) -> Generator[tuple[subprocess.Popen[str], Vkey, str]]:
    """Start a witness; yields its process, the key it prints and where it listens."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    try:
        vkey = parse_vkey(process.stdout.readline().removesuffix("\n"))
        lines = iter(process.stderr.readline, "")
        url = next(line.split()[-1] for line in lines if line.startswith("listening"))
        yield process, vkey, url
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def serve(folder: Path, *more: str) -> list[str]:
    listen = ["--listen", "127.0.0.1:0", "--state", str(folder)]
    return [*MLLEDGER, "witness", "serve", *listen, "--log", str(VKEY), *more]


def ask(url: str, old: int, new: int) -> Answer:
    hashes = proof(old, new) if 0 < old < new else []
    body = format_request(old_size=old, proof=hashes, note=note_of(new))
    return post(url, body)


def test_it_prints_its_key_signs_and_stops_on_sigterm(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    with started(serve(folder, "--name", "w.example/1")) as (process, vkey, url):
        assert vkey.name == "w.example/1"
        answer = ask(url, 0, 8)
        verify_cosignature(parse_note(note_of(8) + answer.body), vkey)
        kept = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        with closing(kept):
            kept.connect()  # a client that idles holds nobody up
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=IDLE_SECONDS - 5) == 0
    shown = subprocess.run(
        [*MLLEDGER, "witness", "key", "--state", str(folder), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(shown.stdout)["data"]["vkey"] == str(vkey)
    with started(serve(folder)) as (_, again, url):
        assert again == vkey
        assert ask(url, 0, 9).body == b"8\n"


def test_killed_between_memory_and_answer_it_signs_no_other_history(
    tmp_path: Path,
) -> None:
    dying = [sys.executable, "-c", DYING, str(tmp_path / "w"), str(VKEY)]
    with started(dying) as (process, vkey, url):
        with pytest.raises(OSError):  # noqa: PT011  however the connection breaks off
            ask(url, 0, 8)
        assert process.wait(timeout=60) == -signal.SIGKILL
    with started(serve(tmp_path / "w")) as (_, again, url):
        assert again == vkey
        assert ask(url, 0, 8).body == b"8\n"
        forked = note_of(8, leaves=[LEAVES[1], *LEAVES[1:]])
        body = format_request(old_size=8, proof=[], note=forked)
        assert post(url, body).status == 422
        assert ask(url, 8, 8).status == 200


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--listen", "nowhere"], 3),
        (["--pin", "x"], 3),
        (["--pin", f"other.example/p0=0:{'e3' * 32}"], 3),
        (["--log", "no key"], 5),
        (["--name", "with space"], 5),
    ],
)
def test_what_it_cannot_serve_it_says(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    done = subprocess.run(
        [*serve(tmp_path / "w"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr


def test_from_a_new_ledger_to_a_cosigned_one_by_commands(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    ledger.emit_decisions(3)
    logs = [part for vkey in log_vkeys(ledger) for part in ("--log", str(vkey))]
    listen = ["--listen", "127.0.0.1:0", "--state", str(tmp_path / "w")]
    environment = {**os.environ, "MLLEDGER_HOME": str(ledger.home)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MLLEDGER, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )

    with started([*MLLEDGER, "witness", "serve", *listen, *logs]) as (_, vkey, url):
        from ledger.config import WitnessConfig

        configure_witnesses(ledger, [WitnessConfig(url, str(vkey), "north", True)])
        assert run("witness", "policy", "--quorum", "2").returncode == 3
        made = run("witness", "policy", "--quorum", "all")
        assert (made.returncode, made.stderr) == (0, made.stderr)
        ledger.reopen()
        ledger.seal()
        rows = json.loads(run("witness", "ls", "--json").stdout)["data"]
        assert {row["origin"] for row in rows} == {"acme/control", "acme/p0"}
        assert {row["answer"] for row in rows} == {"signed"}
        assert all(row["signed_at"] and row["outside"] for row in rows)
        shown = run("verify", "log", "--max-age", "600")
        assert shown.returncode == 0, shown.stdout
        assert "1 of 1 witnesses signed size 2, 1 outside the operator" in shown.stdout
        assert run("verify", "log", "--max-age", "0").returncode in {0, 6}
    assert ORIGIN not in shown.stdout
    ledger.close()
