"""Bundles from end to end: written from a home, checked without it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger.bundle import Examined, examine_bundle, read_bundle, write_bundle
from ledger.bundle.contents import Contents, Range
from ledger.bundle.layout import parse_files, to_files
from ledger.clock import now_ms
from ledger.codec import encode
from ledger.entry import EncodedEvent
from ledger.events.registry import ModelVersionCreated, ReleaseCreated
from ledger.policy import parse_policy
from projections.commands.prove import LARGEST, replay
from tests.support.events import ref
from tests.support.ledger import decision
from tests.support.postgres import fresh_database
from tests.support.story import (
    ROOT,
    Answered,
    Home,
    Told,
    application,
    make_home,
)
from tests.support.story import tell as tell_story

pytestmark = pytest.mark.postgres
QUESTIONS = ("Q01", "Q02", "Q05", "Q06")


@pytest.fixture(scope="module")
def home(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    with fresh_database(postgres_server) as dsn:
        yield make_home(tmp_path_factory.mktemp("bundles"), dsn=dsn)


@pytest.fixture(scope="module")
def told(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Told:
    told = tell_story(home, tmp_path_factory.mktemp("work"))
    home.work()
    return told


@pytest.fixture(scope="module")
def bundles(
    home: Home, told: Told, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A bundle of each kind, by the question or kind it is of."""
    folder = tmp_path_factory.mktemp("out")
    origin = home.config.origin(0)
    told_by = {"Q01": ["-p", f"decision_id={told.decision}"]}
    made: dict[str, Path] = {}

    def prove(label: str, *arguments: object) -> None:
        made[label] = folder / f"{label}.zip"
        answered = home.ask("prove", *arguments, "--out", made[label])
        assert answered.exit == 0, answered.envelope
        assert answered.data["bytes"] == made[label].stat().st_size

    prove("decision", "decision", told.decision)
    prove("event", "event", told.decision)
    prove("range", "range", origin, 1, 4)
    for question in QUESTIONS:
        prove(question, "answer", question, *told_by.get(question, []))
    return made


def verify(home: Home, path: Path, *more: object) -> Answered:
    """Verify in this process, as the command does."""
    policy, ledger = home.config.public / "policy", home.config.ledger_id.hex()
    return home.ask(
        "verify", "bundle", path, "--policy", policy, "--ledger", ledger, *more
    )


def examined(home: Home, contents: Contents, **given: Any) -> Examined:
    return examine_bundle(
        to_files(contents),
        policy=parse_policy((home.config.public / "policy").read_bytes()),
        ledger_id=home.config.ledger_id,
        now_s=now_ms() // 1_000 + 1,
        **{"replay": replay} | given,
    )


@pytest.mark.parametrize("kind", ["decision", "event", "range", *QUESTIONS])
def test_each_kind_holds(home: Home, bundles: dict[str, Path], kind: str) -> None:
    answered = verify(home, bundles[kind])
    assert answered.exit == 0, answered.envelope["errors"]
    steps = answered.data["steps"]
    assert [step["name"][:1] for step in steps] == list("123456789")
    assert {step["status"] for step in steps} == {"verified"}


def test_a_decision_stays_below_64_kib(bundles: dict[str, Path]) -> None:
    assert bundles["decision"].stat().st_size <= LARGEST == 65_536


def test_a_decision_is_answered_for_a_person(
    home: Home, told: Told, bundles: dict[str, Path]
) -> None:
    data = verify(home, bundles["decision"]).data
    assert data["summary"]["release"] == ["r-v1"]
    assert data["summary"]["model_version"] == ["loans v1"]
    assert data["summary"]["run"] == ["train-v1 train"]
    assert data["summary"]["approvals"] == ["production approve approval"]
    assert data["events"][0]["event_id"] == str(told.decision)
    for row in data["events"]:
        assert row["claimed"].endswith("Z")
        assert row["sealed"].endswith("Z")
        assert row["attested"] == "not recorded"
    policy, ledger = home.config.public / "policy", home.config.ledger_id.hex()
    done = home.run(
        "verify", "bundle", bundles["decision"], "--policy", policy, "--ledger", ledger
    )
    assert done.returncode == 0
    assert "model version: loans v1" in done.stdout
    assert "proves nothing against its operator" in done.stdout
    assert done.stdout.endswith("valid\n")


