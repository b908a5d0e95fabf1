"""What no port of the log offers: delete records for good, put lost ones back.

Both follow a decision that stands elsewhere, a sealed ``ledger.log.trimmed`` or a
restoration, and are called from :mod:`ledger.recovery` alone.

The triggers of the embedded log forbid DELETE. They guard against slips, not against
whoever owns the file, who can drop them; so that is what is done here, in the open: one
transaction drops the trigger, deletes, and makes the trigger again, so that no other
process ever meets the table without it. Deleted bytes are overwritten with zeros
(``secure_delete``) and leave the write-ahead log. On Kafka this is ``DeleteRecords``.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ledger.errors import ConfigurationError, ConflictError, LogUnavailableError
from ledger.log.sqlite_file import connect, create_tables, translated

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ledger.archive import ArchivedRecord
    from ledger.config import Config

_KEEPS = "record_keeps_all"


def delete_below(config: Config, partition: int, before: int) -> None:
    """Delete the records of a partition below an offset, for good.

    Args:
        config: names the log.
        partition: −2 and up.
        before: first offset that is kept; a record must stand there.

    Raises:
        LogUnavailableError: the log is away or did not do it; repeat the call.
    """
    if config.log.kind == "sqlite":
        _delete_rows(config.log_path, partition, before)
        return
    from ledger.log.kafka_upkeep import delete_records

    delete_records(config, partition, before)


def put_back(config: Config, partition: int, records: Iterable[ArchivedRecord]) -> int:
    """Give an empty partition of the embedded log its records again; returns how many.

    Offsets, times and bytes are those of the archive. The file is made where absent.

    Raises:
        ConfigurationError: the log is on Kafka, which gives offsets of its own.
        ConflictError: the partition holds records.
    """
    if config.log.kind != "sqlite":
        raise ConfigurationError(
            "records can be put back at their own offsets in the embedded log alone",
            hint="restore the topic by Kafka's own means, or break it off",
        )
    path = config.log_path
    create_tables(path)
    with translated(path), closing(connect(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        held = "SELECT EXISTS (SELECT 1 FROM record WHERE partition = ?)"
        if db.execute(held, (partition,)).fetchone()[0]:
            raise ConflictError(
                f"{path}: partition {partition} holds records",
                hint="only an empty partition is restored in place",
            )
        before = db.total_changes
        db.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?)",
            ((partition, r.offset, r.timestamp_ms, r.value) for r in records),
        )
        db.execute("COMMIT")
        return db.total_changes - before


def _delete_rows(path: Path, partition: int, before: int) -> None:
    with translated(path), closing(connect(path)) as db:
        db.execute("PRAGMA secure_delete=ON")
        db.execute("BEGIN IMMEDIATE")
        trigger = db.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?",
            (_KEEPS,),
        ).fetchone()
        if trigger is not None:
            db.execute(f"DROP TRIGGER {_KEEPS}")
        db.execute(
            "DELETE FROM record WHERE partition = ? AND offset < ?",
            (partition, before),
        )
        if trigger is not None:
            db.execute(trigger[0])
        db.execute("COMMIT")
        busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise LogUnavailableError(
            f"{path}: deleted, but another process still reads the older state",
            hint="repeat the call when it is done: then no deleted byte is left",
        )
