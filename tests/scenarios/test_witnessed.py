"""A ledger and its witnesses: quorum, absence, lies, renewal, rollback, forks."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.config import WitnessConfig
from ledger.doctor import examine
from ledger.errors import IntegrityError, QuorumError
from ledger.keys import Ed25519Signer, load_signer
from ledger.log import CONTROL
from ledger.note import cosign, cosignature_vkey, parse_note
from ledger.policy import parse_policy, verify_cosigned
from ledger.public import PENDING
from ledger.rotation import Act, announce_log_key, retire_log_key
from ledger.seal.steps import STEPS
from ledger.seal.witness_status import waiting_heads, witness_rows
from ledger.verification import (
    ControlReader,
    LedgerVerifier,
    Step,
    WitnessTerms,
    exit_code,
    load_control,
    terms_of,
    verify_log,
)
from ledger.verification.witnessing import published_reader
from ledger.witness.protocol import SIZE_TYPE, Answer, parse_request
from tests.support.ledger import SmallLedger, copy_ledger, make_ledger
from tests.support.witnesses import (
    RunningWitness,
    Three,
    configure_witnesses,
    log_vkeys,
    running_witness,
    served,
    set_policy,
    three_witnesses,
    use_witnesses,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    found = copy_ledger(template, tmp_path / "home")
    yield found
    found.close()


@pytest.fixture
def three(ledger: SmallLedger, tmp_path: Path) -> Iterator[Three]:
    with three_witnesses(tmp_path / "witnesses", log_vkeys(ledger)) as found:
        yield found


def checkpoint(ledger: SmallLedger, name: str = "checkpoint", partition: int = 0):
    data = (ledger.folder(partition) / name).read_bytes()
    return parse_checkpoint(data)


def signers(ledger: SmallLedger, name: str = "checkpoint") -> list[str]:
    _, note = checkpoint(ledger, name)
    return [line.name for line in note.signatures]


def steps(ledger: SmallLedger, **terms: object) -> list[Step]:
    return verify_log(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        terms=WitnessTerms(**terms),
    )


def step(ledger: SmallLedger, name: str, **terms: object) -> Step:
    return next(s for s in steps(ledger, **terms) if s.name == name)


def grow(ledger: SmallLedger, count: int = 1) -> None:
    ledger.emit_decisions(count)
    ledger.seal()


NAMES = ["north", "south", "east"]
ALL = ["acme/p0", *(f"{name}.example/w" for name in NAMES)]


def test_a_checkpoint_carries_every_cosignature(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(outside=2), quorum="2")
    grow(ledger, 30)
    assert signers(ledger) == ALL
    size = checkpoint(ledger)[0].size
    beside = (ledger.folder() / f"checkpoint.{size}").read_bytes()
    assert beside == (ledger.folder() / "checkpoint").read_bytes()
    outside = frozenset(w.vkey.public_key for w in three.running[:2])
    found = step(ledger, "acme/p0 witnesses", outside=outside)
    assert found.status == "verified"
    assert f"3 of 3 witnesses signed size {size}, 2 outside" in found.detail
    assert ledger.exit_code() == 0
    assert not (ledger.folder() / PENDING).exists()


def test_an_outsider_verifies_with_the_policy_alone(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    policy = parse_policy(ledger.public.policy())
    data = (ledger.folder() / "checkpoint").read_bytes()
    found = verify_cosigned(data, policy, now_s=int(time.time()), max_age_s=60)
    assert [item.witness for item in found.cosignatures] == sorted(
        [item.witness for item in found.cosignatures],
        key=lambda name: (
            next(c.time_s for c in found.cosignatures if c.witness == name),
            NAMES.index(name),
        ),
    )
    assert len(found.cosignatures) == 3


def test_without_witnesses_every_output_says_what_that_means(
    ledger: SmallLedger,
) -> None:
    grow(ledger)
    for origin in ("acme/control", "acme/p0"):
        found = step(ledger, f"{origin} witnesses")
        assert found.status == "verified"
        assert "proves nothing against the ledger's operator" in found.detail
        assert "0 outside the operator" in found.detail


def test_a_quorum_is_enough(ledger: SmallLedger, three: Three) -> None:
    use_witnesses(ledger, three.configs(), quorum="2")
    grow(ledger)
    three.stop(1)
    grow(ledger)
    assert signers(ledger) == [ALL[0], ALL[1], ALL[3]]
    assert ledger.exit_code() == 0
    rows = {row["witness"]: row for row in witness_rows(ledger.config)}
    assert rows["south"]["last_error"]
    assert rows["north"]["last_error"] is None


def test_enforced_a_head_without_its_quorum_waits_and_comes_through(
    ledger: SmallLedger, three: Three, tmp_path: Path
) -> None:
    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    before = checkpoint(ledger)[0].size
    three.stop(2)
    with ledger.sealer() as sealer:
        ledger.emit_decisions(5)
        sealer.seal_once()
        assert "2 of 3 witnesses" in sealer.alarm
        assert "east" in sealer.alarm
        assert checkpoint(ledger)[0].size == before
        pending = checkpoint(ledger, PENDING)[0]
        assert pending.size == before + 1
        assert signers(ledger, PENDING) == ALL[:3]
        assert list(waiting_heads(ledger.config)) == [("acme/p0", pending.size, before)]
        told = [f for f in examine(ledger.home) if f.part == "witnesses acme/p0"]
        assert {f.exit for f in told} == {0, 6}
        assert any("east" in f.detail for f in told)
        found = step(ledger, "acme/p0 pending")
        assert (found.status, found.code) == ("not_checked", "LDG-V007")
        assert ledger.exit_code() == 6
        logs = log_vkeys(ledger)
        with running_witness(tmp_path / "witnesses/east", logs, name="east") as again:
            moved = [*three.configs()[:2], again.config()]
            configure_witnesses(ledger, moved)
    with running_witness(tmp_path / "witnesses/east", logs, name="east") as again:
        configure_witnesses(ledger, [*three.configs()[:2], again.config()])
        with ledger.sealer() as sealer:
            sealer.seal_once()
            assert sealer.alarm == ""
        assert signers(ledger) == ALL
        assert checkpoint(ledger)[0] == pending
        assert not (ledger.folder() / PENDING).exists()
        assert ledger.exit_code() == 0


def test_a_running_sealer_publishes_what_waited(
    ledger: SmallLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.seal.sealer.TEND_SECONDS", 0.0)
    monkeypatch.setattr("ledger.witness.client._PAUSES_S", (0.0,))
    with running_witness(tmp_path / "w", log_vkeys(ledger)) as witness:
        is_away = False

        def answer(body: bytes) -> Answer:
            if is_away:
                return Answer(500, b"")
            return witness.witness.add_checkpoint(body)

        with served(answer) as url:
            use_witnesses(ledger, [replace(witness.config(), url=url)])
            grow(ledger)
            with ledger.sealer() as sealer:
                is_away = True
                ledger.emit_decisions(1)
                sealer.seal_once()
                assert (ledger.folder() / PENDING).exists()
                sealer.seal_once()
                assert (ledger.folder() / PENDING).exists()
                is_away = False
                sealer.seal_once()
                assert sealer.alarm == ""
    assert not (ledger.folder() / PENDING).exists()
    assert ledger.exit_code() == 0


def test_many_heads_may_wait_and_events_pin_the_newest_control_log(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    for number in range(3):
        three.stop(number)
    for _ in range(3):
        use_witnesses(ledger, three.configs(), quorum="all")  # the control log grows
        grow(ledger, 10)
    published = checkpoint(ledger, partition=CONTROL)[0].size
    waiting = checkpoint(ledger, PENDING, partition=CONTROL)[0].size
    assert waiting > published
    assert ledger.exit_code() == 6
    codes = {s.code for s in ledger.verify() if s.is_finding}
    assert codes == {"LDG-V007"}


def test_observed_a_head_without_its_quorum_is_published_and_shown(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(), quorum="all", mode="observe")
    grow(ledger)
    for number in range(3):
        three.stop(number)
    with ledger.sealer() as sealer:
        ledger.emit_decisions(5)
        size = sealer.seal_once().size
        assert "0 of 3 witnesses" in sealer.alarm
    assert checkpoint(ledger)[0].size == size
    assert not (ledger.folder() / PENDING).exists()
    found = step(ledger, "acme/p0 witnesses")
    assert (found.status, found.code) == ("not_checked", "LDG-V007")
    assert ledger.exit_code() == 6


def liar(
    ledger: SmallLedger,
    honest: RunningWitness,
    lie: Callable[[bytes, Answer], Answer],
    *,
    at_start: bool = False,
) -> str:
    """Seal beside a lying witness of three; returns the alarm."""
    lies = at_start

    def answer(body: bytes) -> Answer:
        truth = honest.witness.add_checkpoint(body)
        return lie(body, truth) if lies else truth

    with served(answer, idle_seconds=5) as url:
        # The lie is found out when the quorum needs this witness.
        use_witnesses(ledger, [replace(honest.config(), url=url)])
        with ledger.sealer(CONTROL) as sealer:
            sealer.seal_once()
            sealer.seal_once()
        with ledger.sealer() as sealer:
            ledger.emit_decisions(1)
            sealer.seal_once()
            lies = True
            ledger.emit_decisions(1)
            sealer.seal_once()
            return sealer.alarm


STRANGER = Ed25519Signer.from_seed(b"s" * 32)


def forged(body: bytes, truth: Answer, **changes: object) -> Answer:
    """A line in the name, and with the key id, of the honest witness."""
    note = parse_note(parse_request(body).note)
    if truth.status != 200:
        return truth
    true_line = parse_note(note.to_bytes() + truth.body).signatures[-1]
    options = {"name": true_line.name, "signer": STRANGER, "time_s": int(time.time())}
    line = cosign(note.text, **{**options, **changes})
    return Answer(200, f"{replace(line, key_id=true_line.key_id)}\n".encode())


def of_stranger(body: bytes, truth: Answer) -> Answer:
    note = parse_note(parse_request(body).note)
    line = cosign(note.text, name="x", signer=STRANGER, time_s=int(time.time()))
    return Answer(200, f"{line}\n".encode())


def other_size(body: bytes) -> int:
    return 1 if parse_request(body).old_size != 1 else 2


LIES: dict[str, tuple[Callable[[bytes, Answer], Answer], str]] = {
    "forged in its own name": (forged, "does not verify"),
    "signed by a stranger": (of_stranger, "without a signature"),
    "no signature": (lambda _b, _t: Answer(200, b""), "signature"),
    "text before the lines": (lambda _b, t: Answer(200, b"x\n\n" + t.body), "more"),
    "the line twice": (lambda _b, t: Answer(200, t.body * 2), "two signatures"),
    "endless answer": (lambda _b, _t: Answer(200, b"x" * 70_000), "more than"),
    "slippery size": (
        lambda b, _t: Answer(409, b"%d\n" % other_size(b), SIZE_TYPE),
        "keeps changing",
    ),
    "size that is the one we said": (
        lambda b, _t: Answer(409, b"%d\n" % parse_request(b).old_size, SIZE_TYPE),
        "is, and is not",
    ),
    "huge size": (lambda _b, _t: Answer(409, b"9" * 18 + b"\n", SIZE_TYPE), "holds"),
    "size beyond all sizes": (
        lambda _b, _t: Answer(409, b"9" * 40 + b"\n", SIZE_TYPE),
        "not a decimal",
    ),
    "409 without a size": (lambda _b, _t: Answer(409, b""), "another tree"),
    "422": (lambda _b, _t: Answer(422, b"no\n"), "does not continue"),
    "403": (lambda _b, _t: Answer(403, b"no\n"), "does not accept"),
    "404": (lambda _b, _t: Answer(404, b"no\n"), "does not know"),
    "teapot": (lambda _b, _t: Answer(418, b"no\n"), "cannot answer"),
    "redirect": (lambda _b, _t: Answer(307, b""), "cannot answer"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lying_witness_is_refused_and_shown(
    ledger: SmallLedger, tmp_path: Path, name: str
) -> None:
    lie, words = LIES[name]
    with running_witness(tmp_path / "w", log_vkeys(ledger)) as honest:
        alarm = liar(ledger, honest, lie)
    assert words in alarm, alarm
    assert signers(ledger) == ["acme/p0", "north.example/w"]
    assert signers(ledger, PENDING) == ["acme/p0"]
    assert ledger.exit_code() == 6


@pytest.mark.parametrize(
    "answer",
    [
        Answer(409, b""),
        Answer(409, b"<html>proxy</html>", "text/html"),
        Answer(422, b"no"),
        Answer(409, b"1000000\n", SIZE_TYPE),
    ],
)
def test_at_its_first_answer_a_witness_that_knows_better_stops_the_sealer(
    ledger: SmallLedger, tmp_path: Path, answer: Answer
) -> None:
    with running_witness(tmp_path / "w", log_vkeys(ledger)) as honest:
        use_witnesses(ledger, [honest.config()])
        grow(ledger)
        before = (ledger.folder() / "checkpoint").read_bytes()
        with served(lambda _body: answer) as url:
            configure_witnesses(ledger, [replace(honest.config(), url=url)])
            with pytest.raises(IntegrityError) as caught:
                ledger.seal()
            assert "[[witness]]" in caught.value.hint
        assert (ledger.folder() / "checkpoint").read_bytes() == before


@pytest.mark.parametrize("offset", [3_600, -3_600])
def test_a_witness_with_a_wrong_clock_is_refused(
    ledger: SmallLedger, tmp_path: Path, offset: int
) -> None:
    logs = log_vkeys(ledger)
    with running_witness(
        tmp_path / "w", logs, now_s=lambda: int(time.time()) + offset
    ) as witness:
        use_witnesses(ledger, [witness.config()])
        ledger.seal()
        with ledger.sealer() as sealer:
            ledger.emit_decisions(1)
            sealer.seal_once()
            assert "clocks is wrong" in sealer.alarm
    assert not (ledger.folder() / "checkpoint").exists()


def test_a_slow_witness_holds_nobody_up(ledger: SmallLedger, tmp_path: Path) -> None:
    over = threading.Event()

    def answer(_body: bytes) -> Answer:
        over.wait(60)
        return Answer(200, b"")

    vkey = cosignature_vkey("slow", STRANGER.public_key)
    with (
        running_witness(tmp_path / "w", log_vkeys(ledger)) as fast,
        served(answer) as url,
    ):
        slow = WitnessConfig(url, str(vkey), "slow")
        use_witnesses(ledger, [slow, fast.config()], quorum="any")
        started = time.monotonic()
        with ledger.sealer(CONTROL) as sealer:
            sealer.seal_once()
        assert time.monotonic() - started < 30
        over.set()
    assert [line.name for line in checkpoint(ledger, partition=CONTROL)[1].signatures][
        1:
    ] == ["north.example/w"]


def test_cosignatures_are_renewed_without_growth(
    ledger: SmallLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.seal.sealer.TEND_SECONDS", 0.0)
    clock = [int(time.time())]
    logs = log_vkeys(ledger)
    with running_witness(tmp_path / "w", logs, now_s=lambda: clock[0]) as witness:
        use_witnesses(ledger, [witness.config()], renew_s=1)
        grow(ledger)
        size = checkpoint(ledger)[0].size
        with ledger.sealer() as sealer:
            sealer.seal_once()
            first = (ledger.folder() / "checkpoint").read_bytes()
            sealer.seal_once()
            assert (ledger.folder() / "checkpoint").read_bytes() == first
            clock[0] += 30
            time.sleep(1.1)
            sealer.seal_once()
        second = (ledger.folder() / "checkpoint").read_bytes()
        assert second != first
        assert parse_note(second).text == parse_note(first).text
        assert (ledger.folder() / f"checkpoint.{size}").read_bytes() == second
    found = verify_cosigned(second, parse_policy(ledger.public.policy()))
    assert found.fresh_s == clock[0]
    assert not list((ledger.config.staging / "acme/p0").glob(f"{size}-*"))
    assert ledger.exit_code() == 0


def test_a_reader_may_bound_the_age(ledger: SmallLedger, three: Three) -> None:
    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    now = int(time.time())
    assert exit_code(steps(ledger, now_s=now, max_age_s=60)) == 0
    late = steps(ledger, now_s=now + 600, max_age_s=60)
    assert {s.code for s in late if s.is_finding} == {"LDG-V008"}
    assert exit_code(late) == 6
    early = steps(ledger, now_s=now - 600)
    assert exit_code(early) == 5


RENEWING = ("sign", "cosign", "publish", "publish-kept", "clean", "clean-staging")
BROKEN_OFF = [("grow", at) for at in STEPS] + [("renew", at) for at in RENEWING]


@pytest.mark.parametrize(("kind", "at"), BROKEN_OFF)
def test_what_is_broken_off_is_finished_beside_the_witnesses(
    ledger: SmallLedger, tmp_path: Path, kind: str, at: str
) -> None:
    class Killed(BaseException):
        pass

    def hook(name: str) -> None:
        if name == at:
            raise Killed

    with running_witness(tmp_path / "w", log_vkeys(ledger)) as witness:
        use_witnesses(ledger, [witness.config()], renew_s=1)
        grow(ledger, 30)
        if kind == "grow":
            ledger.emit_decisions(30)
            use_witnesses(ledger, [witness.config()], renew_s=1)
        for partition in (CONTROL, 0):
            try:
                with ledger.sealer(partition, hook=hook) as sealer:
                    sealer.seal_once()
            except Killed:
                pass
        ledger.seal()
        assert [row["last_error"] for row in witness_rows(ledger.config)] == [
            None,
            None,
        ]
        for origin in ("acme/control", "acme/p0"):
            assert witness.state.conflicts(origin) == []
    assert not (ledger.folder() / PENDING).exists()
    assert signers(ledger) == ["acme/p0", "north.example/w"]
    assert ledger.exit_code() == 0


def test_a_state_that_was_rolled_back_stops_at_the_witness(
    ledger: SmallLedger, three: Three, tmp_path: Path
) -> None:
    use_witnesses(ledger, three.configs(), quorum="2")
    grow(ledger, 10)
    ledger.close()
    shutil.copytree(ledger.home, tmp_path / "backup")
    ledger.reopen()
    ledger.streams.clear()
    grow(ledger, 10)
    old = copy_ledger(tmp_path / "backup", tmp_path / "restored")
    try:
        with pytest.raises(IntegrityError, match="holds size") as caught:
            old.seal()
        assert "restore the newest state" in caught.value.hint
        before = (old.folder() / "checkpoint").read_bytes()
        old.emit_decisions(3)
        with pytest.raises(IntegrityError):
            old.seal()
        assert (old.folder() / "checkpoint").read_bytes() == before
    finally:
        old.close()


def test_a_state_that_was_lost_stops_at_the_witness(
    ledger: SmallLedger, three: Three, template: Path, tmp_path: Path
) -> None:
    use_witnesses(ledger, three.configs(), quorum="2")
    grow(ledger, 10)
    grow(ledger, 10)
    anew = copy_ledger(template, tmp_path / "anew")
    try:
        use_witnesses(anew, three.configs(), quorum="2")
        anew.emit_decisions(1)
        with pytest.raises(IntegrityError):
            anew.seal()
        assert not (anew.folder() / "checkpoint").exists()
    finally:
        anew.close()


def test_a_second_history_finds_no_quorum(
    ledger: SmallLedger, three: Three, tmp_path: Path
) -> None:
    """A split view: the log's key is in other hands, the witnesses are not."""
    use_witnesses(ledger, three.configs(), quorum="2")
    grow(ledger, 10)
    signer = load_signer("file:keys/log-p0.key", base=ledger.home)
    head = checkpoint(ledger)[0]
    forged_note = sign_checkpoint(Checkpoint("acme/p0", head.size, b"x" * 32), signer)
    policy = parse_policy(ledger.public.policy())
    for witness in three.running:
        body = f"old {head.size}\n\n".encode() + forged_note
        assert witness.witness.add_checkpoint(body).status == 422
        assert witness.state.conflicts("acme/p0") == [forged_note]
    with pytest.raises(QuorumError):
        verify_cosigned(forged_note, policy)


