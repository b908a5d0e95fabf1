"""Every numbered question, asked of the golden ledger, in both times."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from ledger.config import FILE_NAME, format_config, load_config
from ledger.errors import InvalidEventError, LedgerError
from ledger.output import parse_time
from projections.asking import Bounds
from projections.catalogue import Question, catalogue
from projections.chain import links_of
from projections.chain_closure import Closure
from projections.chain_rows import RowReader
from projections.chain_steps import STEPS
from projections.chain_walk import Walk
from projections.columns import to_time
from projections.commands.cutting import Bounded, ask_bounded
from projections.commands.parameters import arguments, parameters
from projections.commands.question import described, named, questions
from projections.decisions.population import Population, parse_population
from projections.golden import story
from projections.golden.world import scripted_world
from projections.status import NOT_RECORDED, field_status, marks_of, rows_in
from tests.support import question_pages
from tests.support.postgres import fresh_database
from tests.support.questions import (
    ANSWERS,
    Asker,
    Case,
    cases,
    differences,
    status_of,
)
from tests.support.story import Home

pytestmark = pytest.mark.postgres
SCHEMAS = ("decisions", "registry", "lineage", "integrity", "controls", "governance")
# A question that needs a request of its own, and tables that rows share.
WITHOUT_FILE = {"Q41"}


@pytest.fixture(scope="module")
def golden(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[tuple[Home, Asker]]:
    """The golden ledger, told once; its tables are only read, or put back."""
    folder = tmp_path_factory.mktemp("golden") / "home"
    with fresh_database(postgres_server) as dsn:
        with scripted_world(
            folder, begins=story.BEGINS, identities=story.IDENTITIES, dsn=dsn
        ) as world:
            told = story.tell(world)
            config = world.config
        (folder / FILE_NAME).write_text(format_config(config))
        ids = {name: UUID(bytes=one.id) for name, one in told.named.items()}
        with psycopg.connect(dsn, autocommit=True) as connection:
            asker = Asker(connection, ids, to_time(parse_time(told.ends)))
            yield Home(load_config(folder)), asker


def test_every_numbered_question_has_reviewed_answers() -> None:
    found = {path.stem for path in ANSWERS.glob("Q*.json")}
    assert found == {one.number for one in catalogue()} - WITHOUT_FILE


@pytest.mark.parametrize("number", sorted({one.number for one in cases()}))
def test_answer_is_the_reviewed_one(golden: tuple[Home, Asker], number: str) -> None:
    asker = golden[1]
    wrong: list[str] = []
    for case in cases():
        if case.number == number:
            wrong += [f"{case.label}: {line}" for line in _wrong(asker, case)]
    assert not wrong, "\n".join(wrong)


def _wrong(asker: Asker, case: Case) -> list[str]:
    try:
        answer = asker.ask(case.number, case.params)
    except LedgerError as error:
        return differences(case.answer, type(error).__name__)
    found = differences(case.answer, asker.reviewable(answer))
    for path, word in case.status.items():
        if (other := status_of(answer, path)) != word:
            found.append(f"{path}: is {other}, not {word}")
    return found


@pytest.mark.parametrize("number", ["Q01", "Q07", "Q10", "Q40"])
def test_late_event_changes_what_was_true_not_what_was_known(
    golden: tuple[Home, Asker], number: str
) -> None:
    asker = golden[1]
    params = {
        "Q01": {"decision_id": "{late-0}"},
        "Q07": {"deployment": "{edge triage-v3}"},
        "Q10": {"decisions": "{late-0}"},
        "Q40": {"system": "triage"},
    }[number]

    def ids(**times: str) -> set[str]:
        try:
            text = json.dumps(asker.ask(number, {**params, **times}))
        except LedgerError:
            return set()
        return {name for name in asker.ids if str(asker.ids[name]) in text}

    day = "2026-04-05"
    assert "late-0" in ids(as_of=day)
    assert "late-0" not in ids(as_of=day, known_as_of=day)
    assert "late-0" in ids(as_of=day, known_as_of="2026-04-11")
    assert "late-0" not in ids(as_of="2026-03-31")


@contextmanager
def without(connection: Any, event: UUID, tables: list[str]) -> Iterator[None]:
    """Take the rows of one event out of the tables; they come back afterwards."""
    with connection.transaction(force_rollback=True):
        for table in tables:
            name = sql.Identifier(*table.split("."))
            text = sql.SQL("DELETE FROM {} WHERE event_id = %s").format(name)
            connection.execute(text, [event])
        yield


@pytest.fixture(scope="module")
def tables(golden: tuple[Home, Asker]) -> dict[UUID, list[str]]:
    """The tables that hold rows of each event."""
    return _tables_of(golden[1].connection)


def _tables_of(connection: Any) -> dict[UUID, list[str]]:
    found = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.columns "
        "WHERE column_name = 'event_id' AND table_schema = ANY (%s) "
        "AND table_name NOT LIKE 'decision\\_%%'",
        [list(SCHEMAS)],
    ).fetchall()
    tables: dict[UUID, list[str]] = {}
    for schema, table in found:
        name = sql.Identifier(schema, table)
        text = sql.SQL("SELECT event_id FROM {}").format(name)
        for (event,) in connection.execute(text).fetchall():
            tables.setdefault(event, []).append(f"{schema}.{table}")
    return tables


def _fields(asker: Asker, case: Case) -> dict[tuple[Any, str], tuple[str, set[UUID]]]:
    """Return status and events of each field that an event fills, by row and name."""
    from projections.commands.opening import bounds
    from projections.commands.parameters import arguments, times_of
    from projections.filled import sources_of

    question = named(case.number)
    pairs = [f"{key}={asker.given(value)}" for key, value in case.params.items()]
    times, rest = times_of(pairs)
    limits = bounds(times.get("as_of"), times.get("known_as_of"))
    values = arguments(question, rest, limits)
    if "now" in values:
        values["now"] = asker.now
    answer = question(asker.connection, **values)
    marks = marks_of(asker.connection, answer, bounds=limits)
    found: dict[tuple[Any, str], tuple[str, set[UUID]]] = {}
    for row in rows_in(answer):
        for name, status in field_status(row, marks).items():
            source = sources_of(row).source(name)
            value = getattr(row, source.id_field, None)
            listed = value if isinstance(value, list | tuple) else [value]
            events = set() if source.derived else {x for x in listed if x in marks}
            found[_key(row), name] = (str(status["status"]), events)
    return found


def _key(row: Any) -> tuple[Any, ...]:
    """Return what a row is about: what it is, and the texts that name it."""
    names = (
        "event_id",
        "object_id",
        "consumer",
        "known_by",
        "finding",
        "rule",
        "field",
    )
    names += (
        "model",
        "monitor",
        "month",
        "version",
        "happened_at",
        "step",
        "provision",
    )
    return (type(row).__name__, *(str(getattr(row, name, "")) for name in names))


def _examples() -> list[Case]:
    """Return the first case of each question that rests on rows with a status."""
    seen: dict[str, Case] = {}
    for case in cases():
        if case.number not in {"Q01", "Q05"} and case.answer != "NotFoundError":
            seen.setdefault(case.number, case)
    return [*seen.values(), *(one for one in cases() if "{t1-5}" in str(one.params))]


@pytest.mark.parametrize("case", _examples(), ids=lambda one: one.label)
def test_without_its_event_a_field_is_not_recorded(
    golden: tuple[Home, Asker], tables: dict[UUID, list[str]], case: Case
) -> None:
    """Neither empty nor guessed: nobody recorded it, or another event says it too."""
    asker = golden[1]
    before = _fields(asker, case)
    tried: set[tuple[str, str]] = set()
    for (key, name), (word, events) in before.items():
        if word == "not_recorded" or len(events) != 1 or (key[0], name) in tried:
            continue
        tried.add((key[0], name))
        event = next(iter(events))
        with without(asker.connection, event, tables[event]):
            try:
                after = _fields(asker, case)
            except LedgerError:
                continue  # what was asked about is itself not recorded any more
        now, others = after.get((key, name), ("not_recorded", set()))
        is_said_elsewhere = bool(others) and event not in others
        assert now == "not_recorded" or is_said_elsewhere, (key, name, now, others)


def test_group_of_five_is_shown_by_itself(golden: tuple[Home, Asker]) -> None:
    asker = golden[1]
    decisions = [asker.ids[f"d1-{number}"] for number in range(6)]
    at = datetime(2026, 1, 20, 12, tzinfo=UTC)
    row = (
        "INSERT INTO decisions.review SELECT %s, %s, %s, origin, leaf, idx, identity, "
        "basis, system_id, %s, %s, 'officer', %s, %s, %s, NULL, %s, %s "
        "FROM decisions.review LIMIT 1"
    )
    opened = at - timedelta(seconds=90)
    with asker.connection.transaction(force_rollback=True):
        for number, decision in enumerate(decisions):
            team = "branch south" if number < 5 else "branch west"
            action = "override" if number == 0 else "confirm"
            final = "accept" if number in (0, 1, 2, 4, 5) else "refuse"
            values = [UUID(int=number), at, at, decision, f"person:{number}", team]
            asker.connection.execute(
                row, [*values, action, final, opened if number else None, at]
            )
        groups = asker.ask("Q12", {"system": "credit"})["groups"]
    south, rest = groups
    assert (south["team"], south["reviewers"], south["reviews"]) == (
        "branch south",
        5,
        5,
    )
    assert south["override_percent"] == 20.0
    assert south["agreement_percent"] == 80.0  # the overridden one differs
    assert (south["not_opened"], south["median_seconds"]) == (1, 90.0)
    assert rest["withheld"]
    assert rest["reviews"] is None
    assert rest["field_status"]["reviews"] == {"status": "withheld"}


def test_status_says_stated_and_conflicting(golden: tuple[Home, Asker]) -> None:
    asker = golden[1]
    version, params = asker.ids["credit-score v2"], {"commit": "c0ffee02"}
    with asker.connection.transaction(force_rollback=True):
        asker.connection.execute(
            "UPDATE integrity.event SET basis = 'stated' WHERE event_id = %s", [version]
        )
        (row,) = asker.ask("Q09", params)["models"]
        assert row["field_status"]["version"] == {"status": "stated", "basis": "stated"}
        asker.connection.execute(
            "UPDATE registry.model_version SET version = 'v2' WHERE event_id = %s",
            [asker.ids["credit-score v3"]],
        )
        (row,) = asker.ask("Q09", params)["models"]
    assert row["field_status"]["version"]["status"] == "conflicting"
    assert row["field_status"]["releases"]["status"] == "recorded"


def test_finding_without_its_opening_is_still_in_the_register(
    golden: tuple[Home, Asker], tables: dict[UUID, list[str]]
) -> None:
    asker = golden[1]
    event = asker.ids["finding AUD-1"]
    with without(asker.connection, event, tables[event]):
        found = asker.ask("Q36", {"finding": "AUD-1"})
    assert [one["cause"] for one in found] == [None]
    assert found[0]["field_status"]["cause"]["status"] == "not_recorded"
    assert found[0]["owner"] == "person:ana"


def test_loosened_limit_names_who_did_it(golden: tuple[Home, Asker]) -> None:
    asker = golden[1]
    old = asker.ids["criteria credit 1"]
    with asker.connection.transaction(force_rollback=True):
        asker.connection.execute(
            "INSERT INTO lineage.criterion SELECT %s, time + interval '1 day', "
            "sealed_at + interval '1 day', origin, leaf, idx, 'person:chen', basis, "
            "system_id, model, metric, slice, 0.6, direction, baseline, "
            "baseline_value, dataset_version_id, dataset_version_ref_digest, event_id "
            "FROM lineage.criterion WHERE event_id = %s",
            [UUID(int=1), old],
        )
        found = asker.ask("Q43", {"change": "loosened"})
    assert [(x["before"], x["after"], x["actor"]) for x in found] == [
        ("0.8", "0.6", "person:chen")
    ]


@pytest.mark.parametrize("day", [None, "2026-02-20", "2026-04-10"])
def test_one_statement_brings_what_the_walk_of_a_chain_asks_for(
    golden: tuple[Home, Asker], day: str | None
) -> None:
    asker = golden[1]
    moment = None if day is None else to_time(parse_time(f"{day}T00:00:00Z"))
    bounds = Bounds(moment, moment)
    found = asker.connection.execute(
        "SELECT event_id FROM decisions.decision ORDER BY md5(event_id::text) LIMIT 30"
    ).fetchall()
    first, second = asker.ids["loans-train-1"], asker.ids["loans-train-2"]
    with asker.connection.transaction(force_rollback=True):
        asker.connection.execute(
            "UPDATE lineage.dataset_version SET parent_ids = %s WHERE event_id = %s",
            [[second], first],
        )
        for (decision,) in found:
            at_once = Walk(Closure(asker.connection, decision, bounds), decision, STEPS)
            reader = RowReader(asker.connection, bounds)
            one_by_one = Walk(reader, decision, STEPS)
            assert repr(links_of(at_once)) == repr(links_of(one_by_one))


def test_cyclic_lineage_ends(golden: tuple[Home, Asker]) -> None:
    asker = golden[1]
    first, second = asker.ids["loans-train-1"], asker.ids["loans-train-2"]
    with asker.connection.transaction(force_rollback=True):
        asker.connection.execute(
            "UPDATE lineage.dataset_version SET parent_ids = %s WHERE event_id = %s",
            [[second], first],
        )
        found = asker.ask("Q08", {"source": "bureau"})
    assert found["truncated"] == ""
    # The first set now comes from the second: everything in credit is touched.
    assert found["proved"] == 28


def test_bounded_walk_says_that_it_was_cut(golden: tuple[Home, Asker]) -> None:
    found = golden[1].ask("Q08", {"source": "bureau", "limit": "3"})
    assert found["truncated"] == "more than 3 things"
    assert len(found["touched"]) == 3


def test_part_of_a_source_is_possible_unless_named(golden: tuple[Home, Asker]) -> None:
    found = golden[1].ask("Q08", {"source": "bureau", "batch": "2026-02"})
    assert (found["proved"], found["possible"]) == (0, 10)


def test_parameters_that_do_not_fit_are_refused(golden: tuple[Home, Asker]) -> None:
    asker = golden[1]
    for number, params in [
        ("Q07", {}),
        ("Q08", {}),
        ("Q09", {}),
        ("Q09", {"commit": "c0"}),
        ("Q10", {}),
        ("Q15", {}),
        ("Q17", {}),
        ("Q23", {}),
        ("Q30", {"regime": "lex nova"}),
    ]:
        with pytest.raises(InvalidEventError):
            asker.ask(number, params)


@pytest.mark.parametrize("question", catalogue(), ids=lambda one: one.number)
def test_page_is_what_the_question_says_and_its_example_runs(
    golden: tuple[Home, Asker], question: Question
) -> None:
    written = (question_pages.ROOT / question.page).read_text()
    again = "python -m tests.support.question_pages"
    assert written == question_pages.page(question, golden[1]), again
    for line in written.splitlines():
        if line.startswith("$ mlledger query"):
            _, _, _, number, *words = shlex.split(line)
            pairs = [word.split("=", 1) for word in words if word != "--param"]
            golden[1].ask(number, dict(pairs))


def test_index_names_every_question() -> None:
    folder = question_pages.FOLDER
    assert (folder / "README.md").read_text() == question_pages.index()
    pages = {path.name for path in folder.glob("q*.md")}
    assert pages == {Path(one.page).name for one in catalogue()}


def test_list_names_number_parameters_and_provision() -> None:
    rows = {row["number"]: row for row in described() if row["number"]}
    assert rows["Q08"]["name"] == "decisions_by_source"
    assert "source: str" in str(rows["Q08"]["parameters"])
    assert rows["Q27"]["provision"] == "17 CFR 240.17a-4(f) (not checked at source)"
    assert rows["Q13"]["provision"] == "EU AI Act, Article 73(2)-(6)"


def test_query_command_says_what_would_fill_an_empty_answer(
    golden: tuple[Home, Asker],
) -> None:
    from typer.testing import CliRunner

    from tests.support.story import application

    home = golden[0]
    words = ["query", "Q26", "--as-of", "2026-02-01"]
    found = home.ask(*words)
    assert (found.exit, found.data) == (0, [])
    assert found.envelope["meta"]["filled_by"] == ["governance.access.logged"]
    shown = CliRunner().invoke(application(), words, env=home.environment)
    assert shown.stdout.startswith(f"{NOT_RECORDED}: an event governance.access.logged")


def test_an_empty_answer_to_a_filter_accuses_no_missing_event(
    golden: tuple[Home, Asker],
) -> None:
    found = golden[0].ask("query", "gates", "-p", "environment=nowhere")
    assert (found.exit, found.data) == (0, [])
    assert found.envelope["meta"]["filters"] == {"environment": "nowhere"}
    assert "filled_by" not in found.envelope["meta"]


@pytest.mark.parametrize(
    ("question", "pair", "said"),
    [
        ("Q03", "limit=-1", "from 1 to 1000000"),
        ("Q03", f"limit={10**20}", "from 1 to 1000000"),
        ("gates", f"emergency_days={10**9}", "from 0 to 36500"),
        ("Q36", "state=closd", "one of: open, acknowledged, closed"),
        ("Q28", "digest=xyz", "sha256: and 64 hexadecimal digits"),
        ("Q03", "release=1", "8-4-4-4-12"),
        ("decision_list", "since=10000-01-01", "ISO 8601"),
    ],
)
def test_a_parameter_of_no_such_value_is_named(
    golden: tuple[Home, Asker], question: str, pair: str, said: str
) -> None:
    found = golden[0].ask("query", question, "-p", pair)
    assert found.exit == 2
    (error,) = found.envelope["errors"]
    assert error["message"].startswith(f"--param {pair.partition('=')[0]}: ")
    assert said in error["hint"]


def test_decisions_of_a_release_are_streamed_after_their_count(
    golden: tuple[Home, Asker],
) -> None:
    from typer.testing import CliRunner

    from tests.support.story import application

    home, asker = golden
    release = asker.given("release={release credit-v2}")
    words = ["query", "Q07", "-p", release, "-p", "limit=1", "--output", "ndjson"]
    done = CliRunner().invoke(application(), words, env=home.environment)
    first, *rows, last = map(json.loads, done.stdout.splitlines())
    assert [one["decisions"] for one in first["counts"]] == [10]
    assert [one["event_id"] for one in rows[:2]] == [
        asker.given("{d2-0}"),
        asker.given("{d2-1}"),
    ]
    assert (last["complete"], last["summary"]["rows"]) == (True, 10)
    assert (last["summary"]["errors"], last["summary"]["warnings"]) == ([], [])


# What a question with a limit needs besides it, so that the answer has several rows.
NEEDED = {
    "alias_at": "model=credit-score",
    "alias_history": "model=credit-score",
    "ancestry": "model_version={credit-score v2}",
    "datasheet": "dataset=loans-train",
    "decisions_by_release": "release={release credit-v2}",
    "decisions_by_source": "source=bureau",
    "evaluation_evidence": "model_version={credit-score v2}",
    "model_changes": "model=credit-score",
    "models_by_component": "commit=c0ffee01",
}


def _limited() -> list[str]:
    return [name for name, one in questions().items() if "limit" in parameters(one)]


def _rows_of_limit(asked: Bounded) -> int:
    """Return how many of what its limit counts are in an answer."""
    found: Any = asked.found
    if isinstance(found, list):
        rows = cast("list[Any]", found)
        return len({getattr(one, "event_id", None) or repr(one) for one in rows})
    names = ("missing", "unreadable", "bypassed", "ancestors", "decisions", "touched")
    lists = [getattr(found, name, ()) for name in (*names, "models")]
    return max(map(len, lists))


@contextmanager
def spoilt(connection: Any) -> Generator[None]:
    """Let some sequence numbers lack, and two events be unreadable, for a while."""
    with connection.transaction(force_rollback=True):
        connection.execute("UPDATE integrity.entry SET seq = 10 * seq")
        connection.execute(
            "INSERT INTO integrity.unreadable SELECT origin, leaf, idx, sealed_at, '', "
            "'', 'spoilt' FROM integrity.event LIMIT 2"
        )
        yield


@pytest.mark.parametrize("name", _limited())
def test_no_answer_that_a_limit_cut_is_called_whole(
    golden: tuple[Home, Asker], name: str
) -> None:
    asker, question = golden[1], named(name)
    pairs = [asker.given(NEEDED[name])] if name in NEEDED else []
    values = arguments(question, pairs, Bounds())

    def ask(limit: int) -> Bounded:
        return ask_bounded(asker.connection, question, {**values, "limit": limit})

    with spoilt(asker.connection):
        whole = ask(100_000)
        rows = _rows_of_limit(whole)
        assert not whole.cuts
        assert not ask(max(1, rows)).cuts, "as many as there are is all"
        cut = ask(1)
        assert bool(cut.cuts) == (rows > 1)
        assert _rows_of_limit(cut) <= 1
        assert all("limit=10" in one or "depth" in one for one in cut.cuts)


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
def test_every_form_says_that_rows_were_cut(
    golden: tuple[Home, Asker], form: str
) -> None:
    from typer.testing import CliRunner

    from tests.support.story import application

    words = ["query", "Q30", "-p", "limit=1", "--output", form]
    done = CliRunner().invoke(application(), words, env=golden[0].environment)
    warning = "cut at 1 rows; more with -p limit=10"
    if form == "json":
        said = json.loads(done.stdout)
        assert (said["meta"]["complete"], said["warnings"]) == (False, [warning])
    elif form == "ndjson":
        last = json.loads(done.stdout.splitlines()[-1])
        assert (last["complete"], last["summary"]["warnings"]) == (False, [warning])
    else:
        assert done.stderr == f"warning: {warning}\n"


def test_what_was_asked_for_is_shown_without_what_a_terminal_obeys(
    golden: tuple[Home, Asker],
) -> None:
    from typer.testing import CliRunner

    from tests.support.story import application

    words = ["query", "Q36", "-p", "finding=\x1b[31mred\u202e"]
    done = CliRunner().invoke(application(), words, env=golden[0].environment)
    assert done.exit_code == 0
    assert r"finding=\u001b[31mred\u202e" in done.stdout
    assert all(one.isprintable() for one in done.output.splitlines())
    found = golden[0].ask(*words).envelope
    assert found["meta"]["filters"]["finding"] == "\x1b[31mred\u202e"


def test_sample_is_drawn_by_the_next_checkpoint_and_repeats(
    golden: tuple[Home, Asker],
) -> None:
    from hashlib import sha256

    from projections.worker import Worker

    home, asker = golden
    asked = home.ask("sample", "--count", "5", "--number", "EX-9")
    request = UUID(asked.data["request_id"])
    early = home.ask("sample", request)
    assert early.exit == 6
    assert early.envelope["errors"][0]["id"] == "LDG-V005"
    with Worker(replace(home.config), watch=False, once=True) as worker:
        while worker.step():
            pass
    drawn = home.ask("sample", request)
    assert drawn.exit == 0, drawn.envelope
    body = drawn.data["checkpoint"].encode()
    seed = sha256(body + request.bytes).digest()
    assert drawn.data["seed"] == seed.hex()
    everything = asker.connection.execute("SELECT event_id FROM decisions.decision")
    order = sorted(
        (one for (one,) in everything.fetchall()),
        key=lambda one: sha256(seed + one.bytes).digest(),
    )
    assert drawn.data["population"] == len(order)
    found = [one["decision_id"] for one in drawn.data["drawn"]]
    assert found == [str(one) for one in order[:5]]
    again = home.ask(
        "query", "Q41", "-p", f"request={request}", "-p", f"seed={seed.hex()}"
    )
    assert [one["event_id"] for one in again.data["drawn"]] == found


def test_population_is_read_as_it_is_written() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    wanted = Population(count=20, release=UUID(int=7), since=since)
    assert str(wanted) == (
        f"sample count=20 release={UUID(int=7)} since=2026-01-01T00:00:00Z"
    )
    assert parse_population(str(wanted)) == wanted
    for text in (
        None,
        "",
        "count=20",
        "sample",
        "sample count=0",
        "sample count=1 x=2",
    ):
        with pytest.raises(InvalidEventError):
            parse_population(text)


def test_answer_files_are_written_one_way() -> None:
    for path in ANSWERS.glob("Q*.json"):
        data = json.loads(Path(path).read_text())
        assert path.read_text() == json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        assert all(one["why"] for one in data)


def test_what_is_dated_ahead_is_shown_as_such(golden: tuple[Home, Asker]) -> None:
    from ledger.output import Answer
    from projections.commands.listing import say_ahead

    asker, said = golden[1], Answer("query", [])
    say_ahead(said, asker.connection)
    assert said.warnings == []
    with asker.connection.transaction(force_rollback=True):
        asker.connection.execute(
            "UPDATE decisions.decision SET time = '9999-01-01Z' WHERE event_id = %s",
            [asker.ids["d1-0"]],
        )
        newest = asker.ask("decision_list", {"limit": "1"})[0]
        until_now = asker.ask("decision_list", {"limit": "1", "as_of": "2026-07-01"})[0]
        (ahead,) = asker.ask("Q04", {})["ahead"]
        say_ahead(said, asker.connection)
    assert newest["event_id"] == str(asker.ids["d1-0"])
    assert newest["field_status"]["output"]["status"] == "ahead"
    assert until_now["field_status"]["output"]["status"] == "recorded"
    assert (ahead["events"], ahead["first_id"]) == (1, str(asker.ids["d1-0"]))
    assert [str(asker.ids["d1-0"]) in one for one in said.warnings] == [True]


def test_an_override_after_the_day_leaves_a_notice_overdue(
    golden: tuple[Home, Asker],
) -> None:
    asker = golden[1]
    with asker.connection.transaction(force_rollback=True):
        asker.connection.execute(
            "UPDATE decisions.review SET decided_at = '2026-02-14Z' "
            "WHERE decision_id = %s",
            [asker.ids["d1-0"]],
        )
        row = asker.ask("Q30", {"regime": "reg-b", "system": "credit"})[0]
    assert row["event_id"] == str(asker.ids["d1-0"])
    assert (row["state"], row["days_late"]) == ("overdue", 138)
    assert (row["final_output"], row["overridden"]) == ("accept", True)


def test_a_model_that_matters_and_was_never_validated_is_found(
    golden: tuple[Home, Asker],
) -> None:
    from projections.controls.engine import evaluate
    from projections.controls.rulebook import rules

    asker = golden[1]
    (found,) = evaluate(
        asker.connection,
        [rules()["validation-overdue"]],
        as_of=asker.now,
        known_as_of=asker.now,
    )
    (breach,) = found.breaches.values()
    assert breach.model == "triage-risk"
    assert breach.cause == (
        "triage-risk, of materiality high, runs since 2026-01-21; "
        "no validation is recorded and none is planned."
    )
    assert found.population == 2  # credit was validated, and its next day lies ahead


def test_a_stop_of_the_system_holds_until_it_is_lifted(
    golden: tuple[Home, Asker],
) -> None:
    asker = golden[1]

    def stopped(hour: int) -> dict[str, bool]:
        moment = f"2026-03-20T{hour}:00:00Z"
        found = asker.ask("Q02", {"environment": "prod", "as_of": moment})
        return {row["release"]: row["stopped_at"] is not None for row in found}

    with asker.connection.transaction(force_rollback=True):
        asker.connection.execute(
            "UPDATE decisions.system_stop SET deployment_id = NULL"
        )
        asker.connection.execute(
            "UPDATE decisions.system_resumption SET time = '2026-03-20T12:00:00Z'"
        )
        assert stopped(11) == {"credit-v2": True, "triage-v1": False}
        assert stopped(13) == {"credit-v2": False, "triage-v1": False}
