"""The control log: who may change the ledger, how, and from which position on."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from ledger.authority import covers, is_pattern, may_write, role_of
from ledger.avro import schema_bytes
from ledger.codec import encode_fields
from ledger.control import Control, KeyState, LogTrimmedState, identity_of
from ledger.entry import KIND_DATA, KIND_OPEN, EncodedEvent, parse_entry
from ledger.errors import MalformedError, NotAuthorisedError, NotFoundError
from ledger.events.base import event_class
from ledger.judgement import Verdict
from ledger.keys import key_fingerprint
from ledger.note import log_vkey
from tests.support.ledgers import (
    NAME,
    TIME_US,
    Judge,
    Stream,
    closed,
    control_judge,
    decision,
    encoded,
    first_values,
    opened,
    signer,
)

CONTROL = f"{NAME}/control"
LOW_ORDER = b"\x01" + bytes(31)
NOT_ON_CURVE = b"\x02" + bytes(31)
NOT_CANONICAL = (2**255 - 19 + 3).to_bytes(32, "little")


def authorized(label: str = "new", **changes: Any) -> EncodedEvent:
    fields = {
        "public_key": signer(label).public_key,
        "identity": label,
        "kind": "service",
        "event_types": ["mlledger.*"],
        "attests": False,
    }
    return encoded("ledger.key.authorized", fields | changes)


def revoked(label: str = "a", since: int | None = None) -> EncodedEvent:
    key_fp = key_fingerprint(signer(label).public_key)
    fields = {"key_fp": key_fp, "compromised_since": since, "reason": "test"}
    return encoded("ledger.key.revoked", fields)


def registered(schema: bytes) -> EncodedEvent:
    return encoded("ledger.schema.registered", {"schema": schema})


def log_opened(origin: str, label: str = "log new", name: str = "") -> EncodedEvent:
    vkey = str(log_vkey(name or origin, signer(label).public_key))
    return encoded("ledger.log.opened", {"origin": origin, "vkey": vkey})


def log_closed(origin: str, root: bytes = bytes(32)) -> EncodedEvent:
    return encoded("ledger.log.closed", {"origin": origin, "size": 9, "root": root})


def witness(name: str) -> str:
    """Return a well-formed verifier key of a witness, which no log may have."""
    key = b"\x04" + signer("witness").public_key
    key_id = sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    return f"{name}+{key_id}+{b64encode(key).decode()}"


class Operator:
    """A running control log and an operator who writes into it."""

    def __init__(self, label: str = "operator") -> None:
        self.judge = control_judge()
        self.stream = Stream(signer(label), origin=CONTROL)
        self.opening = self.judge(self.stream.open()).verdict

    @property
    def control(self) -> Control:
        return self.judge.control

    def write(self, *events: EncodedEvent) -> Verdict:
        kept = replace(self.stream)
        found = self.judge(self.stream.data(*events)).verdict
        if found != Verdict.ACCEPTED:
            self.stream = kept
        return found


def key_of(control: Control, label: str) -> KeyState:
    key = control.key(key_fingerprint(signer(label).public_key))
    assert key is not None
    return key


# --- who may write into which log


@pytest.mark.parametrize("label", ["a", "stranger"])
def test_only_operators_and_roots_open_streams_in_the_control_log(label: str) -> None:
    expected = {"a": Verdict.NOT_AUTHORISED, "stranger": Verdict.UNKNOWN_KEY}
    assert Operator(label).opening == expected[label]


@pytest.mark.parametrize(
    "event",
    [
        authorized(),
        revoked(),
        encoded("ledger.witness_policy.set", {"policy": ""}),
        encoded("ledger.log_key.announced", {"origin": f"{NAME}/p0", "vkey": ""}),
    ],
    ids=["authorize", "revoke", "witnesses", "log-key"],
)
def test_a_root_key_alone_changes_nothing(event: EncodedEvent) -> None:
    assert Operator("root").opening == Verdict.ACCEPTED
    assert Operator("root").write(event) == Verdict.NOT_AUTHORISED


@pytest.mark.parametrize(
    "name",
    [
        "ledger.witness_policy.set",
        "ledger.log_key.announced",
        "ledger.root.set",
        "ledger.statement.endorsed",
    ],
)
def test_what_needs_a_threshold_is_refused_from_the_operator(name: str) -> None:
    fields: dict[str, dict[str, Any]] = {
        "ledger.witness_policy.set": {"policy": "quorum none\n"},
        "ledger.log_key.announced": {"origin": f"{NAME}/p0", "vkey": "x"},
        "ledger.root.set": root_fields(),
        "ledger.statement.endorsed": {
            "statement_schema": bytes(32),
            "statement": b"",
            "endorsements": [],
        },
    }
    assert Operator().write(encoded(name, fields[name])) == Verdict.NOT_AUTHORISED


def test_the_control_log_holds_nothing_but_the_ledger_family() -> None:
    assert Operator().write(decision()) == Verdict.NOT_AUTHORISED


OPERATORS_OWN = [
    encoded("ledger.gap.declared", {"cause": "disk full", "count": 3}),
    encoded(
        "ledger.setting.changed", {"setting": "seal.witnesses", "after": "observe"}
    ),
    encoded(
        "ledger.log.trimmed",
        {"origin": f"{NAME}/p0", "before_offset": 0, "rule": "10 years"},
    ),
]


@pytest.mark.parametrize("event", OPERATORS_OWN, ids=["gap", "setting", "trimmed"])
def test_some_facts_need_the_operator_and_nobody_else(event: EncodedEvent) -> None:
    assert Operator().write(event) == Verdict.ACCEPTED
    assert Operator("root").write(event) == Verdict.NOT_AUTHORISED


def test_patterns_match_whole_segments_or_end_in_an_asterisk() -> None:
    name = "prediction.decision.recorded"
    for pattern in ("*", "prediction.*", "prediction.decision.*", name):
        assert is_pattern(f"mlledger.{pattern}")
        assert covers(f"mlledger.{pattern}", name)
    for pattern in ("prediction", "pre.*", "prediction.decision", f"{name}s", "data.*"):
        assert not covers(f"mlledger.{pattern}", name)
    for pattern in (
        "*",
        "prediction.*",
        "mlledger",
        "mlledger.",
        "mlledger.prediction",
        "mlledger.pre*",
        "mlledger.*.decision.*",
        "mlledger.prediction.decision.recorded.*",
        "mlledger.prediction.decision.recorded\n",
        "mlledger.Prediction.*",
    ):
        assert not is_pattern(pattern)


@pytest.mark.parametrize(
    "name",
    [
        "registry.approval.decided",
        "registry.approval.requested",
        "oversight.review.decided",
        "governance.statement.recorded",
    ],
)
def test_statements_of_persons_need_a_person_or_one_who_attests(name: str) -> None:
    service = KeyState(
        public_key=b"k" * 32,
        key_fp=b"f" * 32,
        identity="x",
        kind="service",
        event_types=("mlledger.*",),
        attests=False,
        authorised_at=1,
    )
    assert not may_write(service, name, "events")
    assert may_write(replace(service, kind="person"), name, "events")
    assert may_write(replace(service, attests=True), name, "events")
    assert may_write(service, "registry.release.created", "events")


def test_role_of_an_origin() -> None:
    roles = {"control": "control", "manifest": "manifest", "p0": "events"}
    for tail, role in roles.items():
        assert role_of(f"{NAME}/{tail}") == role_of(f"{NAME}/{tail}/e1") == role


# --- keys


def test_an_authorised_key_counts_from_the_next_control_leaf_on() -> None:
    operator = Operator()
    assert operator.write(authorized()) == Verdict.ACCEPTED
    leaf, key_fp = operator.control.size - 1, key_fingerprint(signer("new").public_key)
    assert operator.control.key_at(key_fp, leaf) is None
    assert operator.control.key_at(key_fp, leaf + 1) == key_of(operator.control, "new")
    assert key_of(operator.control, "new").authorised_at == leaf
    assert identity_of(operator.control, key_fp) == ("new", "service")
    with pytest.raises(NotFoundError):
        identity_of(operator.control, bytes(32))


@pytest.mark.parametrize(
    "changes",
    [
        {"public_key": LOW_ORDER},
        {"public_key": NOT_ON_CURVE},
        {"public_key": NOT_CANONICAL},
        {"public_key": bytes(31)},
        {"kind": "unknown"},
        {"event_types": ["prediction.*"]},
        {"public_key": signer("root").public_key},
        {"public_key": signer("operator").public_key},
        {"public_key": signer(f"log {NAME}/p0").public_key},
        {"public_key": signer("a").public_key},
        {
            "public_key": signer("a").public_key,
            "identity": "service:a",
            "kind": "person",
        },
    ],
    ids=lambda changes: " ".join(changes) + " " + str(list(changes.values())[-1])[:9],
)
def test_keys_that_are_unusable_or_taken_are_refused(changes: dict[str, Any]) -> None:
    operator = Operator()
    before = operator.control.keys()
    assert operator.write(authorized(**changes)) == Verdict.NOT_AUTHORISED
    assert operator.control.keys() == before


def test_what_a_key_may_write_can_be_changed_but_not_whose_it_is() -> None:
    operator = Operator()
    key_fp = key_fingerprint(signer("a").public_key)
    before, first = operator.control.key(key_fp), operator.control.size
    narrowed = authorized("a", identity="service:a", event_types=["mlledger.data.*"])
    assert operator.write(narrowed) == Verdict.ACCEPTED
    assert key_of(operator.control, "a").event_types == ("mlledger.data.*",)
    assert operator.control.key_at(key_fp, first) == before
    assert before is not None
    assert key_of(operator.control, "a").authorised_at == before.authorised_at


def test_a_key_without_identity_is_refused() -> None:
    cls = event_class("ledger.key.authorized")
    fields = {
        "id": bytes(16),
        "time": TIME_US,
        "public_key": signer("new").public_key,
        "identity": "",
        "kind": "service",
        "event_types": [],
        "attests": False,
    }
    event = EncodedEvent(authorized().schema_id, encode_fields(cls, fields))
    assert Operator().write(event) == Verdict.NOT_AUTHORISED


def test_revocation_counts_by_position_and_for_good() -> None:
    operator = Operator()
    key_fp = key_fingerprint(signer("a").public_key)
    assert operator.write(revoked()) == Verdict.ACCEPTED
    leaf = operator.control.size - 1
    before = operator.control.key_at(key_fp, leaf)
    after = operator.control.key_at(key_fp, leaf + 1)
    assert before is not None
    assert after is not None
    assert (before.revoked_at, after.revoked_at) == (None, leaf)
    again = authorized("a", identity="service:a")
    assert operator.write(again) == Verdict.NOT_AUTHORISED


def test_a_second_revocation_only_moves_the_suspicion_back() -> None:
    operator = Operator()
    assert operator.write(revoked()) == Verdict.ACCEPTED
    first = key_of(operator.control, "a").revoked_at
    assert operator.write(revoked()) == Verdict.NOT_AUTHORISED
    assert operator.write(revoked(since=TIME_US)) == Verdict.ACCEPTED
    assert operator.write(revoked(since=TIME_US + 1)) == Verdict.NOT_AUTHORISED
    assert operator.write(revoked(since=TIME_US - 1)) == Verdict.ACCEPTED
    key = key_of(operator.control, "a")
    assert (key.revoked_at, key.compromised_since) == (first, TIME_US - 1)


@pytest.mark.parametrize("label", ["stranger", "root", "operator"])
def test_only_producers_keys_are_revoked_by_the_operator(label: str) -> None:
    assert Operator().write(revoked(label)) == Verdict.NOT_AUTHORISED


def test_an_entry_is_applied_whole_or_not_at_all() -> None:
    operator = Operator()
    before = operator.control.keys()
    found = operator.write(authorized("n1"), authorized("n2"), revoked("stranger"))
    assert found == Verdict.NOT_AUTHORISED
    assert operator.control.keys() == before
    assert operator.write(authorized("n1"), revoked("n1")) == Verdict.ACCEPTED


# --- schemas and logs


def new_schema(fields: Any, **more: Any) -> bytes:
    front = {"name": "made_v1", "namespace": "mlledger.a.b", "type": "record"}
    schema = {**front, "fields": fields, **more}
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False).encode()


def nested(depth: int) -> Any:
    kind: Any = "long"
    for _ in range(depth):
        kind = {"type": "array", "items": kind}
    return [{"name": "a", "type": kind}]


PLAIN = [{"name": "ä", "type": "long"}]
RESPELLED = [
    new_schema([{"type": "long", "name": "ä"}]),
    new_schema(PLAIN, doc="what it is"),
    new_schema(PLAIN).replace(b":", b": ", 1),
    new_schema(PLAIN).replace("ä".encode(), b"\\u00e4"),
    new_schema(nested(40)),
]


def test_a_new_type_in_its_one_spelling_is_registered() -> None:
    assert Operator().write(registered(new_schema(PLAIN))) == Verdict.ACCEPTED
    assert Operator().write(registered(new_schema(nested(20)))) == Verdict.ACCEPTED


def test_registering_a_schema_again_is_no_harm_and_keeps_its_position() -> None:
    operator = Operator()
    schema = schema_bytes(event_class("prediction.decision.recorded"))
    schema_id = sha256(schema).digest()
    first = operator.control.registered_at(schema_id)
    assert operator.write(registered(schema)) == Verdict.ACCEPTED
    assert operator.control.registered_at(schema_id) == first is not None
    assert operator.control.schema(schema_id) == schema
    name = "prediction.decision.recorded"
    assert operator.control.schema_name(schema_id) == (name, 1)
    assert operator.control.type_at(schema_id, first) is None
    assert operator.control.type_at(schema_id, first + 1) == name


@pytest.mark.parametrize(
    "schema",
    [
        b"{}",
        b"not json",
        schema_bytes(event_class("prediction.decision.recorded")) + b" ",
        schema_bytes(event_class("ledger.key.authorized")),
        *RESPELLED,
    ],
    ids=[
        *("empty", "text", "other-bytes-of-a-version", "ledger-family"),
        *("keys-in-another-order", "with-doc", "with-space", "escaped", "too-deep"),
    ],
)
def test_schemas_that_name_no_new_type_are_refused(schema: bytes) -> None:
    assert Operator().write(registered(schema)) == Verdict.NOT_AUTHORISED


def test_a_schema_nobody_registered_has_no_bytes_and_no_name() -> None:
    control = control_judge().control
    assert control.schema(bytes(32)) is None
    assert control.type_at(bytes(32), control.size) is None
    with pytest.raises(NotFoundError):
        control.schema_name(bytes(32))


def test_partitions_are_opened_one_after_the_other() -> None:
    operator = Operator()
    for refused in (
        log_opened(f"{NAME}/p2"),
        log_opened(f"{NAME}/p0"),
        log_opened("other/p1"),
        log_opened(f"{NAME}/p01"),
        log_opened(f"{NAME}/p1", name=f"{NAME}/p2"),
        log_opened(f"{NAME}/p1", label="a"),
        log_opened(f"{NAME}/p1", label=f"log {NAME}/p0"),
        encoded("ledger.log.opened", {"origin": f"{NAME}/p1", "vkey": "x"}),
        encoded(
            "ledger.log.opened", {"origin": f"{NAME}/p1", "vkey": witness(f"{NAME}/p1")}
        ),
    ):
        assert operator.write(refused) == Verdict.NOT_AUTHORISED
    assert operator.write(log_opened(f"{NAME}/p1")) == Verdict.ACCEPTED
    assert operator.control.origins[-1] == f"{NAME}/p1"
    key = operator.control.log_vkeys[f"{NAME}/p1"].public_key
    assert key == signer("log new").public_key


def test_a_closed_log_is_followed_by_a_numbered_one() -> None:
    operator = Operator()
    after = log_opened(f"{NAME}/p0/e1")
    assert operator.write(after) == Verdict.NOT_AUTHORISED
    assert operator.write(log_closed(f"{NAME}/p0", b"r")) == Verdict.NOT_AUTHORISED
    assert operator.write(log_closed(CONTROL)) == Verdict.NOT_AUTHORISED
    assert operator.write(log_closed(f"{NAME}/p0")) == Verdict.ACCEPTED
    closed_log = operator.control.logs[f"{NAME}/p0"]
    assert (closed_log.final_size, closed_log.final_root) == (9, bytes(32))
    assert operator.write(log_closed(f"{NAME}/p0")) == Verdict.NOT_AUTHORISED
    assert operator.write(log_opened(f"{NAME}/p0/e2")) == Verdict.NOT_AUTHORISED
    assert operator.write(after) == Verdict.ACCEPTED


def trimmed(before: int, origin: str = f"{NAME}/p0", **more: Any) -> EncodedEvent:
    fields = {"origin": origin, "before_offset": before, "rule": "10 years"}
    return encoded("ledger.log.trimmed", fields | more)


def test_a_log_is_trimmed_further_but_never_less() -> None:
    operator = Operator()
    assert operator.control.trimmed(f"{NAME}/p0") is None
    assert operator.write(trimmed(7)) == Verdict.ACCEPTED
    assert operator.write(trimmed(6)) == Verdict.NOT_AUTHORISED
    archive = sha256(b"index").digest()
    assert operator.write(trimmed(7, archive=archive)) == Verdict.ACCEPTED
    assert operator.control.trimmed(f"{NAME}/p0") == LogTrimmedState(
        before_offset=7,
        rule="10 years",
        archive=archive,
        leaf=operator.control.size - 1,
    )


@pytest.mark.parametrize(
    "event",
    [
        trimmed(1, f"{NAME}/p9"),
        trimmed(1, "other/p0"),
        trimmed(1, CONTROL),
        trimmed(1, archive=b"x"),
    ],
    ids=["unknown", "other-ledger", "control", "no-digest"],
)
def test_a_trimming_that_cannot_be_is_refused(event: EncodedEvent) -> None:
    assert Operator().write(event) == Verdict.NOT_AUTHORISED


def test_a_revoked_key_stays_revoked_whatever_is_signed() -> None:
    operator = Operator()
    judging = Judge(operator.control)
    stream = Stream(signer("a"))
    assert judging(stream.open()).verdict == Verdict.ACCEPTED
    assert operator.write(revoked()) == Verdict.ACCEPTED
    judging.control = operator.control
    found = judging(stream.heartbeat()).verdict
    assert found == Verdict.KEY_REVOKED


# --- one spelling


def respelled() -> dict[str, EncodedEvent]:
    """Return bodies that an Avro reader may take but that are not written so."""
    event = authorized()
    body, schema_id = event.body, event.schema_id
    pattern = b"\x02\x14mlledger.*\x00"
    assert body.endswith(pattern + b"\x00")
    cut = body[: -len(pattern) - 1]
    return {
        "trailing byte": EncodedEvent(schema_id, body + b"\x00"),
        "cut": EncodedEvent(schema_id, body[:-1]),
        "bool 2": EncodedEvent(schema_id, body[:-1] + b"\x02"),
        "sized block": EncodedEvent(
            schema_id, cut + b"\x01\x16" + pattern[1:] + b"\x00"
        ),
        "long varint": EncodedEvent(
            schema_id, cut + b"\x82\x00" + pattern[1:] + b"\x00"
        ),
        "no such symbol": authorized_with_symbol(9),
    }


def authorized_with_symbol(symbol: int) -> EncodedEvent:
    event = authorized()
    at = event.body.index(b"\x06new") + 4
    assert event.body[at] == 2  # service, zigzag of 1
    changed = event.body[:at] + bytes([2 * symbol]) + event.body[at + 1 :]
    return EncodedEvent(event.schema_id, changed)


@pytest.mark.parametrize("name", respelled())
def test_control_bodies_have_one_spelling(name: str) -> None:
    assert Operator().write(respelled()[name]) == Verdict.MALFORMED


def test_in_a_partition_a_body_is_not_decoded_by_the_verdict() -> None:
    operator = Operator()
    stream = Stream(signer("a"))
    odd = EncodedEvent(opened().schema_id, b"anything")
    judging = Judge(operator.control)
    assert judging(stream.write(KIND_OPEN, odd)).verdict == Verdict.ACCEPTED


# --- genesis


def root_fields(**changes: Any) -> dict[str, Any]:
    origins = [CONTROL, f"{NAME}/manifest", f"{NAME}/p0"]
    fields = {
        "name": NAME,
        "origins": origins,
        "root_keys": [signer("root").public_key],
        "threshold": 1,
        "log_keys": [
            str(log_vkey(origin, signer(f"log {origin}").public_key))
            for origin in origins
        ],
        "operator_keys": [signer("operator").public_key],
    }
    return fields | changes


def genesis(label: str = "root", **changes: Any) -> bytes:
    stream = Stream(signer(label), origin=CONTROL)
    root = encoded("ledger.root.set", root_fields(**changes))
    return stream.write(KIND_OPEN, opened(), root)


def fresh() -> Judge:
    return Judge(Control(), origin=CONTROL)


def test_genesis_founds_the_ledger() -> None:
    judging = fresh()
    value = genesis()
    assert judging(value).verdict == Verdict.ACCEPTED
    control = judging.control
    assert control.name == NAME
    assert control.ledger_id == sha256(value[8:180]).digest()
    assert control.origins == tuple(root_fields()["origins"])
    assert (control.threshold, control.witness_policy) == (1, "")
    assert key_of(control, "root").is_root
    assert key_of(control, "operator").is_operator


KEYS = root_fields()["log_keys"]
OTHERS = [f"other.example/{role}" for role in ("control", "manifest", "p0")]
LOGS_OF_ANOTHER = {
    "origins": OTHERS,
    "log_keys": [str(log_vkey(o, signer(f"log {o}").public_key)) for o in OTHERS],
}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other.example"},
        {"name": "Test"},
        {"name": "other.example", **LOGS_OF_ANOTHER},
        {"origins": [CONTROL, f"{NAME}/manifest"], "log_keys": KEYS[:2]},
        {"origins": [CONTROL, f"{NAME}/p0", f"{NAME}/manifest"]},
        {"origins": [CONTROL, f"{NAME}/manifest", f"{NAME}/p1"]},
        {"log_keys": KEYS[:2]},
        {"log_keys": [KEYS[1], KEYS[0], KEYS[2]]},
        {"log_keys": [*KEYS[:2], "x"]},
        {"operator_keys": []},
        {"operator_keys": [signer("root").public_key]},
        {"operator_keys": [signer(f"log {CONTROL}").public_key]},
        {"operator_keys": [LOW_ORDER]},
        {"threshold": 2},
        {"root_keys": [signer("root").public_key] * 2},
    ],
    ids=lambda changes: f"{next(iter(changes))} {next(iter(changes.values()))!s:.20}",
)
def test_a_genesis_that_does_not_fit_together_is_refused(changes: Any) -> None:
    judging = fresh()
    assert judging(genesis(**changes)).verdict == Verdict.NOT_AUTHORISED
    assert judging.control.ledger_id == b""


def test_a_fold_begins_with_genesis() -> None:
    control = Control()
    opening = Stream(signer("operator"), origin=CONTROL).open()
    for leaf, value in ((0, opening), (1, genesis())):
        with pytest.raises(NotAuthorisedError):
            control.apply(leaf, parse_entry(value))
    assert control.size == 0


def test_genesis_is_signed_by_the_first_root_key() -> None:
    keys = [signer("root").public_key, signer("root 2").public_key]
    assert fresh()(genesis("root 2", root_keys=keys)).verdict == Verdict.UNKNOWN_KEY
    assert fresh()(genesis("stranger")).verdict == Verdict.UNKNOWN_KEY
    assert fresh()(genesis(root_keys=[])).verdict == Verdict.UNKNOWN_KEY
    two = fresh()
    assert two(genesis(root_keys=keys, threshold=2)).verdict == Verdict.ACCEPTED
    identities = [key.identity for key in list(two.control.keys())]
    assert identities[:2] == ["root", "root-2"]


def test_a_spoiled_genesis_is_refused() -> None:
    value = genesis()
    for at in (200, 250):
        spoiled = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
        assert fresh()(spoiled).verdict.is_quarantine
    assert fresh()(value + b"\x00").verdict == Verdict.MALFORMED


def test_there_is_one_genesis_and_it_comes_first() -> None:
    judging = fresh()
    stream = Stream(signer("operator"), origin=CONTROL)
    assert judging(stream.open()).verdict == Verdict.UNKNOWN_KEY
    assert judging(genesis()).verdict == Verdict.MALFORMED
    second = control_judge()
    assert second(genesis("root", name=NAME)).verdict == Verdict.MALFORMED


def test_a_root_is_set_by_no_later_entry() -> None:
    control = control_judge()
    stream = Stream(signer("root"), origin=CONTROL, stream_id=b"r" * 16)
    assert control(stream.open()).verdict == Verdict.ACCEPTED
    root = encoded("ledger.root.set", root_fields())
    assert control(stream.write(KIND_DATA, root)).verdict == Verdict.NOT_AUTHORISED


# --- the fold


def test_a_copy_is_independent() -> None:
    operator = Operator()
    copy = operator.control.copy()
    size, keys = copy.size, copy.keys()
    assert operator.write(authorized()) == Verdict.ACCEPTED
    assert (copy.size, copy.keys()) == (size, keys)
    assert operator.control.size == size + 1


def test_leaves_that_were_not_accepted_count_as_positions() -> None:
    control = control_judge().control
    size = control.size
    control.apply(size, None)
    assert control.size == size + 1


def test_a_leaf_is_folded_once() -> None:
    control = Control()
    entry = parse_entry(first_values()[0])
    control.apply(0, entry)
    with pytest.raises(ValueError, match="folded already"):
        control.apply(0, None)
    with pytest.raises(ValueError, match="folded already"):
        control.check_transition(0, entry)


def test_what_may_not_be_applied_leaves_the_state_as_it_was() -> None:
    control = control_judge().control
    size = control.size
    stream = Stream(signer("operator"), origin=CONTROL, seq=1, prev=b"p" * 32)
    for value, error in (
        (stream.data(revoked("stranger")), NotAuthorisedError),
        (stream.data(respelled()["bool 2"]), MalformedError),
    ):
        with pytest.raises(error):
            control.apply(size, parse_entry(value))
    assert control.size == size


def test_a_closed_control_stream_takes_no_more() -> None:
    operator = Operator()
    assert operator.judge(operator.stream.close()).verdict == Verdict.ACCEPTED
    assert operator.write(authorized()) == Verdict.STREAM_CLOSED
    assert closed().schema_id != opened().schema_id
