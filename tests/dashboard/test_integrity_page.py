"""The integrity page tells match, contradiction and not knowing apart."""

from __future__ import annotations

import pytest

from ledger import clock
from ledger.administration import append_as_operator
from ledger.clock import new_id
from tests.dashboard.conftest import Opened, World, texts, world_in
from tests.support.database import record
from tests.support.story import changed_record

pytestmark = pytest.mark.postgres
HOUR_US = 3_600_000_000


def origins(test):
    (table,) = [t.value for t in test.table if "Origin" in t.value.columns][:1]
    return table.set_index("Origin")


def numbers(test) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def check_log(test):
    (button,) = [b for b in test.button if b.label == "Check the whole log now"]
    return button.click().run()


def test_a_match_says_to_when_and_who_else_has_seen_it(filled: World, opened: Opened):
    test = opened(filled, "integrity")
    assert not test.exception
    (said,) = [item.value for item in test.success]
    assert "matches the published tree to 2" in said
    assert "UTC; 0 witnesses, 0 outside the operator." in said
    assert "says nothing about what was never logged" in said
    assert numbers(test)["Refused records"] == "0"
    assert numbers(test)["Silent streams"] == "0"
    assert "✔ roots equal" in set(origins(test)["Check"])


def test_an_empty_ledger_has_empty_states(empty: World, opened: Opened):
    test = opened(empty, "integrity")
    assert not test.exception
    said = texts(test)
    assert "No record was refused among positions acme/control 0–" in said
    assert "No gap is known among positions" in said
    assert "No consumer was declared and none was observed." in said


def test_checking_the_whole_log_shows_every_step(filled: World, opened: Opened):
    test = check_log(opened(filled, "integrity"))
    assert not test.exception
    said = texts(test)
    assert "checks hold; ledger id" in said
    assert "acme/p0 records" in said
    assert "What is shown matches the log to 2" in test.success[0].value


def test_a_changed_byte_in_the_log_is_found(filled: World, opened: Opened):
    test = opened(filled, "integrity")
    with changed_record(filled.made.ledger.config, 0, 3):
        test = check_log(test)
    said = texts(test)
    assert "✖ failed" in said
    assert "offset 3" in said
    assert "the evidence contradicts itself" in test.error[0].value
    assert not test.success


def test_a_changed_checkpoint_is_no_match(filled: World, opened: Opened):
    path = filled.made.ledger.folder() / "checkpoint"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"\n", b"\nx", 1))
    try:
        test = opened(filled, "integrity")
    finally:
        path.write_bytes(before)
    assert not test.exception
    assert not test.success
    assert "Verification failed: the evidence contradicts itself" in texts(test)


def test_rows_that_are_missing_are_no_match(filled: World, opened: Opened):
    filled.made.tamper(
        "INSERT INTO integrity.unreadable VALUES "
        "('acme/p0', 0, 9, now(), '\\x00', '\\x00', 'added by hand')"
    )
    try:
        test = opened(filled, "integrity")
    finally:
        filled.made.tamper("DELETE FROM integrity.unreadable WHERE idx = 9")
    assert not test.success
    assert "✖ failed: events and rows differ in number" in texts(test)


def test_a_database_that_is_away_leaves_the_check_of_the_log(
    filled: World, opened: Opened
):
    away = "host=127.0.0.1 port=1 dbname=none user=none connect_timeout=1"
    test = opened(filled, "integrity", dsn=away)
    assert not test.exception
    assert "The database is away" in texts(test)


def test_refusals_gaps_and_consumers_are_explained(
    tmp_path, postgres_server: str, opened: Opened
):
    with world_in(tmp_path, postgres_server, decisions=1) as world:
        ledger = world.made.ledger
        ledger.log.append(0, b"no entry")
        lost = record(
            "ledger.gap.declared", cause="disk full", first=3, last=5, count=3
        )
        append_as_operator(ledger.config, ledger.log, [lost])
        now = clock.now_us()
        ledger.stream(0).append(
            [
                record(
                    "consumer.access.observed",
                    collector={"id": "kafka.groups", "version": "1"},
                    window_from=now - HOUR_US,
                    window_to=now,
                    complete=True,
                    resource={"kind": "kafka.topic", "id": "scores"},
                    channel="kafka.group",
                    consumer="[click](http://elsewhere.example)",
                    operation="read",
                    blind_spots=["readers without a group"],
                )
            ]
        )
        world.made.seal_and_project()
        test = opened(world, "integrity")
        assert not test.exception
        assert numbers(test)["Refused records"] == "1"
        assert numbers(test)["Known gaps"] == "1"
        assert numbers(test)["Undeclared use"] == "1"
        said = texts(test)
        assert "disk full" in said
        assert "✖ use without a declared contract: explanation needed" in said
        assert "What this evidence cannot see" in said
        assert "readers without a group" in said
        assert "[undeclared use 1](#use)" in said
        check_findings(world, opened)


def check_findings(world: World, opened: Opened) -> None:
    """A finding names what it is about and what shows it, and leads there."""
    test = opened(world, "register")
    assert "No control was checked yet" in texts(test)
    assert "No finding is recorded that is not closed." in texts(test)
    release = world.story.id("release")
    opening = record(
        "control.finding.opened",
        finding="AUD-1 [x](y)",
        origin="audit",
        severity="high",
        object=release.bytes,
        object_name="loans-1",
        cause="nobody tested it",
        evidence=[world.story.id("deployment").bytes, new_id()],
        due=clock.now_us() - HOUR_US,
    )
    world.made.ledger.stream(0).append([opening])
    world.made.seal_and_project()
    said = texts(opened(world, "register", finding="AUD-1 [x](y)"))
    assert "nobody tested it" in said
    assert f"[loans-1](./?id={release})" in said
    assert "[Deployment, 2" in said
    assert "not recorded in the ledger" in said
    assert "✖ overdue since 2" in said
    assert "?finding=AUD-1%20%5Bx%5D%28y%29" in said
    assert "No finding has the key 7" in texts(opened(world, "register", finding="7"))


def test_text_of_an_event_is_never_markup(tmp_path, postgres_server: str, opened):
    from dashboard.widgets import plain

    parted = "\u2060"  # else Markdown makes a link of a bare address, escaped or not
    assert plain("[a](http://b)") == rf"\[a\]\(http\:{parted}//b\)"
    assert plain("WWW.b.c") == rf"WWW{parted}\.b\.c"
    assert plain(":red[x] `c` <b>") == r"\:red\[x\] \`c\` \<b\>"
