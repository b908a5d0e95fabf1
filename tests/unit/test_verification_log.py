"""A forgery is found and its place named; what is absent is never called a forgery."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import seal
from ledger.administration import authorise
from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.keys import Ed25519Signer, key_fingerprint, load_signer
from ledger.leaf import SealLeaf, parse_leaf
from ledger.log import CONTROL
from ledger.note import log_vkey
from ledger.public import OriginReader
from ledger.seal.service import log_key_uri
from ledger.tiles import TileWriter
from ledger.tree import Frontier
from ledger.verdict import Verdict
from ledger.verification import (
    ControlReader,
    Step,
    exit_code,
    load_control,
    quarantine,
    verify_log,
)
from tests.support.ledger import SmallLedger, copy_ledger, make_ledger

ENTRIES = 300
"""Entries in p0 beside the opening one: one full tile and a partial one."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home, sealed in three batches, with one record in quarantine."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ledger.emit_decisions(100, per_entry=1)
    ledger.seal()
    ledger.emit_decisions(190, per_entry=1)
    ledger.log.append(0, b"nonsense")
    ledger.seal()
    ledger.emit_decisions(9, per_entry=1)
    ledger.seal()
    assert ledger.exit_code() == 0
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


def sql(ledger: SmallLedger, *statements: str) -> None:
    ledger.log.close()
    with sqlite3.connect(ledger.config.log_path) as db:
        db.execute("DROP TRIGGER IF EXISTS record_keeps_rows")
        db.execute("DROP TRIGGER IF EXISTS record_keeps_all")
        for statement in statements:
            db.execute(statement)
    db.close()
    ledger.reopen()


def flip_in_record(ledger: SmallLedger, partition: int, offset: int, at: int) -> None:
    record = next(ledger.log.read(partition, offset, max_records=1))
    value = bytearray(record.value or b"")
    value[at] ^= 1
    sql(
        ledger,
        f"UPDATE record SET value = x'{value.hex()}'"
        f" WHERE partition = {partition} AND offset = {offset}",
    )


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def findings(ledger: SmallLedger) -> list[Step]:
    return [step for step in ledger.verify() if step.status != "verified"]


def only_place(ledger: SmallLedger, code: int) -> str:
    """The place of the first finding, after checking what it all comes to."""
    steps = ledger.verify()
    assert exit_code(steps) == code
    places = [step.place for step in steps if step.status != "verified"]
    assert places[0]
    return places[0]


def test_an_untouched_ledger_is_valid_and_says_what_was_checked(ledger):
    steps = ledger.verify()
    assert exit_code(steps) == 0
    assert {step.status for step in steps} == {"verified"}
    details = "\n".join(f"{step.name}: {step.detail}" for step in steps)
    assert "acme/p0 tiles: 5 tiles" in details
    assert "acme/p0 older checkpoints: 3 kept" in details
    assert "acme/p0 leaves: 301 leaves cover offsets 0 to 300" in details
    assert "300 events accepted, 1 records in quarantine" in details
    assert ledger.config.ledger_id.hex() in details


def test_records_that_wait_to_be_sealed_are_no_finding(ledger):
    ledger.emit_decisions(2)
    steps = ledger.verify()
    assert exit_code(steps) == 0
    assert "2 records wait" in "".join(step.detail for step in steps)


@pytest.mark.parametrize("at", [0, 9, 60, 100, 150, 200, 245, 250, 300, -1])
def test_a_flipped_byte_in_a_record_is_found_at_its_offset(ledger, at):
    flip_in_record(ledger, 0, 42, at)
    steps = findings(ledger)
    assert exit_code(steps) == 5
    assert [step.place for step in steps] == ["log acme/p0 offset 42"]
    assert steps[0].expected != steps[0].actual


@pytest.mark.parametrize("at", [9, 100, 200, 300])
@pytest.mark.parametrize("offset", [0, 1, 2])
def test_a_flipped_byte_in_the_control_log_is_found(ledger, offset, at):
    flip_in_record(ledger, CONTROL, offset, at)
    place = (
        "log control offset 0" if offset == 0 else f"log acme/control offset {offset}"
    )
    accepted = {place, f"log acme/control offset {offset}"}
    assert only_place(ledger, 5) in accepted


def test_a_changed_time_of_a_record_is_found(ledger):
    sql(ledger, "UPDATE record SET timestamp_ms = 7 WHERE partition = 0 AND offset = 3")
    assert only_place(ledger, 5) == "log acme/p0 offset 3"


