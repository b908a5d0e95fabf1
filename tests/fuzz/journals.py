"""A journal that its disk has damaged, as the next process takes it over."""

from __future__ import annotations

import shutil
from functools import cache
from hashlib import sha256
from pathlib import Path

from ledger.codec import encode
from ledger.config import Config, parse_config
from ledger.entry import header_hash
from ledger.errors import JournalError
from ledger.journal.adoption import adopt, journal_path
from ledger.journal.frames import frames_of, title
from ledger.journal.rows import Packed, Stream
from ledger.journal.salvage import damage_of
from ledger.journal.store import Journal
from tests.fuzz.files import scratch
from tests.fuzz.parser import Parser, same, values
from tests.support.ledger import decision

JOURNAL = bytes(range(16))
NOW_MS = 1_790_000_000_000


def _config() -> Config:
    return parse_config({"ledger": {"name": "test.example"}}, home=scratch() / "home")


@cache
def _sound() -> tuple[bytes, bytes]:
    """Return the bytes of a journal's database and of its spool."""
    config = _config()
    config.journal.mkdir(parents=True, exist_ok=True)
    path = journal_path(config.journal, JOURNAL)
    journal = Journal(path, journal_id=JOURNAL, identity="service:a", created_ms=1)
    value = _entry()
    stream = Stream(
        number=1,
        stream_id=value[48:64],
        identity="service:a",
        key_fp=value[104:136],
        origin="test.example/p0",
        log_id=value[16:48],
        partition=0,
        state="open",
        next_seq=1,
        head=header_hash(value[8:180]),
    )
    packed = Packed(0, value, stream.head, sha256(value).digest(), 0)
    journal.record(stream, [packed], now_ms=1, envelopes=[b"envelope" * 30])
    journal.requeue([encode(decision()) for _ in range(3)])
    journal.close()
    data = path.read_bytes()
    shutil.rmtree(config.home)
    return data, title(JOURNAL, "service:a") + frames_of([(bytes(32), b"body")])


def _entry() -> bytes:
    return next(v for v in values("entry", "value", bytes.fromhex) if len(v) > 400)


def _damaged(sound: bytes, patches: bytes) -> bytes:
    """Apply patches of four bytes: a place (u24) and what stands there instead."""
    data = bytearray(sound)
    for at in range(0, len(patches) - 3, 4):
        data[int.from_bytes(patches[at : at + 3], "big") % len(data)] = patches[at + 3]
    return bytes(data)


def _journal(data: bytes) -> None:
    """Take over a journal whose database is patched, and perhaps cut off."""
    database, spool = _sound()
    config = _config()
    shutil.rmtree(config.home, ignore_errors=True)
    config.journal.mkdir(parents=True)
    damaged = _damaged(database, data[1:])
    if data and data[0] & 1:
        damaged = damaged[: -64 * (data[0] | 1)]
    path = journal_path(config.journal, JOURNAL)
    path.write_bytes(damaged)
    Path(config.journal / f"{JOURNAL.hex()}.0.spool").write_bytes(spool)
    is_damaged = damage_of(path) is not None
    adopted = adopt(config, JOURNAL, NOW_MS)
    if is_damaged:
        kept = config.journal / "quarantine" / path.name
        same(kept.read_bytes(), damaged)
    if adopted is not None:
        same(damage_of(path), None)
        list(adopted.journal.streams())
        adopted.journal.close()
        adopted.spool.close()
        adopted.release(finished=True)


PARSERS = (
    Parser(
        "journal",
        "a producer's journal whose database is damaged, taken over and mended",
        _journal,
        lambda: [b"\0", b"\0" + bytes(8), b"\1", b"\0\0\x10\x64\xff\0\0\x1c\7"],
        errors=(JournalError,),
        most=256,
    ),
)
