"""What a producer's receipts say: what was not sealed as signed is sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from ledger import clock
from ledger.entry import header_hash
from ledger.errors import EvidenceError
from ledger.journal.rows import Waiting
from ledger.log import open_log
from ledger.shipping.receipts import ReceiptReader
from ledger.verdict import Verdict
from tests.support.forgeries.home_base import (
    flip,
    leaf_with,
    leaves_of,
    plain,
    resealed,
)
from tests.support.forgeries.rows import Check, Found, Row
from tests.support.ledger import SmallLedger, decision, encoded
from tests.support.owner import sql

GAP = {"env": b"", "record_hash": bytes(32), "broker_timestamp_ms": 0}


@dataclass(frozen=True)
class Sent:
    """An entry that a producer keeps until it holds its receipt."""

    ledger: SmallLedger
    row: Waiting


def send(ledger: SmallLedger) -> Sent:
    """Append one entry, and remember what a journal would."""
    stream = ledger.stream()
    value = stream.pack([encoded(decision())])
    offset = ledger.log.append(0, value).offset
    stream.seq += 1
    stream.prev = header_hash(value[8:180])
    row = Waiting(
        stream=1,
        seq=stream.seq - 1,
        origin=stream.origin,
        offset=offset,
        header_hash=header_hash(value[8:180]),
        record_hash=sha256(value).digest(),
        at_ms=clock.now_ms(),
    )
    return Sent(ledger, row)


def _received(sent: Sent) -> Found:
    """Return what the producer learns: sealed, or what it does instead."""
    reader = ReceiptReader(sent.ledger.config, open_log)
    try:
        (receipt,) = reader.receipts([sent.row])
    except EvidenceError as error:
        return Found(str(error.exit_code), (error.place,))
    finally:
        reader.close()
    place = f"{sent.row.origin} offset {sent.row.offset}"
    if receipt.is_sealed:
        return Found("0")
    if not receipt.is_ours:
        return Found("send again", (place,))
    return Found(f"verdict {int(receipt.verdict)}", (place,))


RECEIPT = Check("producer's receipt", _received)


def altered(ledger: SmallLedger) -> Sent:
    sent = send(ledger)
    offset = sent.row.offset
    value = next(ledger.log.read(0, offset, max_records=1)).value or b""
    forged = flip(255)(value).hex()
    where = f"partition = 0 AND offset = {offset}"
    sql(ledger, f"UPDATE record SET value = x'{forged}' WHERE {where}")
    ledger.seal()
    return sent


def cut_off(ledger: SmallLedger) -> Sent:
    """The end of the log is lost before it is sealed; another entry takes the place."""
    sent = send(ledger)
    where = f"partition = 0 AND offset >= {sent.row.offset}"
    sql(ledger, f"DELETE FROM record WHERE {where}")
    other = ledger.stream(1)
    value = other.pack([encoded(decision())])
    ledger.log.append(0, value)
    ledger.seal()
    return sent


def sealed(ledger: SmallLedger) -> Sent:
    sent = send(ledger)
    ledger.seal()
    return sent


def lied(**fields: object) -> Callable[[SmallLedger], Sent]:
    """The sealer says another thing of the newest record than the rules do."""

    def forge(ledger: SmallLedger) -> Sent:
        sent = sealed(ledger)
        last = len(leaves_of(ledger)) - 1
        lie = dict(fields)
        if lie.get("verdict") == Verdict.GAP:
            lie |= {"aux": sent.row.offset}
        resealed(leaf_with(last, **lie))(ledger)
        return sent

    return forge


def false_duplicate(ledger: SmallLedger) -> Sent:
    """A resent entry is said to be the same as one that it is not."""
    sent = sealed(ledger)
    last = len(leaves_of(ledger)) - 1
    resealed(leaf_with(last, verdict=Verdict.DUPLICATE, aux=3))(ledger)
    return sent


def row(by: str, title: str, forge: object, code: str, place: str) -> Row:
    return Row(by, title, plain, forge, RECEIPT, code, place)  # type: ignore[arg-type]


OFFSET = "acme/p0 offset 32"
ROWS = [
    row("B", "a record altered before it is sealed", altered, "send again", OFFSET),
    row(
        "B",
        "the end of the log lost before it is sealed",
        cut_off,
        "send again",
        OFFSET,
    ),
    row(
        "S",
        "a record skipped when sealing",
        lied(verdict=Verdict.GAP, **GAP),
        "send again",
        OFFSET,
    ),
    row(
        "S",
        "an honest entry refused",
        lied(verdict=Verdict.BAD_SIGNATURE),
        "verdict 17",
        OFFSET,
    ),
    row("S", "a duplicate of what it is not", false_duplicate, "5", "acme/p0 leaf 3"),
]
HONEST = [
    Row("", "an entry that was sealed has its receipt", plain, sealed, RECEIPT, "0")
]
