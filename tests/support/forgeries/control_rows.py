"""Statements in the control log that their writer may not make: refused by name."""

from __future__ import annotations

from collections.abc import Callable

from ledger.administration import append_as_operator, append_endorsed
from ledger.events.base import Event, event_class
from ledger.events.ledger import (
    KeyAuthorized,
    KeyRotated,
    SchemaRegistered,
    WitnessPolicySet,
)
from ledger.keys import Ed25519Signer, key_fingerprint, load_signer
from ledger.log import CONTROL
from ledger.verdict import Verdict
from tests.support.forgeries.rows import Row
from tests.support.forgeries.verdict_rows import Sealed, row
from tests.support.ledger import SmallLedger

LOW_ORDER = bytes([1]) + bytes(31)


def in_control(*facts: Event) -> Callable[[SmallLedger], Sealed]:
    """The operator's key says in the control log what it may not say."""

    def forge(ledger: SmallLedger) -> Sealed:
        end = ledger.log.bounds(CONTROL)[1]
        append_as_operator(ledger.config, ledger.log, list(facts))
        return Sealed(ledger, end + 1, CONTROL)

    return forge


def endorsed_by_operator(ledger: SmallLedger) -> Sealed:
    """A witness policy without witnesses, endorsed by no root."""
    end = ledger.log.bounds(CONTROL)[1]
    operator = load_signer("file:keys/operator.key", base=ledger.home)
    statement = WitnessPolicySet.record(policy="quorum none\n")
    append_endorsed(ledger.config, ledger.log, statement, [operator])
    return Sealed(ledger, end + 1, CONTROL)


def taken_over(ledger: SmallLedger) -> Sealed:
    """A new key says that it follows another one, which says nothing."""
    end = ledger.log.bounds(CONTROL)[1]
    signer = Ed25519Signer.generate()
    statement = KeyRotated.record(
        old_key_fp=key_fingerprint(ledger.producer.public_key),
        public_key=signer.public_key,
    )
    append_endorsed(ledger.config, ledger.log, statement, [signer])
    return Sealed(ledger, end + 1, CONTROL)


def low_order_key() -> Event:
    return KeyAuthorized.record(
        public_key=LOW_ORDER,
        identity="service:low",
        kind="service",
        event_types=["mlledger.*"],
        attests=False,
    )


def swapped_schema() -> Event:
    """Other bytes under a type and version that are registered."""
    from ledger.avro import schema_bytes

    known = schema_bytes(event_class("prediction.decision.recorded"))
    return SchemaRegistered.record(schema=known.replace(b'"output"', b'"advice"'))


def refused(by: str, title: str, forge: object) -> Row:
    return row(by, title, forge, Verdict.NOT_AUTHORISED, "acme/control leaf 5")


ROWS = [
    refused(
        "S",
        "a policy without witnesses that no root endorsed",
        endorsed_by_operator,
    ),
    refused("SO", "a key that follows another without its word", taken_over),
    refused("S", "a key of low order authorised", in_control(low_order_key())),
    refused("S", "a schema swapped in the control log", in_control(swapped_schema())),
]
