"""What the owner of the machine can do to an embedded log, triggers or not."""

from __future__ import annotations

import sqlite3

from tests.support.ledger import SmallLedger


def sql(ledger: SmallLedger, *statements: str) -> None:
    """Change the embedded log by hand; the ledger's log is opened again."""
    ledger.log.close()
    db = sqlite3.connect(ledger.config.log_path)
    triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()
    ledger.reopen()
    for stream in ledger.streams.values():
        stream.log = ledger.log


def lose_log(ledger: SmallLedger) -> None:
    """Delete the file of the embedded log, and with it the sealer's state."""
    ledger.log.close()
    for path in ledger.home.glob(f"{ledger.config.log_path.name}*"):
        path.unlink()
