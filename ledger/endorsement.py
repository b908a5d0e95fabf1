"""Endorsements: several keys' signatures over one statement.

A statement is the Avro body of a ``ledger.*`` event, named by its schema. Each signs
what stands below, and a ``ledger.statement.endorsed`` carries the signatures into the
control log, whoever writes it there::

    PAE("application/vnd.mlledger.statement.v1", schema id 32 ‖ statement)

What a statement needs, and what it does, is said in :mod:`ledger.statements`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.header import pae
from ledger.keys import key_fingerprint, verify_signature

if TYPE_CHECKING:
    from ledger.events.base import Event
    from ledger.events.ledger import StatementEndorsed
    from ledger.keys import Signer

STATEMENT_TYPE = "application/vnd.mlledger.statement.v1"


def endorse(event: Event, signers: Sequence[Signer]) -> StatementEndorsed:
    """Return a statement with the endorsement of each signer.

    Args:
        event: what is stated, such as a ``ledger.root.set``.
        signers: the keys that endorse it.
    """
    from ledger.codec import encode
    from ledger.events.ledger import StatementEndorsed

    schema_id, statement = encode(event)
    blank = StatementEndorsed.record(
        statement_schema=schema_id, statement=statement, endorsements=[]
    )
    return add_endorsements(blank, signers)


def add_endorsements(
    endorsed: StatementEndorsed, signers: Sequence[Signer]
) -> StatementEndorsed:
    """Return an endorsed statement with further endorsements; id and time stay."""
    from ledger.events.ledger import Endorsement

    message = statement_message(
        schema_id=endorsed.statement_schema, statement=endorsed.statement
    )
    added = [
        Endorsement(key_fp=key_fingerprint(each.public_key), sig=each.sign(message))
        for each in signers
    ]
    together = [*endorsed.endorsements, *added]
    return endorsed.model_copy(update={"endorsements": together})


def verify_endorsements(
    endorsed: Mapping[str, Any], keys: Collection[bytes]
) -> frozenset[bytes]:
    """Return which of some keys endorsed a statement; each counts once.

    Endorsements by other keys are ignored.

    Args:
        endorsed: the fields of a ``ledger.statement.endorsed``.
        keys: raw 32-byte public keys that are asked for.

    Raises:
        SignatureError: an endorsement by one of these keys does not verify.
    """
    known = {key_fingerprint(key): key for key in keys}
    message = statement_message(
        schema_id=endorsed["statement_schema"], statement=endorsed["statement"]
    )
    found: set[bytes] = set()
    for each in endorsed["endorsements"]:
        if key := known.get(each["key_fp"]):
            verify_signature(public_key=key, signature=each["sig"], message=message)
            found.add(key)
    return frozenset(found)


def statement_message(*, schema_id: bytes, statement: bytes) -> bytes:
    """Return what a key signs to endorse a statement.

    Args:
        schema_id: SHA-256 of the exact schema bytes, 32 bytes.
        statement: the Avro body.

    Source: DSSE protocol v1.0.2, "Signature definition".
    """
    return pae(STATEMENT_TYPE, schema_id + statement)


def statement_hash(endorsed: Mapping[str, Any]) -> bytes:
    """Return the 32 bytes by which a statement is known, whoever endorsed it."""
    return sha256(endorsed["statement_schema"] + endorsed["statement"]).digest()