def test_lost_records_are_missing_and_their_ranges_named(ledger):
    sql(
        ledger,
        "DELETE FROM record WHERE partition = 0 AND offset BETWEEN 5 AND 9",
        "DELETE FROM record WHERE partition = 0 AND offset = 20",
    )
    steps = findings(ledger)
    assert exit_code(steps) == 6
    assert [step.place for step in steps] == [
        "log acme/p0 offset 5",
        "log acme/p0 offset 20",
    ]
    assert "offsets 5 to 9" in steps[0].detail


def test_a_log_shorter_than_what_is_sealed_is_missing_evidence(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset >= 290")
    steps = findings(ledger)
    assert exit_code(steps) == 6
    assert "offsets 290 to 300 are sealed but not in the log" in steps[0].detail


def test_a_record_put_into_a_gap_is_found(tmp_path):
    ledger = make_ledger(tmp_path)
    ledger.emit_decisions(4, per_entry=1)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset = 2")
    ledger.seal()
    assert ledger.exit_code() == 0
    sql(ledger, "INSERT INTO record VALUES (0, 2, 5, x'00')")
    assert only_place(ledger, 5) == "log acme/p0 offset 2"
    ledger.close()


FILES = [
    "policy",
    "acme/control/checkpoint",
    "acme/control/tile/0/000.p/4",
    "acme/control/tile/entries/000.p/4",
    "acme/p0/checkpoint",
    "acme/p0/checkpoint.301",
    "acme/p0/checkpoint.101",
    "acme/p0/tile/0/000",
    "acme/p0/tile/0/001.p/36",
    "acme/p0/tile/0/001.p/45",
    "acme/p0/tile/1/000.p/1",
    "acme/p0/tile/entries/000",
    "acme/p0/tile/entries/001.p/36",
    "acme/p0/tile/entries/001.p/45",
]
STALE = {"acme/p0/tile/0/001.p/36", "acme/p0/tile/entries/001.p/36"}
OLD = {"acme/p0/checkpoint.101"}


def test_the_list_of_files_is_the_whole_folder(ledger):
    public = ledger.config.public
    there = {
        str(path.relative_to(public)) for path in public.rglob("*") if path.is_file()
    }
    assert set(FILES) <= there
    kinds = {name.rsplit("/", 1)[0] for name in there}
    assert kinds == {name.rsplit("/", 1)[0] for name in FILES} | {"acme/p0"}


@pytest.mark.parametrize("at", [0, 31, -2, -1])
@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_in_any_published_file_is_found(ledger, name, at):
    flip(ledger.config.public / name, at)
    steps = findings(ledger)
    assert exit_code(steps) == 5
    named = [step.place for step in steps if step.place == name]
    # What the control log's own files contradict stops everything else.
    assert named or steps[0].place.startswith("acme/control/")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("tail", [b"\n", b"\0"])
def test_a_byte_more_in_any_published_file_is_found(ledger, name, tail):
    path = ledger.config.public / name
    path.write_bytes(path.read_bytes() + tail)
    assert ledger.exit_code() == 5


@pytest.mark.parametrize("name", FILES)
def test_an_emptied_file_is_a_contradiction_not_an_absence(ledger, name):
    (ledger.config.public / name).write_bytes(b"")
    assert ledger.exit_code() == 5


@pytest.mark.parametrize("name", [n for n in FILES if n not in STALE | OLD])
def test_a_deleted_file_is_missing_and_named(ledger, name):
    (ledger.config.public / name).unlink()
    assert name in only_place(ledger, 6)


@pytest.mark.parametrize("name", ["README", "tile/0/000.p/256", "checkpoint.007"])
def test_a_file_that_is_nothing_of_ours_is_found(ledger, name):
    path = ledger.folder() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"stray")
    assert only_place(ledger, 5) == f"acme/p0/{name}"


def test_a_stray_partial_tile_with_other_hashes_is_found(ledger):
    path = ledger.folder() / "tile/0/000.p/2"
    path.parent.mkdir()
    path.write_bytes(bytes(64))
    assert only_place(ledger, 5) == "acme/p0/tile/0/000.p/2"


def test_a_true_partial_tile_beside_its_full_tile_is_fine(ledger):
    path = ledger.folder() / "tile/0/000.p/2"
    path.parent.mkdir()
    path.write_bytes((ledger.folder() / "tile/0/000").read_bytes()[:64])
    assert ledger.exit_code() == 0


def test_another_ledger_id_is_another_ledger(ledger):
    steps = verify_log(log=ledger.log, public=ledger.public, ledger_id=b"x" * 32)
    assert exit_code(steps) == 5
    assert steps[0].expected == f"ledger id {(b'x' * 32).hex()}"
    assert [step.status for step in steps[1:]] == ["not_checked"]


def test_a_checkpoint_older_than_a_kept_one_is_found(ledger):
    old = (ledger.folder() / "checkpoint.101").read_bytes()
    (ledger.folder() / "checkpoint").write_bytes(old)
    assert ledger.exit_code() == 5
    assert any("history went back" in step.detail for step in findings(ledger))


