"""``mlledger audit``: each attack is named with its place, resumed or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.audit import audit_ledger, looks_like
from ledger.audit import origins as auditing
from ledger.audit.documents import verify_documents, verify_sample
from ledger.blobs import Blobs
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.config import format_config
from ledger.doctor import examine
from ledger.keys import load_signer
from ledger.leaf import SealLeaf, parse_leaf
from ledger.public import OriginReader
from ledger.seal.service import log_key_uri
from ledger.tiles import TileWriter
from ledger.tree import Frontier
from ledger.verdict import Verdict
from ledger.verification import Step, exit_code, load_control
from tests.support.ledger import SmallLedger, copy_ledger, make_ledger
from tests.support.owner import sql

ENTRIES = 60


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home of two partitions, with one record in quarantine."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"), partitions=2)
    for partition in (0, 1):
        ledger.emit_decisions(ENTRIES, per_entry=1, partition=partition)
    ledger.log.append(0, b"nonsense")
    ledger.seal()
    ledger.emit_decisions(9, per_entry=1)
    ledger.seal()
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def findings(ledger: SmallLedger, **options: object) -> list[Step]:
    return [s for s in audit_ledger(ledger.config, **options) if s.status != "verified"]


def resealed(
    ledger: SmallLedger, change: Callable[[int, SealLeaf], SealLeaf | None]
) -> None:
    """Publish p0 anew with other leaves, signed by its own log key: what S could do."""
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    reader = OriginReader(ledger.public, control.log_vkeys["acme/p0"])
    old = [parse_leaf(data) for data in reader.leaves(0, reader.checkpoint.size)]
    changed = [change(index, leaf) for index, leaf in enumerate(old)]
    leaves = [leaf.to_bytes() for leaf in changed if leaf is not None]
    folder = ledger.folder()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    writer = TileWriter(lambda path: (folder / path).read_bytes(), Frontier())
    size, root, files = writer.extend(leaves)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    signer = load_signer(log_key_uri(ledger.config, 0), base=ledger.home)
    note = sign_checkpoint(Checkpoint(origin="acme/p0", size=size, root=root), signer)
    for name in ("checkpoint", f"checkpoint.{size}"):
        (folder / name).write_bytes(note)


def test_an_untouched_ledger_passes_and_says_what_was_looked_at(ledger):
    steps = audit_ledger(ledger.config)
    assert exit_code(steps) == 0
    names = {step.name for step in steps}
    for part in ("tiles", "older checkpoints", "log start", "leaves", "records"):
        assert f"acme/p0 {part}" in names
    assert {"acme/p1 verdicts", "acme/p1 streams", "control log", "policy"} <= names
    streams = next(step for step in steps if step.name == "acme/p0 streams")
    assert streams.detail.startswith("0 closed, 1 open, 0 of them silent")


def test_origins_in_processes_find_the_same_as_one_after_the_other(ledger):
    flip(ledger.folder(1) / "tile" / "0" / "000.p" / "61")
    done: list[int] = []
    together = audit_ledger(ledger.config, processes=2, progress=done.append)
    assert together == audit_ledger(ledger.config)
    assert exit_code(together) == 5


def test_the_id_of_another_ledger_is_refused(ledger):
    steps = audit_ledger(ledger.config, ledger_id=bytes(32))
    assert exit_code(steps) == 5
    assert looks_like(steps[0]) == (
        "the control log was altered, or is of another ledger"
    )


def change(**fields: object) -> Callable[[SmallLedger], None]:
    """An operator who signs other leaves: leaf 7 gets other fields."""

    def attack(ledger: SmallLedger) -> None:
        def changed(index: int, leaf: SealLeaf) -> SealLeaf:
            if index != 7:
                return leaf
            kept = {name: getattr(leaf, name) for name in SealLeaf.__slots__}
            return SealLeaf(**{**kept, **fields})

        resealed(ledger, changed)

    return attack


def drop_a_leaf(ledger: SmallLedger) -> None:
    resealed(ledger, lambda index, leaf: None if index == 7 else leaf)


def accept_nonsense(ledger: SmallLedger) -> None:
    """Leaf 61 is of a record that is no entry; a header is borrowed for it."""
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    reader = OriginReader(ledger.public, control.log_vkeys["acme/p0"])
    other = parse_leaf(reader.leaf(5))
    record = next(ledger.log.read(0, 61, max_records=1))
    assert record.value == b"nonsense"

    def changed(index: int, leaf: SealLeaf) -> SealLeaf:
        if index != 61:
            return leaf
        kept = {name: getattr(leaf, name) for name in SealLeaf.__slots__}
        return SealLeaf(**{**kept, "verdict": Verdict.ACCEPTED, "env": other.env})

    resealed(ledger, changed)


ATTACKS: dict[str, tuple[Callable[[SmallLedger], None], str, str, int]] = {
    "alter a record": (
        lambda it: sql(
            it, "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 7"
        ),
        "log acme/p0 offset 7",
        "a record was altered after sealing",
        5,
    ),
    "delete a record": (
        lambda it: sql(it, "DELETE FROM record WHERE partition = 0 AND offset = 7"),
        "log acme/p0 offset 7",
        "records were deleted after sealing",
        6,
    ),
    "delete the beginning": (
        lambda it: sql(it, "DELETE FROM record WHERE partition = 0 AND offset < 7"),
        "log acme/p0 offset 0",
        "the beginning of the log was deleted unannounced",
        5,
    ),
    "delete the end": (
        lambda it: sql(it, "DELETE FROM record WHERE partition = 0 AND offset > 60"),
        "log acme/p0 offset 61",
        "records were deleted after sealing",
        6,
    ),
    "change an arrival time": (
        lambda it: sql(
            it, "UPDATE record SET timestamp_ms = 1 WHERE partition = 0 AND offset = 7"
        ),
        "log acme/p0 offset 7",
        "the time at which a record arrived was changed",
        5,
    ),
    "refuse an honest record": (
        change(verdict=Verdict.BAD_SIGNATURE),
        "acme/p0 leaf 7",
        "a verdict is not the one the rules give: an honest record was refused",
        5,
    ),
    "accept a forged record": (
        accept_nonsense,
        "log acme/p0 offset 61",
        "a record was altered after sealing",
        5,
    ),
    "leave a record out": (
        drop_a_leaf,
        "acme/p0 leaf 7",
        "a record was left out, or sealed twice",
        5,
    ),
    "set the time of sealing back": (
        change(sealed_at_ms=1),
        "acme/p0 leaf 7",
        "the time of sealing was set back",
        5,
    ),
    "pin another control log": (
        change(registry_size=99),
        "acme/p0 leaf 7",
        "verdicts were given by another control log",
        5,
    ),
    "alter a tile": (
        lambda it: flip(it.folder() / "tile" / "0" / "000.p" / "71"),
        "acme/p0/tile/0/000.p/71",
        "a published tile was altered after it was published",
        5,
    ),
    "alter an older checkpoint": (
        lambda it: flip(it.folder() / "checkpoint.62", 20),
        "acme/p0/checkpoint.62",
        "a published checkpoint was exchanged or is of another one",
        5,
    ),
    "set the checkpoint back": (
        lambda it: (it.folder() / "checkpoint").write_bytes(
            (it.folder() / "checkpoint.62").read_bytes()
        ),
        "acme/p0/checkpoint",
        "a published checkpoint was exchanged or is of another one",
        5,
    ),
    "change the policy": (
        lambda it: (it.config.public / "policy").write_text("log none\n"),
        "policy",
        "the published policy was changed",
        5,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_is_named_with_its_place(ledger, name):
    attack, place, words, code = ATTACKS[name]
    attack(ledger)
    wrong = findings(ledger)
    assert exit_code(wrong) == code
    assert (place, words) in {(step.place, looks_like(step)) for step in wrong}


def test_the_command_prints_the_attack_and_its_place(ledger, run_cli):
    ATTACKS["alter a record"][0](ledger)
    code, printed, _ = run_cli("audit", "--json", "--home", ledger.home)
    answer = json.loads(printed)
    assert (code, answer["exit"], answer["ok"]) == (5, 5, False)
    (error,) = answer["errors"]
    assert error["place"] == "log acme/p0 offset 7"
    assert error["looks_like"] == "a record was altered after sealing"
    code, printed, _ = run_cli("audit", "--home", ledger.home)
    assert "looks as if a record was altered after sealing" in printed
    assert "verification failed: the evidence contradicts itself" in printed


@pytest.fixture
def run_cli(
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process; returns exit code, stdout, stderr."""
    from tests.support.commands import application

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            application()([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


class StoppedError(Exception):
    """The audit's process was stopped here."""


def stop_after(leaves: int) -> Callable[[int], None]:
    left = [leaves]

    def told(done: int) -> None:
        left[0] -= done
        if left[0] <= 0:
            raise StoppedError

    return told


@pytest.fixture(scope="module")
def long_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 leaves, a fork and a resend among the first."""
    ledger = make_ledger(tmp_path_factory.mktemp("long"))
    ledger.emit_decisions(20, per_entry=1)
    resent = next(ledger.log.read(0, 5, max_records=1)).value
    ledger.log.append(0, resent or b"")
    other = ledger.stream(new=True)
    other.seq, other.prev = 0, bytes(32)
    other.open()
    ledger.streams.clear()
    ledger.emit_decisions(276, per_entry=1)
    ledger.seal()
    ledger.close()
    return ledger.home


@pytest.fixture
def long_ledger(
    long_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallLedger]:
    """The same, with an audit that saves its progress often."""
    monkeypatch.setattr(auditing, "SAVED_EVERY", 50)
    ledger = copy_ledger(long_template, tmp_path / "home")
    yield ledger
    ledger.close()


def stopped(ledger: SmallLedger, leaves: int = 256) -> None:
    with pytest.raises(StoppedError):
        audit_ledger(ledger.config, origins=["acme/p0"], progress=stop_after(leaves))
    assert list((ledger.home / "audit").glob("*.json"))


def without_progress(steps: list[Step]) -> list[Step]:
    return [step for step in steps if not step.name.endswith(" progress")]


@pytest.mark.parametrize("attacked", [False, True])
def test_a_resumed_audit_finds_what_a_whole_one_finds(long_ledger, attacked):
    if attacked:
        sql(
            long_ledger,
            "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 50",
            "DELETE FROM record WHERE partition = 0 AND offset BETWEEN 190 AND 210",
            "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 290",
        )
    whole = audit_ledger(long_ledger.config, origins=["acme/p0"])
    stopped(long_ledger)
    resumed = audit_ledger(long_ledger.config, origins=["acme/p0"], resume=True)
    assert without_progress(resumed) == whole
    (said,) = [step for step in resumed if step.name == "acme/p0 progress"]
    assert said.detail.startswith(
        "records and verdicts of leaves 0 to 249 were checked"
    )
    assert said.status == "not_checked"
    assert exit_code(resumed) == (5 if attacked else 6)
    assert not list((long_ledger.home / "audit").glob("*.json")), "done is done"


def test_a_forged_progress_file_does_not_pass_for_an_audit(long_ledger):
    """Who can write into the home alters a record and says that it was checked."""
    stopped(long_ledger)
    sql(
        long_ledger,
        "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 50",
    )
    resumed = audit_ledger(long_ledger.config, origins=["acme/p0"], resume=True)
    assert exit_code(resumed) == 6
    whole = audit_ledger(long_ledger.config, origins=["acme/p0"])
    assert exit_code(whole) == 5


def test_progress_counts_only_when_it_is_asked_for(long_ledger):
    stopped(long_ledger)
    steps = audit_ledger(long_ledger.config, origins=["acme/p0"])
    assert "acme/p0 progress" not in {step.name for step in steps}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("root", "00" * 32),
        ("control_root", "00" * 32),
        ("ledger_id", "00" * 32),
        ("origin", "acme/p1"),
        ("size", 251),
        ("size", 10**9),
        ("control_size", 10**9),
        ("size", "many"),
    ],
)
def test_progress_of_another_history_counts_for_nothing(long_ledger, field, value):
    stopped(long_ledger)
    (path,) = (long_ledger.home / "audit").glob("*.json")
    data = json.loads(path.read_text())
    data["binding"][field] = value
    path.write_text(json.dumps(data))
    steps = audit_ledger(long_ledger.config, origins=["acme/p0"], resume=True)
    assert "acme/p0 progress" not in {step.name for step in steps}
    assert exit_code(steps) == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "mlledger-audit/1"}'])
def test_a_progress_file_that_is_none_counts_for_nothing(long_ledger, text):
    stopped(long_ledger)
    (path,) = (long_ledger.home / "audit").glob("*.json")
    path.write_text(text)
    steps = audit_ledger(long_ledger.config, origins=["acme/p0"], resume=True)
    assert exit_code(steps) == 0
    assert "acme/p0 progress" not in {step.name for step in steps}


def test_a_document_that_was_altered_is_named_with_its_digest(ledger):
    blobs = Blobs(ledger.config.blobs)
    digest = blobs.put(b"a" * 3_000_000)
    blobs.put(b"another")
    (step,) = verify_documents(ledger.config.blobs)
    assert (step.status, step.detail[:11]) == ("verified", "2 documents")
    flip(blobs.path(digest), at=2_000_000)
    (step,) = findings(ledger)
    assert exit_code([step]) == 5
    assert step.expected == digest
    assert step.place == f"blobs/{digest[7:9]}/{digest[9:]}"
    assert looks_like(step) == "a document was altered after it was recorded"
    small = blobs.path(blobs.put(b"small"))
    small.write_bytes(b"smelt")
    found = [step.place for step in verify_sample(ledger.config.blobs, seed=b"1")]
    assert found == [f"blobs/{small.parent.name}/{small.name}"]


def test_the_doctor_says_that_sealed_records_are_not_in_the_log(ledger):
    (ledger.home / "mlledger.toml").write_text(format_config(ledger.config))
    ends = {"log acme/p0": "records 0 to 70", "log acme/control": "records 0 to"}
    found = {one.part: one for one in examine(ledger.home)}
    for part, text in ends.items():
        assert found[part].detail.startswith(text)
    assert found["seal acme/p0"].state == found["documents"].state == "ok"
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset >= 60")
    lost = {one.part: one for one in examine(ledger.home)}["seal acme/p0"]
    assert (lost.state, lost.exit) == ("failed", 6)
    assert lost.detail == "records 60 to 70 are sealed, but not in the log"
