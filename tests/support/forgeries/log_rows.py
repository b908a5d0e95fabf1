"""Homes in which a broker's administrator or an operator changed what was sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ledger.administration import authorise
from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.keys import Ed25519Signer, load_signer
from ledger.leaf import SealLeaf
from ledger.log import CONTROL, MANIFEST
from ledger.seal.service import log_key_uri
from ledger.verdict import Verdict
from ledger.verification import ControlReader
from tests.support.dating import newest_size, say_in_manifest_log
from tests.support.forgeries.home_base import (
    AUDIT,
    LOG,
    SEALER,
    bare,
    changed_file,
    flip,
    leaf_with,
    leaves_of,
    plain,
    publish_anew,
    resealed,
)
from tests.support.forgeries.rows import Check, Row
from tests.support.ledger import SmallLedger
from tests.support.owner import sql
from tests.support.tsa import Authority

AT_7 = "partition = 0 AND offset = 7"
GAP = {"env": b"", "record_hash": bytes(32), "broker_timestamp_ms": 0}


def by_hand(*statements: str) -> Callable[[SmallLedger], None]:
    """Change the log as who owns its disk can."""
    return lambda ledger: sql(ledger, *statements)


SWAP = (
    "UPDATE record SET offset = 1000 WHERE partition = 0 AND offset = 7",
    "UPDATE record SET offset = 7 WHERE partition = 0 AND offset = 8",
    "UPDATE record SET offset = 8 WHERE partition = 0 AND offset = 1000",
)


def slipped_in(ledger: SmallLedger) -> None:
    """A record in a place where none was when its neighbours were sealed."""
    ledger.emit_decisions(3, per_entry=1)
    end = ledger.log.bounds(0)[1]
    sql(ledger, f"DELETE FROM record WHERE partition = 0 AND offset = {end - 2}")
    ledger.seal()
    sql(ledger, f"INSERT INTO record VALUES (0, {end - 2}, 5, x'00')")


def borrowed(ledger: SmallLedger) -> None:
    """The record that is no entry is accepted under the header of another one."""
    other = leaves_of(ledger)[5]
    resealed(leaf_with(21, verdict=Verdict.ACCEPTED, env=other.env))(ledger)


def dropped(number: int, leaf: SealLeaf) -> SealLeaf | None:
    return None if number == 7 else leaf


def too_large(ledger: SmallLedger) -> None:
    resealed(leaf_with(7, verdict=Verdict.TOO_LARGE))(ledger)


def hidden_in_gap(ledger: SmallLedger) -> None:
    leaves = leaves_of(ledger)
    wide = replace(leaves[7], verdict=Verdict.GAP, aux=8, **GAP)
    publish_anew(ledger, [*leaves[:7], wide, *leaves[9:]])


def stale_registry(ledger: SmallLedger) -> None:
    """A leaf looks at the control log as it was before a key's fate changed."""
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
    leaves = leaves_of(ledger)
    unseen = control.sealed_at_ms[leaves[-1].registry_size]
    resealed(leaf_with(len(leaves) - 1, sealed_at_ms=unseen + 60_000))(ledger)


def sealed_early(by_ms: int) -> Callable[[SmallLedger], None]:
    """The first leaf is sealed before the control log that it rests on."""

    def forge(ledger: SmallLedger) -> None:
        first = leaves_of(ledger)[0]
        pinned = leaves_of(ledger, CONTROL)[first.registry_size - 1]
        resealed(leaf_with(0, sealed_at_ms=pinned.sealed_at_ms - by_ms))(ledger)

    return forge


def other_root(name: str, partition: int = 0) -> Callable[[SmallLedger], None]:
    """A checkpoint of another tree of the same size, signed by the true key."""

    def forge(ledger: SmallLedger) -> None:
        path = ledger.folder(partition) / name
        old = parse_checkpoint(path.read_bytes())[0]
        signer = load_signer(log_key_uri(ledger.config, partition), base=ledger.home)
        forged = Checkpoint(old.origin, old.size, b"x" * 32)
        path.write_bytes(sign_checkpoint(forged, signer))

    return forge