def test_a_witness_may_leave_and_another_come(
    ledger: SmallLedger, three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.seal.sealer.TEND_SECONDS", 0.0)
    use_witnesses(ledger, three.configs()[:2], quorum="all")
    grow(ledger, 10)
    assert signers(ledger) == ALL[:3]
    use_witnesses(ledger, three.configs()[1:], quorum="all")
    ledger.seal()
    assert signers(ledger) == [ALL[0], *ALL[2:]]
    assert ledger.exit_code() == 0
    grow(ledger, 10)
    assert ledger.exit_code() == 0
    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger, 10)  # who comes back is asked from the size that it names
    assert signers(ledger) == ALL
    set_policy(ledger, "")
    ledger.seal()
    grow(ledger)
    assert signers(ledger) == ALL[:1]
    assert ledger.exit_code() == 0


def test_any_flipped_byte_of_a_cosigned_checkpoint_is_found(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(), quorum="2")
    grow(ledger)
    head = checkpoint(ledger)[0]
    for name in ("checkpoint", f"checkpoint.{head.size}"):
        path = ledger.folder() / name
        good = path.read_bytes()
        for place in [3, 9, 30, *range(60, len(good), 79)]:
            flipped = bytearray(good)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            found = verify_published_p0(ledger)
            assert exit_code(found) == 5, (name, place)
        path.write_bytes(good)
    assert ledger.exit_code() == 0


