"""Honest ledgers that look odd: none of them is accused."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from unittest.mock import patch

from ledger import recovery, seal
from ledger.administration import (
    append_as_operator,
    append_endorsed,
    authorise,
    make_key_file,
    revoke,
)
from ledger.archive import ArchiveFolder
from ledger.config import load_config
from ledger.events.ledger import GapDeclared, KeyRotated
from ledger.keys import Ed25519Signer, key_fingerprint
from ledger.log import CONTROL, open_log
from ledger.public import OriginReader
from ledger.recovery import archive_origin
from ledger.verification import load_control
from tests.support.forgeries.home_base import (
    AUDIT,
    LOG,
    Witnessed,
    bare,
    beside,
    plain,
    quiet,
    resealed,
)
from tests.support.forgeries.rows import Row, untouched
from tests.support.ledger import SmallLedger, decision
from tests.support.owner import lose_log, sql


def waiting(ledger: SmallLedger) -> None:
    """Records that are not sealed yet."""
    ledger.emit_decisions(3)


def resent(ledger: SmallLedger) -> None:
    """A producer that got no answer sends the same bytes again."""
    value = next(ledger.log.read(0, 5, max_records=1)).value or b""
    ledger.log.append(0, value)
    ledger.seal()


def rubbish(ledger: SmallLedger) -> None:
    """Bytes that are no entry, of the kind anybody may send to a broker."""
    for value in (b"", b"MLLE", bytes(300)):
        ledger.log.append(0, value)
    ledger.seal()


def lost_before_sealing(ledger: SmallLedger) -> None:
    """Offsets without a record: sealed as a gap, and declared."""
    ledger.emit_decisions(3, per_entry=1)
    end = ledger.log.bounds(0)[1]
    sql(ledger, f"DELETE FROM record WHERE partition = 0 AND offset = {end - 2}")
    ledger.seal()
    declared = GapDeclared.record(
        stream_id=ledger.stream().stream_id,
        cause="a disk was lost",
        first=2,
        last=2,
        count=1,
        declared_by="person:ana",
    )
    append_as_operator(ledger.config, ledger.log, [declared])
    ledger.seal()


def revoked_later(ledger: SmallLedger) -> None:
    """A key is revoked; what it signed before stays valid."""
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    fingerprint = key_fingerprint(ledger.producer.public_key)
    revoke(ledger.config, ledger.log, control, key_fp=fingerprint)
    ledger.seal()


def rotated(ledger: SmallLedger) -> None:
    """A producer's new key, endorsed by both, beside the old one."""
    old = ledger.producer
    new = make_key_file(ledger.home / "keys" / "next.key")
    statement = KeyRotated.record(
        old_key_fp=key_fingerprint(old.public_key), public_key=new.public_key
    )
    append_endorsed(ledger.config, ledger.log, statement, [old, new])
    ledger.seal()
    stream = ledger.stream()
    stream.append([decision()])
    following = type(stream)(ledger.log, new, stream.origin)
    following.open()
    following.append([decision()])
    ledger.seal()


def rotated_log_key(ledger: SmallLedger) -> None:
    """A log key is announced, signs beside the old one, and the old one retires."""
    from typer.testing import CliRunner

    from tests.support.commands import application

    for words in (["key", "rotate-log", "p0"], ["key", "rotate-log", "p0", "--retire"]):
        done = CliRunner().invoke(application(), [*words, "--home", str(ledger.home)])
        assert done.exit_code == 0, done.output
        for _ in range(2):
            ledger.emit_decisions(2)
            ledger.seal()


def archived(ledger: SmallLedger) -> None:
    for partition in (CONTROL, 0):
        control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
        vkeys = control.active_vkeys(ledger.config.origin(partition))
        reader = OriginReader(ledger.public, vkeys)
        archive_origin(ledger.log, ArchiveFolder(ledger.config.archive), reader)
    ledger.reopen()


def trimmed(ledger: SmallLedger, *, with_archive: bool = True) -> None:
    """Records whose retention ended are deleted; that was sealed before."""
    if with_archive:
        archived(ledger)

    def now() -> None:
        with ledger.state() as state:
            sealers = seal.sealers_for(
                ledger.config, ledger.log, state, partitions=[CONTROL]
            )
            seal.drain(sealers)

    recovery.trim(
        ledger.config,
        ledger.log,
        origin="acme/p0",
        before=6,
        rule="ten years",
        archived=with_archive,
        seal=now,
    )


def trimmed_for_good(ledger: SmallLedger) -> None:
    trimmed(ledger, with_archive=False)


def restored(ledger: SmallLedger) -> None:
    """The disk of the log is lost; it goes on in a new epoch, as was declared."""
    archived(ledger)
    ledger.emit_decisions(2)
    ledger.seal()
    elsewhere = ledger.home.with_name(f"{ledger.home.name}-elsewhere")
    shutil.move(ledger.config.archive, elsewhere)
    lose_log(ledger)
    for origin in ("acme/control", "acme/p0"):
        restore_origin(ledger, origin, elsewhere)