def test_no_bundle_of_a_decision_shows_another_one(
    told: Told, bundles: dict[str, Path]
) -> None:
    others = [one for made in told.decisions.values() for one in made]
    others.remove(told.decision)
    for kind in ("decision", "event"):
        data = bundles[kind].read_bytes()
        assert told.decision.bytes in data
        assert not any(other.bytes in data for other in others)


def test_answers_have_the_rows_that_the_database_gives(
    home: Home, told: Told, bundles: dict[str, Path]
) -> None:
    for question in ("Q02", "Q06"):
        asked = home.ask("query", question).data
        assert asked
        rows = verify(home, bundles[question]).data["rows"]
        assert rows == replayed_of(asked, rows)
    asked = home.ask("query", "Q01", "-p", f"decision_id={told.decision}").data
    rows = verify(home, bundles["Q01"]).data["rows"]
    assert rows == replayed_of(asked, rows)


def replayed_of(asked: Any, rows: Any) -> Any:
    """What a database answers, without the columns that are not replayed."""
    if isinstance(rows, list) and rows and isinstance(asked, list):
        return [replayed_of(one, rows[0]) for one in asked]
    if isinstance(rows, dict) and isinstance(asked, dict):
        return {name: asked[name] for name in rows if name in asked}
    return asked


def messed(home: Home) -> None:
    """Write what an honest ledger never holds: refusals, repetitions, unreadable."""
    ledger = home.small_ledger()
    stream = ledger.stream(new=True)
    label = {"model": "loans", "version": "v1", "artifact_scheme": "file"}
    versions = [
        ModelVersionCreated.record(
            basis="declared", artifact_digest=f"sha256:{n * 64}", **label
        )
        for n in "ab"
    ]
    bound = [
        ReleaseCreated.record(
            basis="declared",
            release="loans-1",
            model_version=ref(versions[0]),
            model="loans",
            version="v1",
            artifact_digest=f"sha256:{'a' * 64}",
            change_class="none",
            digest=f"sha256:{n * 64}",
        )
        for n in "12"
    ]
    once = decision(output="one")
    again = once.model_copy(update={"output": "two"})
    stream.append([once, *versions, *bound])
    stream.append([again])
    schema_id, body = encode(once)
    ledger.log.append(0, value := stream.pack([EncodedEvent(schema_id, body[:-1])]))
    ledger.log.append(0, value)  # a resend, and then one that was never sent
    ledger.log.append(0, b"no entry")
    stream.seq += 7
    stream.append([once])
    ledger.close()


def test_a_messy_ledger_is_replayed_to_the_same_answers(
    postgres_server: str, tmp_path: Path
) -> None:
    with fresh_database(postgres_server) as dsn:
        home = make_home(tmp_path, dsn=dsn, people=False)
        messed(home)
        home.work()
        out = tmp_path / "mess.zip"
        assert home.ask("prove", "answer", "Q05", "--out", out).exit == 0
        answered = verify(home, out)
        assert answered.exit == 0, answered.envelope["errors"]
        (replayed,) = answered.data["rows"]
        asked = home.ask("query", "Q05").data
        asked.pop("field_status")
        for name in asked:
            if name != "streams":  # silence depends on when it is asked
                shown = replayed_of(asked[name], replayed[name])
                assert replayed[name] == shown, name
        assert "reason" not in replayed["unreadable"][0]  # the program's own words
        words = {row["word"] for row in replayed["refusals"]}
        assert words == {"not an entry", "an entry of the stream is missing before it"}
        assert [c["kind"] for c in replayed["conflicts"]] == [
            "event id",
            "model version",
            "release",
        ]
        assert len(replayed["unreadable"]) == 1
        assert sum(row["duplicates"] for row in replayed["origins"]) == 1


def test_an_answer_from_tables_that_lag_behind_is_proved_as_of_then(
    home: Home, told: Told, tmp_path: Path
) -> None:
    ledger = home.small_ledger()
    ledger.emit_decisions(3)
    ledger.seal()
    ledger.close()
    out = tmp_path / "lag.zip"
    answered = home.ask("prove", "answer", "Q05", "--out", out)
    assert answered.exit == 0, answered.envelope
    assert verify(home, out).exit == 0


@pytest.mark.parametrize("moment", ["before", "one", "two", "last"])
def test_answers_about_a_moment_are_replayed_as_well(
    home: Home, told: Told, tmp_path: Path, moment: str
) -> None:
    from ledger.output import format_time

    as_of = format_time(told.moments[moment])
    out = tmp_path / "moment.zip"
    answered = home.ask("prove", "answer", "Q02", "--as-of", as_of, "--out", out)
    assert answered.exit == 0, answered.envelope
    data = verify(home, out).data
    asked = home.ask("query", "Q02", "--as-of", as_of).data
    assert data["rows"] == replayed_of(asked, data["rows"])
    assert len(asked) == {"before": 0, "one": 2, "two": 3, "last": 2}[moment]