def stranger_beside(ledger: SmallLedger) -> None:
    path = ledger.folder() / "checkpoint.22"
    checkpoint, note = parse_checkpoint(path.read_bytes())
    other = Checkpoint("example.org/x", checkpoint.size, checkpoint.root)
    made = sign_checkpoint(other, Ed25519Signer.generate())
    line = parse_checkpoint(made)[1].signatures[0]
    path.write_bytes(replace(note, signatures=(*note.signatures, line)).to_bytes())


def set_back(ledger: SmallLedger) -> None:
    old = (ledger.folder() / "checkpoint.22").read_bytes()
    (ledger.folder() / "checkpoint").write_bytes(old)


def false_manifest(ledger: SmallLedger) -> None:
    """The operator's key says in the manifest log that p0 had another root."""
    from ledger.events.ledger import ManifestPublished, SeenCheckpoint

    text = (ledger.folder() / "checkpoint").read_bytes()
    size = parse_checkpoint(text)[0].size
    named = SeenCheckpoint(origin="acme/p0", size=size, root=b"x" * 32)
    say_in_manifest_log(ledger, [ManifestPublished.record(checkpoints=[named])])


def token_for_another_text(ledger: SmallLedger) -> None:
    path = ledger.folder(MANIFEST) / f"checkpoint.{newest_size(ledger)}.tsr"
    path.write_bytes(ledger.authority.stamp(b"another text"))  # type: ignore[attr-defined]


def stranger_token(ledger: SmallLedger) -> None:
    folder = ledger.folder(MANIFEST)
    text = (folder / "checkpoint").read_text().split("\n\n")[0] + "\n"
    path = folder / f"checkpoint.{newest_size(ledger)}.tsr"
    path.write_bytes(Authority("stranger").stamp(text.encode()))


def tail_cut(ledger: SmallLedger) -> None:
    """Cut the last three records off, of log and tree, and sign what is left."""
    leaves = leaves_of(ledger)[:-3]
    sql(ledger, f"DELETE FROM record WHERE partition = 0 AND offset >= {len(leaves)}")
    publish_anew(ledger, leaves)


def state_rolled_back(ledger: SmallLedger) -> None:
    """The sealer's state comes out of a backup; the published folder does not."""
    sql(ledger, "UPDATE log_head SET size = 22 WHERE origin = 'acme/p0'")


def of_control(ledger: SmallLedger) -> None:
    record = next(ledger.log.read(CONTROL, 2, max_records=1))
    value = flip(300)(record.value or b"").hex()
    where = f"partition = {CONTROL} AND offset = 2"
    sql(ledger, f"UPDATE record SET value = x'{value}' WHERE {where}")


def row(
    by: str, title: str, forge: object, place: str, code: str = "5", check: Check = LOG
) -> Row:
    return Row(by, title, plain, forge, check, code, place)  # type: ignore[arg-type]


def lie(title: str, change: object, place: str, by: str = "S") -> Row:
    return row(by, title, resealed(change), place, check=AUDIT)  # type: ignore[arg-type]


