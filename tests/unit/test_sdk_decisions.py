"""Decisions: the function stays what it was, and each decision is told once."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

import numpy as np
import pandas as pd
import pytest

import ledger
from ledger.errors import InvalidEventError, JournalError
from ledger.sdk import DecisionId, Release
from tests.support.sdk import FailingEmitter, make_ledger

NAME = "prediction.decision.recorded"
ZERO = f"sha256:{'0' * 64}"


@pytest.fixture
def lg(tmp_path):
    return make_ledger(tmp_path / "home")


@pytest.fixture
def dep(lg):
    release = Release(
        id=bytes(range(16)),
        digest=bytes(32),
        release="r1",
        model="triage",
        version="1",
        content=ZERO,
        artifact=ZERO,
        artifact_scheme="file",
    )
    return lg.deploy(release, "prod")


def test_a_decision_names_what_answered(lg, dep):
    made = lg.log_decision(
        deployment=dep,
        output="high",
        adverse=True,
        reasons=("R01", "R02"),
        use="triage",
        mode="advisory",
        case_id=bytes(16),
        caller="ward-3",
        latency_us=1500,
    )
    event = lg.only(NAME)
    assert event.id == made
    assert event.fields["release"] == dep.release.id
    assert event.fields["deployment"] == dep.id
    assert event.fields["attestation"] is None
    assert event.fields["output"] == "high"
    assert event.fields["adverse"] is True
    assert event.fields["reason_codes"] == ["R01", "R02"]
    assert event.fields["latency_us"] == 1500
    assert (event.fields["path"], event.fields["mode"]) == ("model", "advisory")


def test_a_decision_names_the_newest_attestation_of_the_process(lg, dep):
    lg.attest(dep, artifact=b"old")
    newest = lg.attest(dep, artifact=b"new")
    lg.log_decision(deployment=dep)
    assert lg.only(NAME).fields["attestation"] == newest.id


def test_an_id_is_bytes_and_prints_as_uuid(lg, dep):
    made = lg.log_decision(deployment=dep)
    assert isinstance(made, DecisionId)
    assert isinstance(made, bytes)
    assert len(made) == 16
    assert str(made) == f"{made}" == str(uuid.UUID(bytes=bytes(made)))
    assert ledger.last_decision_id() == made


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), (True, "True"), (np.int64(3), "3"), (np.str_("a"), "a"), ("ü", "ü")],
)
def test_class_labels_of_any_kind_become_text(lg, dep, value, text):
    lg.log_decision(deployment=dep, output=value)
    assert lg.only(NAME).fields["output"] == text


def test_flags_of_numpy_are_flags(lg, dep):
    lg.log_decision(deployment=dep, adverse=np.bool_(True), latency_us=np.int64(5))
    fields = lg.only(NAME).fields
    assert (fields["adverse"], fields["latency_us"]) == (True, 5)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"output": 0.731}, "bucket"),
        ({"output": np.float32(0.7)}, "bucket"),
        ({"output": "x" * 257}, "output"),
        ({"output": "a\x00b"}, "output"),
        ({"output": ["a"]}, "output"),
        ({"path": "modell"}, "path"),
        ({"mode": "auto"}, "mode"),
        ({"adverse": "yes"}, "adverse"),
        ({"latency_us": -1}, "latency_us"),
        ({"latency_us": 1.5}, "latency_us"),
        ({"case_id": b"short"}, "case_id"),
        ({"case_id": 7}, "case_id"),
        ({"caller": ""}, "caller"),
        ({"reasons": ["x" * 300]}, "reason_codes"),
        ({"time": -5}, "time"),
        ({"payload_commitment": 7}, "payload_commitment"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(lg, dep, fields, word):
    with pytest.raises(InvalidEventError) as caught:
        lg.log_decision(deployment=dep, **fields)
    assert word in str(caught.value) + caught.value.hint
    assert lg.events(NAME) == []


def test_a_decorated_function_is_what_it_was(lg, dep):
    def score(case: dict, *, limit: float = 0.5) -> str:
        """Decide."""
        return "high" if case["p"] > limit else "low"

    wrapped = lg.decision(deployment=dep, output=str)(score)
    assert inspect.signature(wrapped) == inspect.signature(score)
    assert (wrapped.__name__, wrapped.__doc__) == ("score", "Decide.")
    assert wrapped({"p": 0.7}) == "high"
    assert wrapped({"p": 0.7}, limit=0.8) == "low"
    assert [event.fields["output"] for event in lg.events(NAME)] == ["high", "low"]


def test_the_result_is_the_very_object(lg, dep):
    answer = {"label": "high", "p": 0.7}
    decide = lg.decision(
        deployment=dep,
        output=lambda r: r["label"],
        adverse=lambda r: r["label"] == "high",
        reasons=lambda r: ["R01"],
        case_id=lambda case: case,
        path=lambda r: "fallback",
        use="triage",
        mode="shadow",
        caller="ward",
    )(lambda case: answer)
    assert decide(bytes(16)) is answer
    fields = lg.only(NAME).fields
    assert fields["output"] == "high"
    assert fields["adverse"] is True
    assert fields["reason_codes"] == ["R01"]
    assert fields["case_id"] == bytes(16)
    assert fields["path"] == "fallback"
    assert fields["use"] == "triage"
    assert fields["latency_us"] >= 0


def test_methods_can_be_decorated(lg, dep):
    class Model:
        bias = "high"

        @lg.decision(deployment=dep, output=str)
        def score(self, case):
            return self.bias

        @staticmethod
        @lg.decision(deployment=dep, output=str)
        def fixed(case):
            return "low"

    assert (Model().score(1), Model.fixed(1)) == ("high", "low")
    assert len(lg.events(NAME)) == 2


async def test_a_coroutine_function_stays_one(lg, dep):
    @lg.decision(deployment=dep, output=str)
    async def score(case):
        await asyncio.sleep(0.02)
        return case

    assert inspect.iscoroutinefunction(score)
    assert await score("high") == "high"
    event = lg.only(NAME)
    assert event.fields["latency_us"] >= 15_000
    assert ledger.last_decision_id() == event.id


async def test_tasks_do_not_see_each_others_decisions(lg, dep):
    @lg.decision(deployment=dep, output=str)
    async def score(case):
        return case

    async def ask(case):
        await score(case)
        mine = ledger.last_decision_id()
        await asyncio.sleep(0.01)
        assert ledger.last_decision_id() == mine
        return case, mine

    asked = await asyncio.gather(*(ask(f"c{n}") for n in range(20)))
    by_id = {event.id: event.fields["output"] for event in lg.events(NAME)}
    assert all(by_id[made] == case for case, made in asked)


def test_threads_do_not_see_each_others_decisions(lg, dep):
    @lg.decision(deployment=dep, output=str)
    def score(case):
        return case

    def ask(case):
        score(case)
        return case, ledger.last_decision_id()

    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(ask, [f"c{n}" for n in range(200)]))
    by_id = {event.id: event.fields["output"] for event in lg.events(NAME)}
    assert len(by_id) == 200
    assert all(by_id[made] == case for case, made in asked)


async def test_a_function_that_hands_out_a_coroutine_is_told_when_it_is_done(lg, dep):
    async def later():
        return "high"

    def later_of():
        return later()

    score = lg.decision(deployment=dep, output=str)(later_of)
    coroutine = score()
    assert lg.events(NAME) == []
    assert await coroutine == "high"
    assert lg.only(NAME).fields["output"] == "high"


def test_what_the_function_raises_goes_on_and_nothing_is_recorded(lg, dep):
    error = KeyError("age of patient 4711")

    @lg.decision(deployment=dep)
    def score():
        raise error

    with pytest.raises(KeyError) as caught:
        score()
    assert caught.value is error
    assert lg.events(NAME) == []
    assert lg.stats()["decisions_raised"] == 1


async def test_a_cancelled_coroutine_records_nothing(lg, dep):
    @lg.decision(deployment=dep)
    async def score():
        await asyncio.sleep(10)

    task = asyncio.create_task(score())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lg.events(NAME) == []
    assert lg.stats()["decisions_raised"] == 1


def test_a_field_that_cannot_be_told_stays_empty_and_the_decision_stands(
    lg, dep, caplog
):
    @lg.decision(
        deployment=dep,
        output=lambda r: r["missing"],
        path=lambda r: r["missing"],
        use="triage",
    )
    def score():
        return {}

    assert [score(), score()] == [{}, {}]
    first, second = lg.events(NAME)
    said = first.fields
    assert (said["output"], said["path"], said["use"]) == (None, "unknown", "triage")
    assert first.id != second.id
    assert lg.stats()["failed_decision_field"] == 4
    assert lg.stats()["last_failure"] == "decision field: KeyError"
    assert len(caplog.records) == 1


def test_a_field_of_a_wrong_type_stays_empty_and_the_decision_stands(lg, dep, caplog):
    @lg.decision(
        deployment=dep,
        output=lambda r: r,
        adverse=lambda r: "no",
        reasons=lambda r: np.array(["R01", "R02"]),
        case_id=lambda p: p,
        path=lambda r: "mo\x1bdel",
        use="triage",
    )
    def score(p):
        return p

    assert score(0.7) == 0.7
    said = lg.only(NAME).fields
    names = ("output", "adverse", "case_id", "path", "use", "reason_codes")
    assert [said[name] for name in names] == [
        None,
        None,
        None,
        "unknown",
        "triage",
        ["R01", "R02"],
    ]
    assert lg.stats()["failed_decision_field"] == 4
    (record,) = caplog.records
    assert "\x1b" not in record.message


class Answer(Enum):
    HIGH = "high"


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        ("high", "high"),
        (True, "True"),
        (np.bool_(False), "False"),
        (np.int64(2), "2"),
        (np.str_("low risk"), "low risk"),
        (Answer.HIGH, "high"),
        (0.7, None),
        (np.float32(1), None),
        (712, None),
        ("Dear Ms Bell, your loan", None),
        ("bell@example.org", None),
        ("1990-01-31", None),
        ("two\nlines", None),
        ("", None),
        (None, None),
        ({"label": "high"}, None),
        (np.array([1]), None),
    ],
)
def test_a_plain_answer_is_its_own_class(lg, dep, caplog, answer, output):
    decide = lg.decision(deployment=dep)(lambda: answer)
    assert [decide() is answer, decide() is answer] == [True, True]
    assert [e.fields["output"] for e in lg.events(NAME)] == [output, output]
    advised = [r.message for r in caplog.records if "output=lambda" in r.message]
    assert len(advised) == (output is None and answer is not None)
    assert "failed_decision" not in lg.stats()


def test_what_the_user_says_is_no_class_stays_unsaid(lg, dep, caplog):
    lg.decision(deployment=dep, output=lambda _: None)(lambda: "high")()
    assert lg.only(NAME).fields["output"] is None
    assert not caplog.records


def test_a_full_disk_does_not_disturb_the_answer(lg, dep):
    lg.emitter = FailingEmitter(JournalError("the disk is full"))
    assert lg.decision(deployment=dep)(lambda: "high")() == "high"
    assert lg.stats()["failed_decision"] == 1


def test_in_strict_mode_there_is_no_answer_without_its_record(tmp_path, dep):
    strict = make_ledger(tmp_path / "strict", strict=True)
    strict.emitter = FailingEmitter(JournalError("the disk is full"))
    with pytest.raises(JournalError):
        strict.decision(deployment=dep)(lambda: "high")()


def generator():
    yield 1


async def async_generator():
    yield 1


@pytest.mark.parametrize(
    "unfit", [generator, async_generator, staticmethod(len), classmethod(len), int, 7]
)
def test_what_gives_no_single_value_is_refused_at_once(lg, dep, unfit):
    with pytest.raises(InvalidEventError, match="decision"):
        lg.decision(deployment=dep)(unfit)


def test_a_result_that_is_a_generator_is_counted_as_not_recorded(lg, dep):
    @lg.decision(deployment=dep)
    def score():
        return generator()

    assert list(score()) == [1]
    assert lg.stats()["failed_decision"] == 1


def test_the_deployment_may_change_while_the_process_lives(lg, dep):
    serving = [dep]
    score = lg.decision(deployment=lambda: serving[-1])(lambda: "high")
    score()
    serving.append(lg.deploy(dep.release, "prod", role="challenger"))
    score()
    assert [e.fields["deployment"] for e in lg.events(NAME)] == [d.id for d in serving]


def test_batches_of_rows_and_of_columns_say_the_same(lg, dep):
    rows = [{"output": "high", "adverse": True}, {"output": "low", "adverse": False}]
    frame = pd.DataFrame(rows)
    lg.log_decisions(rows, deployment=dep, use="triage")
    lg.log_decisions(
        {"output": frame["output"], "adverse": frame["adverse"].to_numpy()},
        deployment=dep,
        use="triage",
    )
    told = [
        (e.fields["output"], e.fields["adverse"], e.fields["use"], e.fields["path"])
        for e in lg.events(NAME)
    ]
    assert told == 2 * [
        ("high", True, "triage", "model"),
        ("low", False, "triage", "model"),
    ]


def test_a_batch_returns_its_ids_in_order(lg, dep):
    ids = lg.log_decisions(({"output": str(n)} for n in range(5000)), deployment=dep)
    assert [event.id for event in lg.events(NAME)] == ids == sorted(ids)
    assert len(set(ids)) == 5000


def rows_before(rows):
    """Return the first four rows."""
    return [next(rows) for _ in range(4)]


def test_a_batch_leaves_out_the_rows_that_do_not_fit_and_names_them(lg, dep):
    def rows():
        yield from [{"output": "high"}, {"output": 0.5}, "row", {"output": "low"}]
        yield {"output": "e\x1bvil"}
        raise KeyError("the source is gone")

    with pytest.raises(KeyError):
        lg.log_decisions(rows(), deployment=dep)
    assert [e.fields["output"] for e in lg.events(NAME)] == ["high", "low"]
    lg.taken.clear()
    with pytest.raises(InvalidEventError, match=r"row 1: .*and 1 more") as refused:
        lg.log_decisions(list(rows_before(rows())), deployment=dep)
    assert [e.id for e in lg.events(NAME)] == refused.value.ids
    assert list(refused.value.rows) == [1, 2]
    lg.taken.clear()
    with pytest.raises(InvalidEventError, match="outptu"):
        lg.log_decisions([{"outptu": "high"}], deployment=dep)
    with pytest.raises(InvalidEventError, match="length"):
        lg.log_decisions({"output": ["a"], "adverse": []}, deployment=dep)


def test_many_decisions_take_the_names_that_one_takes(lg, dep):
    first = lg.log_decision(deployment=dep, output="high", reasons=("R01",))
    lg.log_decisions(
        [{"output": "low", "reasons": ("R02", "R03"), "replaces": first}, {}],
        deployment=dep,
    )
    lg.log_decisions({"output": ["low"]}, deployment=dep, reasons=["R04"])
    told = [event.fields for event in lg.events(NAME)]
    codes = [fields["reason_codes"] for fields in told]
    assert codes == [["R01"], ["R02", "R03"], [], ["R04"]]
    assert told[1]["replaces_decision_id"] == first


@pytest.mark.parametrize(
    ("field", "right"),
    [("reason_codes", "reasons"), ("replaces_decision_id", "replaces")],
)
def test_the_name_of_the_event_field_is_refused_and_the_right_one_named(
    lg, dep, field, right
):
    with pytest.raises(InvalidEventError, match="row 0") as refused:
        lg.log_decisions([{field: []}], deployment=dep)
    assert f"call it {right}" in refused.value.hint
    with pytest.raises(InvalidEventError, match=field):
        lg.log_decisions([{}], deployment=dep, **{field: []})
    assert lg.events(NAME) == []


def test_one_text_is_no_list_of_reasons(lg, dep):
    with pytest.raises(InvalidEventError, match="expected a list of codes"):
        lg.log_decision(deployment=dep, reasons="R01")
    with pytest.raises(InvalidEventError, match="row 0: reasons"):
        lg.log_decisions([{"reasons": "R01"}], deployment=dep)