def verify_published_p0(ledger: SmallLedger) -> list[Step]:
    from ledger.verification import verify_published

    return verify_published(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        origins=["acme/p0"],
    )


def without_line(note: bytes, name: str) -> bytes:
    parsed = parse_note(note)
    kept = tuple(line for line in parsed.signatures if line.name != name)
    return replace(parsed, signatures=kept).to_bytes()


def test_a_removed_cosignature_is_missing_evidence(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    size = checkpoint(ledger)[0].size
    for name in ("checkpoint", f"checkpoint.{size}"):
        path = ledger.folder() / name
        path.write_bytes(without_line(path.read_bytes(), "south.example/w"))
    found = step(ledger, "acme/p0 witnesses")
    assert (found.status, found.code) == ("not_checked", "LDG-V007")
    assert ledger.exit_code() == 6


def pending_of(ledger: SmallLedger, size: int, root: bytes, key: str = "p0") -> bytes:
    signer = load_signer(f"file:keys/log-{key}.key", base=ledger.home)
    return sign_checkpoint(Checkpoint("acme/p0", size, root), signer)


def test_a_pending_head_of_another_history_is_found(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    head = checkpoint(ledger)[0]
    pending = ledger.folder() / PENDING
    cases = {
        pending_of(ledger, head.size, head.root): 0,
        pending_of(ledger, head.size, b"x" * 32): 5,
        pending_of(ledger, head.size, head.root, "manifest"): 5,
        b"": 5,
    }
    for data, code in cases.items():
        pending.write_bytes(data)
        assert exit_code(verify_published_p0(ledger)) == code


def test_a_witness_that_signed_before_the_seal_contradicts_itself(
    ledger: SmallLedger, tmp_path: Path
) -> None:
    signer = Ed25519Signer.from_seed(b"w" * 32)
    vkey = cosignature_vkey("early.example/w", signer.public_key)
    early = WitnessConfig("http://127.0.0.1:1", str(vkey), "early")
    use_witnesses(ledger, [early], mode="observe")
    grow(ledger)
    note = parse_note((ledger.folder() / "checkpoint").read_bytes())
    for seconds, code in ((-30, 6), (-3_600, 5)):
        time_s = int(time.time()) + seconds
        line = cosign(note.text, name=vkey.name, signer=signer, time_s=time_s)
        cosigned = replace(note, signatures=(*note.signatures, line)).to_bytes()
        for name in ("checkpoint", f"checkpoint.{checkpoint(ledger)[0].size}"):
            (ledger.folder() / name).write_bytes(cosigned)
        # The control log's checkpoint is not cosigned: that alone is a 6.
        assert exit_code(verify_published_p0(ledger)) == code


def test_vault_and_archive_read_what_still_waits_for_its_witnesses(
    ledger: SmallLedger, three: Three
) -> None:
    """A hold that is sealed must not be overlooked for want of a witness."""
    from ledger.commands.archiving import _readers
    from ledger.vault.follow import Follower

    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    three.stop(0)
    grow(ledger)
    assert checkpoint(ledger)[0].size < checkpoint(ledger, PENDING)[0].size
    follower = Follower(ledger.config, ledger.log)
    follower.origins()
    read = follower.read("acme/p0", 0)
    assert read is not None
    size = checkpoint(ledger, PENDING)[0].size
    assert read.next_leaf == size
    (reader,) = _readers(ledger.config, ledger.log, ["acme/p0"])
    assert reader.checkpoint.size == size


def test_an_event_is_verified_under_the_policy(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(outside=1), quorum="all")
    grow(ledger)

    def verifier() -> LedgerVerifier:
        return LedgerVerifier(
            log=ledger.log,
            public=ledger.public,
            ledger_id=ledger.config.ledger_id,
            terms=terms_of(ledger.config),
        )

    verifier().event(origin="acme/p0", leaf=1, index=0)
    found = verifier().steps_for_event(origin="acme/p0", leaf=1, index=0)
    said = next(s.detail for s in found if s.name == "inclusion")
    assert "3 of 3 witnesses signed size 2, 1 outside the operator" in said
    three.stop(0)
    grow(ledger)
    with pytest.raises(QuorumError):
        verifier().event(origin="acme/p0", leaf=2, index=0)
    verifier().event(origin="acme/p0", leaf=1, index=0)
    found = verifier().steps_for_event(origin="acme/p0", leaf=2, index=0)
    assert exit_code(found) == 6


def test_a_producer_takes_no_receipt_before_the_quorum(
    ledger: SmallLedger, three: Three
) -> None:
    use_witnesses(ledger, three.configs(), quorum="all", mode="observe")
    grow(ledger)
    three.stop(0)
    grow(ledger)
    control = ControlReader(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )
    control.refresh()
    public = ledger.public
    with pytest.raises(QuorumError):
        published_reader(public, control, "acme/p0", enforce=True)
    found = published_reader(public, control, "acme/p0", enforce=False)
    assert found.checkpoint == checkpoint(ledger)[0]


def act_of(ledger: SmallLedger) -> Act:
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    root = load_signer("file:keys/root.key", base=ledger.home)
    return Act(ledger.config, ledger.log, control, [root])


def test_a_new_log_key_signs_beside_the_old_one_and_the_witness(
    ledger: SmallLedger, tmp_path: Path
) -> None:
    logs = log_vkeys(ledger)
    with running_witness(tmp_path / "w", logs) as witness:
        use_witnesses(ledger, [witness.config()])
        grow(ledger)
        fresh, _ = announce_log_key(act_of(ledger), "acme/p0")
    with running_witness(tmp_path / "w", [*logs, fresh]) as witness:
        configure_witnesses(ledger, [witness.config()])
        ledger.seal()
        assert signers(ledger) == ["acme/p0", "acme/p0", "north.example/w"]
        assert ledger.exit_code() == 0
        retire_log_key(act_of(ledger), "acme/p0", ledger.public)
        ledger.seal()
        assert signers(ledger) == ["acme/p0", "north.example/w"]
        _, note = checkpoint(ledger)
        assert note.signatures[0].key_id == fresh.key_id
        assert ledger.exit_code() == 0


@pytest.mark.postgres
def test_projections_follow_the_sealed_head(
    ledger: SmallLedger, three: Three, tables_dsn: str
) -> None:
    from projections.rebuild import positions
    from tests.support.database import projected

    use_witnesses(ledger, three.configs(), quorum="all")
    grow(ledger)
    for number in range(3):
        three.stop(number)
    with projected(ledger, tables_dsn) as world:
        world.project()
        grow(ledger, 10)
        waiting = checkpoint(ledger, PENDING)[0].size
        assert waiting > checkpoint(ledger)[0].size
        world.project()
        with world.connection() as connection:
            assert positions(connection, schema="integrity")["acme/p0"] == waiting