def test_a_signature_line_of_a_stranger_is_found_in_our_own_folder(ledger):
    path = ledger.folder() / "checkpoint.101"
    checkpoint, note = parse_checkpoint(path.read_bytes())
    stranger = Ed25519Signer.generate()
    other = sign_checkpoint(
        Checkpoint("example.org/x", checkpoint.size, checkpoint.root), stranger
    )
    line = parse_checkpoint(other)[1].signatures[0]
    path.write_bytes(replace(note, signatures=(*note.signatures, line)).to_bytes())
    assert only_place(ledger, 5) == "acme/p0/checkpoint.101"


def test_a_kept_checkpoint_of_another_history_is_found_though_signed(ledger):
    signer = load_signer(log_key_uri(ledger.config, 0), base=ledger.home)
    forged = sign_checkpoint(Checkpoint("acme/p0", 101, b"x" * 32), signer)
    (ledger.folder() / "checkpoint.101").write_bytes(forged)
    assert only_place(ledger, 5) == "acme/p0/checkpoint.101"


def test_a_checkpoint_under_the_name_of_another_size_is_found(ledger):
    data = (ledger.folder() / "checkpoint.101").read_bytes()
    (ledger.folder() / "checkpoint.100").write_bytes(data)
    assert only_place(ledger, 5) == "acme/p0/checkpoint.100"


def test_a_removed_origin_is_missing(ledger):
    import shutil

    shutil.rmtree(ledger.folder())
    assert only_place(ledger, 6) == "acme/p0/checkpoint"


def test_an_origin_nobody_knows_is_a_contradiction(ledger):
    steps = verify_log(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        origins=["acme/p7"],
    )
    assert exit_code(steps) == 5


def test_origins_can_be_chosen(ledger):
    flip(ledger.folder() / "checkpoint.101")
    steps = verify_log(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        origins=[],
    )
    assert exit_code(steps) == 0


def test_progress_is_shown(ledger):
    done: list[int] = []
    verify_log(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        progress=done.append,
    )
    assert sum(done) == 256


def reseal(
    ledger: SmallLedger, change: Callable[[int, SealLeaf], SealLeaf | None]
) -> None:
    """Do what an operator with the log key can: sign another tree over p0."""
    signer = load_signer(log_key_uri(ledger.config, 0), base=ledger.home)
    reader = OriginReader(ledger.public, log_vkey("acme/p0", signer.public_key))
    size = reader.checkpoint.size
    changed = [
        change(index, parse_leaf(data))
        for index, data in enumerate(reader.leaves(0, size))
    ]
    kept = [leaf.to_bytes() for leaf in changed if leaf is not None]
    tree = TileWriter(lambda _path: b"", Frontier()).extend(kept)
    for path in list(ledger.folder().rglob("*")):
        if path.is_file():
            path.unlink()
    for name, data in tree.files.items():
        path = ledger.folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    note = sign_checkpoint(Checkpoint("acme/p0", tree.size, tree.root), signer)
    for name in ("checkpoint", f"checkpoint.{tree.size}"):
        (ledger.folder() / name).write_bytes(note)


def at_leaf(number: int, **fields: object) -> Callable[[int, SealLeaf], SealLeaf]:
    return lambda index, leaf: replace(leaf, **fields) if index == number else leaf


def test_a_tree_signed_again_without_changes_is_valid(ledger):
    reseal(ledger, lambda _index, leaf: leaf)
    assert ledger.exit_code() == 0


OPERATOR_LIES = {
    "refuses an honest entry": at_leaf(7, verdict=Verdict.BAD_SIGNATURE),
    "accepts what was refused": at_leaf(291, verdict=Verdict.TOO_LARGE),
    "drops a leaf": lambda index, leaf: None if index == 7 else leaf,
    "denies a record": at_leaf(
        7,
        verdict=Verdict.GAP,
        aux=7,
        env=b"",
        record_hash=bytes(32),
        broker_timestamp_ms=0,
    ),
    "hides a record in a wider gap": lambda index, leaf: (
        None
        if index == 8
        else at_leaf(
            7,
            verdict=Verdict.GAP,
            aux=8,
            env=b"",
            record_hash=bytes(32),
            broker_timestamp_ms=0,
        )(index, leaf)
    ),
    "moves a leaf to another offset": at_leaf(7, offset=9),
    "pins a registry of the future": at_leaf(300, registry_size=99),
    "pins an older registry than before": at_leaf(7, registry_size=1),
    "turns the clock back": at_leaf(7, sealed_at_ms=5),
    "swaps header and signature": at_leaf(7, env=bytes(236)),
    "names another record": at_leaf(7, record_hash=bytes(32)),
}