OFFSET_7, LEAF_7, LAST = "log acme/p0 offset 7", "acme/p0 leaf 7", "acme/p0 leaf 30"
CHECKPOINT, TILE = "acme/p0/checkpoint", "acme/p0/tile/0/000.p/31"
TOKEN = "acme/manifest/checkpoint.3.tsr"
ROWS = [
    row(
        "BS",
        "one byte of a sealed record",
        by_hand(f"UPDATE record SET value = x'00' WHERE {AT_7}"),
        OFFSET_7,
    ),
    row(
        "B",
        "the arrival time of a record",
        by_hand(f"UPDATE record SET timestamp_ms = 1 WHERE {AT_7}"),
        OFFSET_7,
    ),
    row(
        "B",
        "a record turned into text that is no UTF-8",
        by_hand(f"UPDATE record SET value = CAST(value AS TEXT) WHERE {AT_7}"),
        "log.sqlite partition 0 offset 7",
    ),
    row(
        "B",
        "the arrival time of a record turned into a word",
        by_hand(f"UPDATE record SET timestamp_ms = 'noon' WHERE {AT_7}"),
        OFFSET_7,
    ),
    row("B", "two records change places", by_hand(*SWAP), OFFSET_7),
    row(
        "B",
        "a record deleted after sealing",
        by_hand(f"DELETE FROM record WHERE {AT_7}"),
        OFFSET_7,
        "6",
    ),
    row(
        "B",
        "the end of the log deleted",
        by_hand("DELETE FROM record WHERE partition = 0 AND offset >= 25"),
        "log acme/p0 offset 25",
        "6",
    ),
    row(
        "B",
        "the beginning of the log deleted, unannounced",
        by_hand("DELETE FROM record WHERE partition = 0 AND offset < 4"),
        "log acme/p0 offset 0",
    ),
    row("B", "a record slipped into a gap", slipped_in, "log acme/p0 offset 33"),
    row(
        "B",
        "the end of the log deleted, sealer goes on",
        by_hand("DELETE FROM record WHERE partition = 0 AND offset >= 25"),
        "log acme/p0 offset 25",
        check=SEALER,
    ),
    row(
        "B",
        "the log made anew under its old name",
        by_hand("UPDATE log_identity SET identity = zeroblob(16)"),
        "log acme/control",
        check=SEALER,
    ),
    row(
        "S",
        "the sealer's state out of a backup",
        state_rolled_back,
        CHECKPOINT,
        check=SEALER,
    ),
    row(
        "S",
        "another tree of the same size, signed",
        other_root("checkpoint"),
        CHECKPOINT,
        check=SEALER,
    ),
    row("BS", "a byte of the control log", of_control, "log acme/control offset 2"),
    lie("an honest entry refused", leaf_with(7, verdict=Verdict.BAD_SIGNATURE), LEAF_7),
    row(
        "S",
        "a record that is no entry accepted",
        borrowed,
        "log acme/p0 offset 21",
        check=AUDIT,
    ),
    row("S", "a sound record called too large", too_large, LEAF_7, check=AUDIT),
    lie("a leaf dropped, the tree rebuilt", dropped, LEAF_7),
    lie(
        "a record denied as a gap",
        leaf_with(7, verdict=Verdict.GAP, aux=7, **GAP),
        OFFSET_7,
    ),
    row("S", "a record hidden in a wider gap", hidden_in_gap, OFFSET_7, check=AUDIT),
    lie("a leaf moved to another offset", leaf_with(7, offset=9), LEAF_7),
    lie("a record hash of other bytes", leaf_with(7, record_hash=bytes(32)), OFFSET_7),
    lie("another header under a record", leaf_with(7, env=bytes(236)), OFFSET_7),
    lie("sealed before the leaf above it", leaf_with(7, sealed_at_ms=5), LEAF_7),
    lie("a control log of the future", leaf_with(30, registry_size=99), LAST),
    lie("a control log older than before", leaf_with(7, registry_size=1), LEAF_7),
    row("S", "a stale control log, a minute after", stale_registry, LAST, check=AUDIT),
    row(
        "S",
        "sealed over a minute before its keys",
        sealed_early(60_001),
        "acme/p0 leaf 0",
        check=AUDIT,
    ),
    row("S", "a tile altered", changed_file(TILE, flip(40)), TILE),
    row(
        "S",
        "an older checkpoint of another history",
        other_root("checkpoint.22"),
        f"{CHECKPOINT}.22",
    ),
    row("S", "a stranger's line on a checkpoint", stranger_beside, f"{CHECKPOINT}.22"),
    row("S", "the newest checkpoint set back", set_back, CHECKPOINT),
    row(
        "S",
        "the published policy changed",
        changed_file("policy", lambda data: data + b"quorum none\n"),
        "policy",
    ),
    row(
        "S",
        "a manifest that names another root",
        false_manifest,
        "acme/manifest leaf 4",
    ),
    row("S", "a published time stamp over another text", token_for_another_text, TOKEN),
    row("S", "a published time stamp by a stranger", stranger_token, TOKEN),
    row(
        "S",
        "the last entries cut off log and tree, under a manifest",
        tail_cut,
        "acme/manifest leaf 1",
    ),
]
UNFOUND = [
    Row(
        "S",
        "the last entries cut off log and tree; no witness, no manifest",
        bare,
        tail_cut,
        AUDIT,
        "0",
    ),
]
