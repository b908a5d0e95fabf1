"""Endorsed statements: several keys agree, or nothing happens."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.control import Control
from ledger.endorsement import (
    add_endorsements,
    endorse,
    statement_message,
    verify_endorsements,
)
from ledger.entry import parse_entry
from ledger.errors import MalformedError, NotAuthorisedError, SignatureError
from ledger.judgement import Verdict
from ledger.keys import key_fingerprint, verify_signature
from ledger.note import cosignature_vkey
from tests.support.ledgers import Judge, Stream, signer
from tests.support.statement_cases import (
    CASES,
    CONTROL,
    FOLDER,
    OK,
    P0,
    POLICY,
    REFUSED,
    ROOTS,
    Writer,
    announced,
    authorized,
    by,
    endorsed,
    event,
    played,
    public,
    retired,
    revoked,
    root_fields,
    root_set,
    rotated,
    state_of,
    statement,
    vector,
    vkey,
)


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_the_vector_that_stands(name: str) -> None:
    stored = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert vector(name) == stored


def test_every_vector_is_a_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_vector_is_judged_from_its_bytes_alone(name: str) -> None:
    stored = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    judging = Judge(Control(), origin=stored["origin"])
    for record in stored["records"]:
        found = judging(bytes.fromhex(record["value"])).verdict
        assert found == record["verdict"]
    assert state_of(judging.control) == stored["state"]


# --- endorsements


def test_an_endorsement_signs_the_schema_and_the_statement() -> None:
    made = by(["root"], statement("ledger.root.set", **root_fields()))
    message = statement_message(
        schema_id=made.statement_schema, statement=made.statement
    )
    kind = b"application/vnd.mlledger.statement.v1"
    front = b"DSSEv1 %d %s %d " % (len(kind), kind, 32 + len(made.statement))
    assert message == front + made.statement_schema + made.statement
    (single,) = made.endorsements
    verify_signature(
        public_key=public("root")[0], signature=single.sig, message=message
    )


def test_the_bytes_of_an_endorsement_are_frozen() -> None:
    made = by(["root"], statement("ledger.root.set", **root_fields(threshold=1)))
    assert made.endorsements[0].sig.hex() == (FOLDER / "endorsement.txt").read_text()


@given(st.lists(st.sampled_from([*ROOTS, "stranger"]), max_size=6), st.data())
def test_who_endorsed_is_a_set_of_those_asked(
    labels: list[str], data: st.DataObject
) -> None:
    asked = data.draw(st.lists(st.sampled_from(ROOTS), unique=True))
    made = by(labels, statement("ledger.root.set", **root_fields()))
    found = verify_endorsements(made.model_dump(), public(*asked))
    assert found == set(public(*set(labels) & set(asked)))


@given(st.integers(min_value=0), st.integers(0, 7))
def test_any_flipped_bit_of_an_endorsed_statement_spoils_it(
    place: int, bit: int
) -> None:
    made = by(["root"], statement("ledger.root.set", **root_fields()))
    parts = [made.statement_schema, made.statement, made.endorsements[0].sig]
    at = place % sum(map(len, parts))
    for number, part in enumerate(parts):
        if 0 <= at < len(part):
            flipped = part[at] ^ 1 << bit
            parts[number] = part[:at] + bytes([flipped]) + part[at + 1 :]
        at -= len(part)
    fields = {
        "statement_schema": parts[0],
        "statement": parts[1],
        "endorsements": [
            {"key_fp": made.endorsements[0].key_fp, "sig": parts[2]},
        ],
    }
    with pytest.raises(SignatureError):
        verify_endorsements(fields, public("root"))


def test_endorsing_in_turns_is_endorsing_together() -> None:
    stated = statement("ledger.root.set", **root_fields())
    together = endorse(stated, [signer("root"), signer("root 2")])
    turns = add_endorsements(endorse(stated, [signer("root")]), [signer("root 2")])
    assert turns.endorsements == together.endorsements


# --- what a statement does


def test_what_is_refused_changes_nothing() -> None:
    writer = Writer()
    before = state_of(writer.control)
    for name, case in CASES.items():
        for number, (made, verdict) in enumerate(case()):
            if number == 0 and verdict != OK:
                assert Writer().write(made) == verdict, name
                assert writer.write(made) == verdict, name
    assert state_of(writer.control) == before


@pytest.mark.parametrize("label", ["root", "root 2", "operator"])
def test_roots_and_operators_may_bring_a_statement(label: str) -> None:
    assert Writer().write(root_set(ROOTS, threshold=1), label=label) == OK


def test_nobody_else_brings_a_statement() -> None:
    made = root_set(ROOTS, threshold=1)
    for label in ("a", f"log {P0}", "stranger"):
        writer = Writer()
        stream = Stream(signer(label), origin=CONTROL)
        assert writer.judge(stream.open()).verdict in {REFUSED, Verdict.UNKNOWN_KEY}
        assert writer.judge(stream.data(made)).verdict != OK


def test_an_operator_who_was_replaced_is_revoked_from_the_next_leaf_on() -> None:
    writer = Writer()
    replaced = root_set(ROOTS[:2], operator_keys=public("operator 2"))
    assert writer.write(replaced) == OK
    assert writer.control.operator_keys == tuple(public("operator 2"))
    leaf = writer.control.size - 1
    former = key_fingerprint(signer("operator").public_key)
    known = writer.control.key(former)
    assert known is not None
    assert (known.is_operator, known.revoked_at) == (True, leaf)
    assert writer.write(authorized("late")) == Verdict.KEY_REVOKED
    assert writer.write(authorized("late"), label="operator 2") == OK


def test_a_root_that_left_endorses_no_longer() -> None:
    writer = Writer()
    changed = root_set(ROOTS, root_keys=public("root", "root 2"))
    assert writer.write(changed) == OK
    assert writer.control.root_keys == tuple(public("root", "root 2"))
    assert writer.write(announced(("root", "root 3"))) == REFUSED
    assert writer.write(announced(("root", "root 2"))) == OK


def test_new_roots_and_operators_have_names_of_their_own() -> None:
    writer = Writer()
    changed = root_set(
        (*ROOTS, "x"),
        root_keys=public("root", "root 2", "x"),
        operator_keys=public("o2"),
    )
    assert writer.write(changed) == OK
    known = writer.control.keys()
    names = {key.public_key: key.identity for key in known}
    assert names[public("x")[0]] == "root-4"
    assert names[public("o2")[0]] == "operator-2"


def test_a_log_key_is_in_use_between_announcement_and_retirement() -> None:
    writer, old = Writer(), vkey(f"log {P0}")
    assert [str(key) for key in writer.control.active_vkeys(P0)] == [old]
    assert writer.write(announced(ROOTS[:2])) == OK
    new = vkey("log new")
    assert [str(key) for key in writer.control.active_vkeys(P0)] == [old, new]
    assert str(writer.control.log_vkeys[P0]) == old
    assert writer.write(retired(ROOTS[:2], old)) == OK
    assert [str(key) for key in writer.control.active_vkeys(P0)] == [new]
    assert [str(key) for key in writer.control.known_vkeys(P0)] == [old, new]
    assert str(writer.control.log_vkeys[P0]) == new
    first, second = writer.control.logs[P0].keys
    assert (first.announced_at, second.retired_at) == (0, None)
    assert first.retired_at == writer.control.size - 1
    assert second.announced_at == first.retired_at - 1


def test_an_unknown_origin_has_no_keys() -> None:
    control = Writer().control
    assert control.active_vkeys("x/p0") == control.known_vkeys("x/p0") == ()
    assert control.trimmed("x/p0") is None


def test_a_retired_log_key_gets_no_other_role() -> None:
    writer = Writer()
    assert writer.write(announced(ROOTS)) == OK
    assert writer.write(retired(ROOTS, vkey(f"log {P0}"))) == OK
    assert writer.write(authorized(f"log {P0}")) == REFUSED


def test_a_rotated_key_inherits_and_both_sign_until_the_old_one_is_revoked() -> None:
    writer = Writer()
    events = Judge(writer.control)
    old, new = Stream(signer("a")), Stream(signer("a 2"), stream_id=b"n" * 16)
    assert events(old.open()).verdict == OK
    assert events(new.open()).verdict == Verdict.UNKNOWN_KEY
    assert writer.write(rotated(("a", "a 2"))) == OK
    events.control = writer.control
    before, after = (writer.control.key(key_fingerprint(k)) for k in public("a", "a 2"))
    assert before is not None
    assert after is not None
    inherited = (before.identity, before.kind, before.event_types, before.attests)
    assert (after.identity, after.kind, after.event_types, after.attests) == inherited
    assert after.authorised_at == writer.control.size - 1
    new = Stream(signer("a 2"), stream_id=b"n" * 16)
    assert [events(old.heartbeat()).verdict, events(new.open()).verdict] == [OK, OK]
    assert writer.write(revoked("a")) == OK
    events.control = writer.control
    assert events(old.heartbeat()).verdict == Verdict.KEY_REVOKED
    assert events(new.heartbeat()).verdict == OK


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        ("witness w {w}\nquorum w\n", OK),
        ("witness w {w}\n# a comment\nquorum none\n", OK),
        ("witness w {w}\n", REFUSED),
        ("quorum w\n", REFUSED),
        ("witness w {operator}\nquorum w\n", REFUSED),
        ("witness w {log}\nquorum w\n", REFUSED),
        ("log {own}\nquorum none\n", REFUSED),
        ("nonsense\n", REFUSED),
    ],
)
def test_a_witness_policy_parses_and_shares_no_key(
    policy: str, verdict: Verdict
) -> None:
    def witness(label: str) -> str:
        return str(cosignature_vkey("w.example/1", signer(label).public_key))

    text = policy.format(
        w=witness("witness"),
        operator=witness("operator"),
        log=witness(f"log {P0}"),
        own=vkey("stranger", "x/p0"),
    )
    writer = Writer()
    assert writer.write(endorsed(POLICY, ROOTS[:2], policy=text)) == verdict
    assert writer.control.witness_policy == (text if verdict == OK else "")


def test_a_statement_and_what_it_allows_may_stand_in_one_entry() -> None:
    writer = Writer()
    both = [rotated(("a", "a 2")), revoked("a")]
    assert writer.write(*both) == OK
    known = writer.control.key(key_fingerprint(signer("a").public_key))
    assert known is not None
    assert known.revoked_at is not None


def test_one_refused_statement_spoils_its_entry() -> None:
    writer = Writer()
    assert writer.write(root_set(ROOTS, threshold=1), announced(())) == REFUSED
    assert writer.control.threshold == 2


def test_a_statement_that_is_not_endorsed_stands_nowhere() -> None:
    for made in (
        event(statement("ledger.root.set", **root_fields(threshold=1))),
        event(statement("ledger.log_key.retired", origin=P0, vkey=vkey("x"))),
        event(statement("ledger.key.rotated", old_key_fp=bytes(32), public_key=b"")),
    ):
        assert Writer().write(made) == REFUSED


def test_the_fold_says_why() -> None:
    writer = played("nobody")
    (last, _), leaf = writer.written[-1], writer.control.size
    with pytest.raises(NotAuthorisedError, match="endorsed by 0 of 2"):
        writer.control.check_transition(leaf, parse_entry(last))
    (last, _) = played("malformed-cut").written[-1]
    with pytest.raises(MalformedError):
        writer.control.check_bodies(parse_entry(last))


@given(st.lists(st.sampled_from([*ROOTS, "n1", "n2", "operator", "x"]), unique=True))
def test_new_roots_need_both_thresholds(labels: Sequence[str]) -> None:
    new = ("root", "n1", "n2")
    stated = statement(
        "ledger.root.set", **root_fields(root_keys=public(*new), threshold=3)
    )
    enough = len({*labels} & {*ROOTS}) >= 2 and {*new} <= {*labels}
    expected = OK if enough else REFUSED
    assert Writer().write(event(by(labels, stated))) == expected