def restore_origin(ledger: SmallLedger, origin: str, archive: object) -> None:
    ledger.log.close()
    state = seal.open_state(ledger.config) if ledger.config.log_path.is_file() else None
    try:
        recovery.restore(
            ledger.config,
            origin=origin,
            archive=archive,  # type: ignore[arg-type]
            state=state,
            why="disk lost",
        )
    finally:
        if state:
            state.close()
    ledger.config = load_config(ledger.home)
    ledger.streams.clear()
    ledger.reopen()


def signed_again(ledger: SmallLedger) -> None:
    """The same tree, its checkpoint signed anew: not a byte of it differs."""
    resealed(lambda _number, leaf: leaf)(ledger)


def old_partial(ledger: SmallLedger) -> None:
    """A partial tile of an earlier size lies beside the newer one."""
    newest = ledger.folder() / "tile/0/000.p/31"
    (ledger.folder() / "tile/0/000.p/2").write_bytes(newest.read_bytes()[:64])


def wrong_clock(ledger: SmallLedger) -> None:
    """A producer's clock is ten years behind; that decides nothing."""
    from ledger import clock
    from ledger.entry import KIND_DATA, pack_entry
    from tests.support.ledger import encoded

    stream = ledger.stream()
    fields = {
        "log_id": stream.pack([encoded(decision())])[16:48],
        "stream_id": stream.stream_id,
        "seq": stream.seq,
        "prev": stream.prev,
    }
    value = pack_entry(
        kind=KIND_DATA,
        signer=stream.signer,
        claimed_time_ms=clock.now_ms() - 10 * 365 * 86_400_000,
        events=[encoded(decision())],
        seed=clock.random_bytes(32),
        **fields,
    )
    ledger.log.append(0, value)
    ledger.seal()


def new_person(ledger: SmallLedger) -> None:
    """The control log grows while events wait to be sealed."""
    ledger.emit_decisions(2)
    authorise(
        ledger.config,
        ledger.log,
        identity="person:new",
        kind="person",
        public_key=Ed25519Signer.generate().public_key,
    )
    ledger.seal()


def moved_home(ledger: SmallLedger) -> None:
    """The home is copied to another machine."""
    ledger.log.close()
    target = ledger.home.with_name(f"{ledger.home.name}-elsewhere")
    shutil.copytree(ledger.home, target)
    ledger.config = load_config(target)
    ledger.log = open_log(ledger.config)


def renewed(it: Witnessed) -> SmallLedger:
    """Witnesses sign the same tree again, later."""
    ledger = it.ledger
    before = (ledger.folder() / "checkpoint").read_bytes()
    with patch("ledger.seal.sealer.TEND_SECONDS", 0.0), ledger.sealer() as sealer:
        sealer.seal_once()
        time.sleep(1.1)
        sealer.seal_once()
    assert (ledger.folder() / "checkpoint").read_bytes() != before
    return ledger


def grown(it: Witnessed) -> SmallLedger:
    it.ledger.emit_decisions(5)
    it.ledger.seal()
    return it.ledger


def row(
    title: str, change: Callable[..., object], code: str = "0", place: str = ""
) -> Row:
    return Row("", title, plain, change, AUDIT, code, place)  # type: ignore[arg-type]


HONEST = [
    Row("", "an untouched ledger", plain, untouched, LOG, "0"),
    row("an untouched ledger, audited", untouched),
    Row("", "a ledger without any witness", bare, untouched, AUDIT, "0"),
    row("records that wait to be sealed", waiting),
    row("an entry sent again after a lost answer", resent),
    row("rubbish in the log, in quarantine", rubbish),
    row("offsets that hold no record, sealed as a gap", lost_before_sealing),
    row("a key revoked later", revoked_later),
    row("a producer's key rotated", rotated),
    row("a log key rotated, the old one retired", rotated_log_key),
    row("records trimmed as was said, an archive at hand", trimmed),
    row(
        "records trimmed as was said, no archive",
        trimmed_for_good,
        "6",
        "log acme/p0 offset 0",
    ),
    Row(
        "",
        "a lost log continued in a new epoch, the lost named",
        bare,
        restored,
        AUDIT,
        "6",
        "log acme/p0 offset 13",
    ),
    row("the same tree signed once more", signed_again),
    row("a partial tile of an earlier size", old_partial),
    row("a producer's clock ten years behind", wrong_clock),
    row("a key authorised while events wait", new_person),
    row("a home copied to another machine", moved_home),
    Row("", "a witnessed ledger, its witnesses asleep", quiet, untouched, LOG, "0"),
    Row("", "one witness of three away", beside("north", "east"), grown, LOG, "0"),
    Row(
        "",
        "cosignatures renewed without growth",
        beside("north", "south", "east"),
        renewed,
        LOG,
        "0",
    ),
]
