"""The first entries: a ledger that knows its keys and explains its own types."""

from __future__ import annotations

from hashlib import sha256

from ledger.avro import schema_bytes, schema_id
from ledger.control import identity_of
from ledger.entry import MAX_EVENTS, MAX_VALUE, parse_entry
from ledger.events.base import event_classes
from ledger.events.ledger import GapDeclared, SchemaRegistered
from ledger.genesis import (
    genesis_entry,
    operator_entries,
    operator_stream,
    schemas_to_register,
)
from ledger.keys import key_fingerprint
from ledger.note import log_vkey
from tests.support.ledgers import (
    NAME,
    TIME_US,
    Judge,
    Stream,
    ambient,
    control_judge,
    decision,
    first_values,
    signer,
)


def test_the_first_values_are_accepted_and_end_in_a_closed_stream() -> None:
    judging = control_judge()
    control = judging.control
    assert control.ledger_id == sha256(first_values()[0][8:180]).digest()
    header = parse_entry(first_values()[-1]).header
    head = judging.streams.head(header.key_fp, header.stream_id)
    assert head is not None
    assert head.state == "closed"


def test_every_shipped_schema_is_known_afterwards() -> None:
    control = control_judge().control
    for cls in event_classes():
        assert control.schema(schema_id(cls)) == schema_bytes(cls)
        name = (cls.type_name, cls.type_version)
        assert control.schema_name(schema_id(cls)) == name
        built_in = cls.type_name.startswith("ledger.")
        assert (control.registered_at(schema_id(cls)) is None) == built_in


def test_nothing_is_left_to_register_after_genesis_and_only_that_after_an_upgrade() -> (
    None
):
    known = {schema_id(cls) for cls in event_classes()}
    assert schemas_to_register(known) == []
    added = schema_id(event_classes()[0])
    facts = schemas_to_register(known - {added})
    assert [fact.type_name for fact in facts] == ["ledger.schema.registered"]


def test_the_first_producers_may_write_as_what_they_are() -> None:
    people = [
        ("service:a", signer("a").public_key),
        ("person:p", signer("p").public_key),
    ]
    control = control_judge(people).control
    found = [identity_of(control, key_fingerprint(key)) for _, key in people]
    assert found == [("service:a", "service"), ("person:p", "person")]
    stream, judging = Stream(signer("a")), Judge(control)
    assert judging(stream.open()).verdict == 0
    assert judging(stream.data(decision())).verdict == 0


def test_the_same_clock_and_randomness_make_the_same_bytes() -> None:
    assert first_values() == first_values()


def test_real_clock_and_randomness_make_another_ledger_each_time() -> None:
    roles = ("control", "manifest", "p0")
    origins = [f"{NAME}/{role}" for role in roles]
    vkeys = [str(log_vkey(o, signer(f"log {o}").public_key)) for o in origins]
    values = [
        genesis_entry(
            name=NAME,
            origins=origins,
            root_signer=signer("root"),
            log_vkeys=vkeys,
            operator_public_key=signer("operator").public_key,
            software="mlledger",
            version="0",
        )
        for _ in range(2)
    ]
    assert parse_entry(values[0]).header_hash != parse_entry(values[1]).header_hash
    rest = operator_entries(
        name=NAME,
        operator_signer=signer("operator"),
        producers=[("service:a", signer("a").public_key)],
        software="mlledger",
        version="0",
    )
    from ledger.control import Control

    judging = Judge(Control(), origin=f"{NAME}/control")
    assert [judging(value).verdict for value in (values[0], *rest)] == [0] * (
        1 + len(rest)
    )


def test_many_facts_are_spread_over_entries_that_fit() -> None:
    large = [
        SchemaRegistered.record(id=bytes(16), time=TIME_US, schema=bytes([n]) * 400_000)
        for n in range(5)
    ]
    small = [
        GapDeclared.record(id=bytes(16), time=TIME_US, cause="c")
        for _ in range(MAX_EVENTS + 1)
    ]
    for facts, entries in ((large, 3), (small, 2), ([], 0)):
        values = operator_stream(
            name=NAME,
            operator_signer=signer("operator"),
            facts=facts,
            software="mlledger",
            version="0",
            ambient=ambient("many"),
        )
        parsed = [parse_entry(value) for value in values]
        assert len(parsed) == entries + 2
        assert max(map(len, values)) <= MAX_VALUE
        assert sum(len(entry.events) for entry in parsed) == len(facts) + 2
        chain = [entry.header_hash for entry in parsed[:-1]]
        assert [entry.header.prev for entry in parsed[1:]] == chain