PLACES_OF_LIES = {
    *(f"acme/p0 leaf {leaf}" for leaf in (7, 291, 300)),
    *(f"log acme/p0 offset {offset}" for offset in (7, 9)),
}


@pytest.mark.parametrize("lie", OPERATOR_LIES.values(), ids=list(OPERATOR_LIES))
def test_an_operator_who_signs_a_lie_is_found_where_it_stands(ledger, lie):
    reseal(ledger, lie)
    steps = findings(ledger)
    assert exit_code(steps) == 5
    assert steps[0].place in PLACES_OF_LIES


def test_a_stale_registry_is_found_by_the_freshness_rule(ledger):
    """A leaf may be a minute older than the control leaf it did not see, no more."""
    last = OriginReader(
        ledger.public,
        load_control(ledger.log, ledger.public, ledger.config.ledger_id).log_vkeys[
            "acme/p0"
        ],
    )
    pinned = parse_leaf(last.leaf(300))
    authorise(
        ledger.config,
        ledger.log,
        identity="service:new",
        kind="service",
        public_key=Ed25519Signer.generate().public_key,
    )
    ledger.seal()
    control = ControlReader(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )
    control.refresh()
    unseen = control.sealed_at_ms[pinned.registry_size]
    reseal(ledger, at_leaf(300, sealed_at_ms=unseen + 59_999))
    assert ledger.exit_code() == 0
    reseal(ledger, at_leaf(300, sealed_at_ms=unseen + 60_000))
    assert only_place(ledger, 5) == "acme/p0 leaf 300"


def test_many_findings_are_listed_up_to_a_limit(ledger):
    sql(ledger, "UPDATE record SET value = x'00' WHERE partition = 0")
    steps = findings(ledger)
    assert exit_code(steps) == 5
    assert len(steps) == 101
    assert steps[-1].detail == "and 201 more"


def test_a_ledger_is_verified_while_it_is_sealed(ledger):
    """Between any two steps of a batch a verifier finds nothing wrong."""
    ledger.emit_decisions(300, per_entry=1)
    codes: set[int] = set()

    def hook(_step: str) -> None:
        codes.add(exit_code(verify_p0(ledger)))

    with ledger.state() as state:
        sealers = seal.sealers_for(
            ledger.config, ledger.log, state, partitions=[0], hook=once(hook)
        )
        seal.drain(sealers)
    assert codes <= {0, 6}
    assert ledger.exit_code() == 0


def once(hook: Callable[[str], None]) -> Callable[[str], None]:
    """Call a hook at the first of each kind of step."""
    seen: set[str] = set()

    def first(step: str) -> None:
        if step not in seen:
            seen.add(step)
            hook(step)

    return first


def verify_p0(ledger: SmallLedger) -> list[Step]:
    return verify_log(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        origins=["acme/p0"],
    )


def test_quarantine_lists_what_was_refused_and_why(ledger):
    control = ControlReader(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )
    control.refresh()
    (record,) = quarantine(control, ledger.public)
    assert (record.origin, record.leaf, record.offset) == ("acme/p0", 291, 291)
    assert (record.verdict, record.key_fp, record.identity) == ("MALFORMED", None, None)
    assert not list(quarantine(control, ledger.public, origins=["acme/control"]))


def test_the_control_log_is_read_on_as_it_grows(ledger):
    reader = ControlReader(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )
    size = reader.refresh().size
    signer = Ed25519Signer.generate()
    authorise(
        ledger.config,
        ledger.log,
        identity="service:new",
        kind="service",
        public_key=signer.public_key,
    )
    assert reader.refresh().size == size
    ledger.seal()
    assert reader.refresh().size == size + 3
    known = reader.control.key(key_fingerprint(signer.public_key))
    assert known
    assert known.identity == "service:new"


def test_a_control_log_that_goes_back_is_found(ledger):
    reader = ControlReader(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )
    reader.refresh()
    signer = load_signer(log_key_uri(ledger.config, CONTROL), base=ledger.home)
    old = sign_checkpoint(Checkpoint("acme/control", 1, b"x" * 32), signer)
    (ledger.folder(CONTROL) / "checkpoint").write_bytes(old)
    with pytest.raises(IntegrityError, match="went back"):
        reader.refresh()


def test_load_control_refuses_another_control_key_than_genesis_names(ledger):
    own = log_vkey("acme/control", Ed25519Signer.generate().public_key)
    with pytest.raises(IntegrityError, match="another key"):
        load_control(ledger.log, ledger.public, ledger.config.ledger_id, vkey=own)


def test_a_log_without_genesis_is_missing_evidence(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = -1")
    with pytest.raises(MissingEvidenceError, match="genesis"):
        load_control(ledger.log, ledger.public, ledger.config.ledger_id)