def forgeries() -> dict[str, Callable[[Contents], Contents]]:
    """What somebody could do to an answer with a program that writes bundles."""

    def with_part(contents: Contents, **changes: Any) -> Contents:
        part = replace(contents.logs["p0"], **changes)
        return replace(contents, logs={**contents.logs, "p0": part})

    def without_record(contents: Contents) -> Contents:
        records = dict(contents.logs["p0"].records)
        records.pop(3)
        return with_part(contents, records=records)

    def shorter(contents: Contents) -> Contents:
        last = contents.ranges[-1]
        return replace(
            contents, ranges=(*contents.ranges[:-1], last._replace(last=last.last - 1))
        )

    def row_gone(contents: Contents) -> Contents:
        rows = json.loads(contents.answer)
        return replace(contents, answer=json.dumps(rows[:-1]).encode())

    def row_changed(contents: Contents) -> Contents:
        return replace(contents, answer=contents.answer.replace(b"person:bela", b"ana"))

    return {
        "a removed record": without_record,
        "a shorter range": shorter,
        "a removed row": row_gone,
        "a changed row": row_changed,
        "no rows": lambda contents: replace(contents, answer=b"[]"),
        "rows that are none": lambda contents: replace(contents, answer=b"{"),
        "another parameter": lambda contents: replace(
            contents, parameters={"object_id": "0" * 32}
        ),
        "a parameter that is none": lambda contents: replace(
            contents, parameters={"limit": "x"}
        ),
        "an unknown parameter": lambda contents: replace(
            contents, parameters={"colour": "x"}
        ),
        "another range": lambda contents: replace(
            contents, ranges=(Range("p0", 1, contents.ranges[-1].last),)
        ),
    }


@pytest.mark.parametrize("what", forgeries())
def test_a_forged_answer_is_a_contradiction(
    home: Home, bundles: dict[str, Path], what: str
) -> None:
    honest = parse_files(read_bundle(bundles["Q06"]))
    assert examined(home, honest).exit_code == 0
    found = examined(home, forgeries()[what](honest))
    assert found.exit_code == 5, [step.detail for step in found.steps]


def test_an_answer_without_its_rows_could_not_be_checked(
    home: Home, bundles: dict[str, Path]
) -> None:
    honest = parse_files(read_bundle(bundles["Q02"]))
    assert examined(home, replace(honest, answer=b"")).exit_code == 6
    assert examined(home, honest, replay=None).exit_code == 6


def test_a_log_that_an_answer_leaves_out_is_found(
    home: Home, bundles: dict[str, Path]
) -> None:
    whole = parse_files(read_bundle(bundles["Q05"]))
    less = replace(whole, ranges=whole.ranges[:-1], question="live_at", parameters={})
    assert examined(home, less).exit_code == 5


def test_the_control_log_of_a_copy_recomputes_revocations(
    home: Home, bundles: dict[str, Path]
) -> None:
    answered = verify(home, bundles["decision"], "--control", home.path)
    assert answered.exit == 0
    (keys,) = [s for s in answered.data["steps"] if s["name"] == "6 keys"]
    assert "recomputed from" in keys["detail"]


def test_a_report_is_proved_with_its_record(
    home: Home, told: Told, tmp_path: Path
) -> None:
    built = home.ask(
        "report", "build", "R5", "--decision", told.decision, "--out", tmp_path
    )
    home.work()
    report, out = Path(built.data["json"]), tmp_path / "report.zip"
    assert home.ask("prove", "report", report, "--out", out).exit == 0
    answered = verify(home, out)
    assert answered.exit == 0, answered.envelope["errors"]
    assert answered.data["report_digest"] == built.data["digest"]
    contents = parse_files(read_bundle(out))
    forged = replace(contents, report=report.read_bytes() + b" ")
    assert examined(home, forged).exit_code == 5
    assert examined(home, replace(contents, report=None)).exit_code == 6
    report.write_bytes(b"{}")
    assert home.ask("prove", "report", report, "--out", tmp_path / "no").exit == 4


