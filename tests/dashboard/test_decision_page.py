"""The decision's page answers why, by what and on which data, and checks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from ledger.clock import new_id
from ledger.output import format_id
from projections.integrity.queries import event_find
from tests.dashboard.conftest import Opened, World, texts
from tests.support.ledger import decision as bare_decision
from tests.support.story import changed_record

pytestmark = pytest.mark.postgres
CHAINED = ["deployment", "release", "version", "run", "train", "dataset", "source"]
FIRST_LINKS = ["Decision", "Deployment", "What the process had loaded", "Release"]


def chain_table(test: AppTest):
    """The chain as it is read, without the addresses that its names lead to."""
    (table,) = [t.value for t in test.table if "Link" in t.value.columns]
    names = [re.sub(r"\[(.*)\]\(.*\)", r"\1", name) for name in table["Link"]]
    return table.assign(Link=names)


def addresses(test: AppTest) -> set[str]:
    """Ids of the events that the tables of a page lead to."""
    return set(re.findall(r"\(\./\?id=([0-9a-f-]{36})\)", texts(test)))


def press(test: AppTest, label: str) -> AppTest:
    (button,) = [button for button in test.button if button.label == label]
    return button.click().run()


@contextmanager
def changed(world: World, event: str) -> Iterator[None]:
    """Flip a bit in the record of an event."""
    config = world.made.ledger.config
    with world.made.connection() as connection:
        found = event_find(connection, UUID(event))
    assert found
    leaf = found.leaf
    with changed_record(config, 0, leaf):
        yield


def test_an_empty_ledger_says_what_to_do(empty: World, opened: Opened):
    test = opened(empty)
    assert not test.exception
    assert "No decision is recorded yet." in texts(test)
    assert "mlledger demo" in texts(test)


def test_latest_decisions_come_page_by_page(filled: World, opened: Opened):
    test = opened(filled)
    assert not test.exception
    first = list(test.dataframe[0].value["Decision id"])
    assert len(first) == 25
    assert test.dataframe[0].value["Model"][0] == "loans @ v1"
    test = press(test, "Earlier")
    rest = list(test.dataframe[0].value["Decision id"])
    assert len(rest) == 5
    assert not set(first) & set(rest)
    assert "before" in test.query_params
    test = press(test, "Newest")
    assert list(test.dataframe[0].value["Decision id"]) == first


def test_a_url_with_an_id_shows_the_decision(filled: World, opened: Opened):
    test = opened(filled, id=filled.decision)
    assert not test.exception
    assert test.text_input[0].value == filled.decision
    assert list(chain_table(test)["Link"])[:4] == FIRST_LINKS
    said = texts(test)
    assert "**accept**" in said
    assert "**loans @ v1**" in said
    assert "**production**" in said
    assert set(chain_table(test)["Check"]) == {"? not checked"}
    assert "Not checked against the log." in said


def test_typing_an_id_shows_what_its_url_shows(filled: World, opened: Opened):
    test = opened(filled)
    test.text_input[0].set_value(filled.decision).run()
    assert list(chain_table(test)["Link"])[:4] == FIRST_LINKS


def test_verify_now_reads_the_log_step_by_step(filled: World, opened: Opened):
    test = press(opened(filled, id=filled.decision), "Verify now")
    assert not test.exception
    said = texts(test)
    assert "**✔ verified** · The producer's signature is valid" in said
    assert "links verified against the log" in said
    assert "0 witnesses, 0 outside the operator" in said
    checks = set(chain_table(test)["Check"])
    assert checks <= {"✔ verified", "– gap"}
    assert "✔ verified" in checks


def test_a_changed_byte_is_found_and_its_place_named(filled: World, opened: Opened):
    test = opened(filled, id=filled.decision)
    with changed(filled, filled.decision):
        test = press(test, "Verify now")
    assert not test.exception
    said = texts(test)
    assert "the evidence contradicts itself (alteration, corruption or defect" in said
    assert "✖ failed" in set(chain_table(test)["Check"])
    assert "place     " in said
    assert "expected  " in said
    assert "actual    " in said
    assert "tamper" not in said.lower()
    assert "matches the log" not in said.lower()


def test_a_changed_row_is_found_against_the_log(filled: World, opened: Opened):
    statement = "UPDATE decisions.decision SET output = %s WHERE event_id = %s"
    filled.made.tamper(statement, "granted", filled.decision)
    try:
        test = press(opened(filled, id=filled.decision), "Verify now")
    finally:
        filled.made.tamper(statement, "accept", filled.decision)
    said = texts(test)
    assert "column output" in said
    assert "expected  accept" in said
    assert "actual    granted" in said


def test_an_event_that_is_no_decision_leads_to_its_decisions(
    filled: World, opened: Opened
):
    test = opened(filled, id=str(filled.story.id("release")))
    said = texts(test)
    assert "Latest decisions by this release" in said
    assert len(test.dataframe[0].value) == 25
    test = press(test, "Verify now")
    assert "✔ The event is in the log as it is shown" in texts(test)


def test_a_chain_leads_from_event_to_event(filled: World, opened: Opened):
    """Decision, deployment, release, version, run, data set version: no dead end."""
    ids = {name: str(filled.story.id(name)) for name in CHAINED}
    assert set(ids.values()) <= addresses(opened(filled, id=filled.decision))
    for index, name in list(enumerate(CHAINED))[:5:2]:
        test = opened(filled, id=ids[name])
        assert not test.exception
        further = {ids[later] for later in CHAINED[index + 1 :]}
        assert further <= addresses(test), name


def test_an_event_shows_what_was_signed_or_that_it_contradicts_itself(
    filled: World, opened: Opened
):
    release = str(filled.story.id("release"))
    said = texts(opened(filled, id=release))
    assert "What was signed. An id opens the event it names." in said
    assert "A model version was bound to everything it is deployed with." in said
    with changed(filled, release):
        test = opened(filled, id=release)
    assert not test.exception
    assert "the evidence contradicts itself" in test.error[0].value
    assert "What was signed. An id" not in texts(test)


def test_what_is_not_found_gets_reasons(filled: World, opened: Opened):
    wanted = format_id(new_id())
    test = opened(filled, id=wanted)
    assert not test.exception
    said = texts(test)
    assert f"Nothing is recorded under {wanted}." in said
    assert "every sealed entry has been projected" in said
    assert "every record of the log is sealed" in said
    assert "by its own digits the id is of 2" in said


def test_a_decision_that_waits_says_for_what(
    tmp_path, postgres_server: str, opened: Opened
):
    from tests.dashboard.conftest import world_in

    with world_in(tmp_path, postgres_server, decisions=1) as world:
        ledger = world.made.ledger
        waiting = bare_decision()
        ledger.stream(0).append([waiting])
        wanted = format_id(waiting.event_id)
        assert "about 1 records of the log wait" in texts(opened(world, id=wanted))
        ledger.seal()
        assert "1 sealed entries wait" in texts(opened(world, id=wanted))
        world.made.project()
        assert "Release" in texts(opened(world, id=wanted))


@pytest.mark.parametrize("wanted", ["7", "<script>", "not-an-id"])
def test_what_is_no_id_is_said_to_be_none(filled: World, opened: Opened, wanted: str):
    test = opened(filled, id=wanted)
    assert not test.exception
    assert "This is not an id" in texts(test)


def test_a_database_that_is_away_is_told_from_an_empty_one(
    filled: World, opened: Opened
):
    away = "host=127.0.0.1 port=1 dbname=none user=none connect_timeout=1"
    test = opened(filled, dsn=away)
    assert not test.exception
    assert "The database is away" in texts(test)
    assert "Nothing is lost" in texts(test)


def test_projections_that_are_not_there_yet_say_how_to_make_them(
    filled: World, opened: Opened, postgres_dsn: str
):
    test = opened(filled, dsn=postgres_dsn)
    assert not test.exception
    assert "the projections are not there yet" in texts(test)
    assert "mlledger worker --once" in texts(test)


def test_a_home_without_a_ledger_shows_the_first_steps(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    from tests.conftest import ROOT

    monkeypatch.setenv("MLLEDGER_HOME", str(tmp_path))
    test = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    test.run()
    assert not test.exception
    assert "mlledger init" in texts(test)


def test_the_page_says_how_it_was_computed(filled: World, opened: Opened):
    said = texts(opened(filled))
    assert "acme/p0" in said
    assert "projections/decisions/sql/decision_list.sql" in said
    assert "ORDER BY d.time DESC" in said


def ask(test: AppTest, question: str, **given: str) -> AppTest:
    """Choose a question, fill its form in, and ask."""
    test = test.selectbox[0].set_value(question).run()
    for name, text in given.items():
        test.text_input(key=f"{question} {name}").set_value(text)
    return press(test, "Ask")


def test_a_question_is_asked_and_answered_with_links_and_gaps(
    filled: World, opened: Opened
):
    test = opened(filled, "questions")
    assert not test.exception
    assert (
        "Q02: What answered in an environment at a moment" in test.selectbox[0].options
    )
    said = texts(ask(test, "live_at", environment="production"))
    assert "Answer" in said
    assert "EU AI Act, Article 12(1)" in said
    assert str(filled.story.id("release")) in addresses(test)
    assert "Not recorded" in said
    assert "projections.registry" not in said
    assert "projections/registry/sql/live_at.sql" in said
    said = texts(ask(test, "live_at", environment="nowhere"))
    assert "Nothing matches" in said
    said = texts(ask(test, "administrator_actions", limit="1"))
    assert "Not all is shown" in said
    assert "limit=10" in said.replace("\\", "")


def test_a_question_says_what_it_lacks_and_what_is_no_id(filled: World, opened: Opened):
    test = opened(filled, "questions")
    said = texts(ask(test, "change_diff", release_a="7"))
    assert "To ask this, fill in: release b." in said
    said = texts(ask(test, "change_diff", release_a="7", release_b="8"))
    assert "release_a" in said
    assert not test.exception