def test_what_cannot_be_proved_says_why(home: Home, told: Told, tmp_path: Path) -> None:
    out, origin = tmp_path / "out.zip", home.config.origin(0)
    asked: dict[tuple[object, ...], int] = {
        ("event", "0" * 32): 4,
        ("event", f"{origin}/999/0"): 6,
        ("event", f"{origin}/0/9"): 4,
        ("event", "acme/p0/0/0"): 4,
        ("event", "nonsense"): 2,
        ("range", origin, 4, 1): 2,
        ("range", origin, 0, 999): 6,
        ("range", "acme/p0", 0, 1): 4,
        ("answer", "Q99"): 4,
        ("answer", "Q03"): 2,
        ("answer", "releases"): 2,
        ("answer", "Q02", "-p", "colour=red"): 2,
        ("decision", "0" * 32): 4,
    }
    for arguments, code in asked.items():
        assert home.ask("prove", *arguments, "--out", out).exit == code, arguments
        assert not out.exists()
    out.write_bytes(b"mine")
    assert home.ask("prove", "event", told.decision, "--out", out).exit == 11
    assert out.read_bytes() == b"mine"


def test_an_event_is_found_by_the_tables_and_without_them_in_the_log(
    home: Home, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tables say is believed only where the log says the same."""
    from ledger.bundle import finding
    from ledger.commands import prove as proving

    scanned: list[bytes] = []
    find = finding.find_event

    def counted(sources: Any, event_id: bytes) -> Any:
        scanned.append(event_id)
        return find(sources, event_id)

    monkeypatch.setattr(finding, "find_event", counted)
    one, two, three = (tmp_path / f"{name}.zip" for name in ("one", "two", "three"))
    assert home.ask("prove", "event", told.decision, "--out", one).exit == 0
    assert scanned == []
    false = [lambda _config, _id: (home.config.origin(0), 0, 0)]
    for finders, out in ((false, two), ([], three)):
        monkeypatch.setattr(proving, "FINDERS", finders)
        assert home.ask("prove", "event", told.decision, "--out", out).exit == 0
    assert len(scanned) == 2
    assert one.read_bytes() == two.read_bytes() == three.read_bytes()


def test_what_cannot_be_verified_says_why(
    home: Home, bundles: dict[str, Path], tmp_path: Path
) -> None:
    good, bad = bundles["event"], tmp_path / "bad"
    bad.write_bytes(b"not a policy\n")
    policy, ledger = home.config.public / "policy", home.config.ledger_id.hex()

    def code(*arguments: object) -> int:
        words = ["verify", "bundle", *map(str, arguments)]
        return CliRunner().invoke(application(), words).exit_code

    assert code(good, "--policy", bad, "--ledger", ledger) == 3
    assert code(good, "--policy", policy, "--ledger", "00") == 2
    assert code(good, "--ledger", ledger) == 2
    assert code(tmp_path / "absent", "--policy", policy, "--ledger", ledger) == 4
    assert code(bad, "--policy", policy, "--ledger", ledger) == 5
    assert code(good, "--policy", policy, "--ledger", "00" * 32) == 5


def test_verifying_needs_the_core_alone(
    home: Home, bundles: dict[str, Path], tmp_path: Path
) -> None:
    """No database, broker or data frame is imported, and no network is asked."""
    script = f"""
import socket, sys
from pathlib import Path

def refuse(*_, **__):
    raise AssertionError("the network was asked")

socket.socket.connect = refuse
for name in ("psycopg", "kafka", "pandas", "numpy", "streamlit"):
    sys.modules[name] = None  # as if it were not installed
from ledger.bundle import examine_bundle, read_bundle
from ledger.policy import parse_policy
from projections.commands.prove import replay
for path in {[str(path) for path in bundles.values()]!r}:
    examined = examine_bundle(
        read_bundle(Path(path)),
        policy=parse_policy(Path({str(home.config.public / "policy")!r}).read_bytes()),
        ledger_id=bytes.fromhex({home.config.ledger_id.hex()!r}),
        now_s={now_ms() // 1_000 + 60},
        replay=replay,
    )
    assert examined.exit_code == 0, (path, examined.steps)
loaded = {{name.partition(".")[0] for name, m in sys.modules.items() if m}}
assert not loaded & {{"psycopg", "kafka", "pandas", "numpy", "streamlit"}}, loaded
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_bundle_is_read_and_written_alike(bundles: dict[str, Path]) -> None:
    for path in bundles.values():
        data = path.read_bytes()
        assert write_bundle(to_files(parse_files(read_bundle(data)))) == data
