"""The registry answers for any moment: names, gates, differences, people; commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from ledger.blobs import Blobs
from ledger.errors import InvalidEventError, NotFoundError
from projections.asking import Bounds, ask
from projections.controls.engine import evaluate
from projections.controls.rulebook import rule_named
from projections.database import Database
from projections.registry import naming, queries, standing
from projections.registry.ancestry import ancestry
from projections.registry.gates import GateCheck, gates, is_open
from projections.registry.inventory import PROFILES, inventory
from projections.registry.ownership import hand_overs, ownership, unexplained
from projections.registry.release_sides import change_diff
from projections.registry.run_sides import run_diff
from projections.registry.search import search_models, search_runs, search_versions
from tests.support import registry
from tests.support.commands import application
from tests.support.postgres import fresh_database
from tests.support.registry import (
    ANA,
    BELA,
    CHEN,
    DORA,
    MODEL,
    NOW,
    SYSTEM,
    Told,
    day,
    until,
)
from tests.support.story import Answered

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Told]:
    folder: Path = tmp_path_factory.mktemp("registry")
    with fresh_database(postgres_server) as dsn, registry.told(folder, dsn) as made:
        yield made


def meant(told: Told, name: str, bounds: Bounds) -> str | None:
    found = told.ask(naming.alias_at, MODEL, alias=name, bounds=bounds)
    return found[0].version if found else None


def test_the_champion_of_any_day_is_known(told: Told):
    assert meant(told, "champion", until(1)) is None
    assert meant(told, "champion", until(3)) == "v1"
    assert meant(told, "champion", until(11)) == "v2"
    assert meant(told, "champion", until(11, known=day(5))) == "v1"
    assert meant(told, "champion", Bounds(datetime(2027, 6, 1, tzinfo=UTC))) is None


def test_a_late_alias_counts_as_of_its_day_and_not_as_known_then(told: Told):
    assert meant(told, "edge", until(4)) == "v1"
    assert meant(told, "edge", until(4, known=day(5))) is None


def test_of_two_aliases_at_one_moment_the_later_event_counts(told: Told):
    history = told.ask(naming.alias_history, MODEL, alias="canary")
    assert [one.version for one in history] == ["v2", "v1"]
    assert history[0].time == history[1].time
    assert history[0].event_id > history[1].event_id
    assert [one.contradicts for one in history] == [True, False]
    assert meant(told, "canary", until(31)) == "v2"


def test_the_history_of_an_alias_has_no_gaps(told: Told):
    history = told.ask(naming.alias_history, MODEL, alias="champion")
    assert [one.version for one in history] == [None, "v2", "v1"]
    assert [one.identity for one in history[1:]] == [CHEN, ANA]
    assert [one.valid_to for one in history] == [None, *(h.time for h in history[:-1])]


def test_tags_are_of_the_thing_and_of_the_moment(told: Told):
    found = told.ask(naming.tags, told.id("v1"), bounds=until(31))
    assert [(one.key, one.value) for one in found] == [("team", "red")]
    assert told.ask(naming.tags, told.id("v1"), bounds=until(1)) == []


def test_a_models_name_stays_and_its_title_changes(told: Told):
    (model,) = told.ask(queries.model_list, model=MODEL)
    (before,) = told.ask(queries.model_list, model=MODEL, bounds=until(11))
    assert (model.model, model.title, model.owner) == (MODEL, "Loans of the bank", DORA)
    assert model.lifecycle == "production"
    assert (before.title, before.owner, before.lifecycle) == (None, ANA, None)


def check(told: Told, name: str, moment: datetime = NOW, **options: Any) -> GateCheck:
    (found,) = told.ask(
        gates, deployment=told.id(name), now=moment, bounds=Bounds(moment), **options
    )
    return found


def test_a_gate_counts_a_second_person_within_the_mandate(told: Told):
    found = check(told, "prod v1")
    assert (found.gate, found.status, found.approved_by) == (
        "production",
        "met",
        [BELA],
    )
    assert (found.second_person, found.mandate_valid) == ("yes", True)
    assert any(ANA in note for note in found.notes)


def test_a_gate_for_another_tier_and_no_gate_outside_production(told: Told):
    assert check(told, "prod v1").materiality == "medium"
    assert check(told, "test v1").status == "no gate"


def test_an_emergency_is_due_then_met_afterwards_then_lapsed(told: Told):
    assert check(told, "prod v2", day(11)).status == "due"
    afterwards = check(told, "prod v2", day(15))
    assert (afterwards.status, afterwards.lapsed_at) == ("met afterwards", None)
    revoked = check(told, "prod v2")
    assert revoked.status == "met afterwards"
    assert revoked.lapsed_at is not None
    assert is_open(revoked)
    short = check(told, "prod v2", day(15), emergency_days=1)
    assert short.status == "overdue"


def test_what_was_known_then_decides_what_a_gate_was(told: Told):
    known = Bounds(day(15), day(11))
    (found,) = told.ask(gates, deployment=told.id("prod v2"), now=NOW, bounds=known)
    assert found.status == "due"


def test_approvals_say_whether_the_approver_was_free_to(told: Told):
    rows = told.ask(queries.approvals, object_id=told.id("release v1"))
    by = {one.identity: one for one in rows}
    assert by[BELA].approver_among_recorded_authors == "no"
    assert by[ANA].approver_among_recorded_authors == "yes"
    assert (by[BELA].mandate_valid, by[ANA].mandate_valid) == (True, False)
    assert (by[BELA].org_unit_differs, by[BELA].line_of_defence) == (None, "2")
    assert by[BELA].signature_kind == "person_key"


def test_a_service_that_signs_in_a_persons_place_tells_no_second_person(told: Told):
    """As if a key that attests for persons had signed what bela signed."""
    rule = rule_named("approval-second-person-unknown")
    moments = {"as_of": day(5), "known_as_of": day(5)}
    with told.pretending() as connection:
        assert not evaluate(connection, [rule], **moments)[0].breaches
        connection.execute(
            "UPDATE integrity.event SET identity_kind = 'service' "
            "WHERE type = 'registry.approval.decided' AND identity = %s",
            (BELA,),
        )
        rows = queries.approvals(connection, object_id=told.id("release v1"))
        found = evaluate(connection, [rule], **moments)[0].breaches.values()
    by = {one.identity: one.approver_among_recorded_authors for one in rows}
    assert by == {BELA: "unknown", ANA: "yes"}
    (cause,) = [one.cause for one in found if one.object_name == "r-v1 in prod"]
    assert cause is not None
    assert f"by {BELA}. That is a service, which attests for a person" in cause


def test_the_history_of_deployments_names_reasons_and_rollbacks(told: Told):
    steps = told.ask(queries.deployment_history, system=SYSTEM, environment="prod")
    said = [(one.change, one.version, one.reason) for one in steps]
    assert said == [
        ("activated", "v1", None),
        ("activated", "v2", None),
        ("deactivated", "v1", "v2 took over"),
        ("activated", "v1", None),
        ("deactivated", "v2", "wrong"),
    ]
    assert [one.rollback_of for one in steps if one.change == "activated"] == [
        None,
        None,
        told.id("prod v1"),
    ]
    assert steps[0].valid_to == steps[2].time


def test_two_releases_side_by_side(told: Told):
    found = told.ask(change_diff, told.id("release v1"), told.id("release v2"))
    state = {(one.dimension, one.name): one.state for one in found.differences}
    assert state["parameters", "rate"] == "changed"
    assert state["parameters", "depth"] == "same"
    assert state["thresholds", "high"] == "changed"
    assert state["configuration", "configuration"] == "same"
    assert state["sources", "web"] == "changed"
    assert state["sources", "bureau"] == "same"
    assert state["metrics", "auc"] == "changed"
    assert state["uses", "use credit"] == "same"
    assert state["environment", "release"] == "not_recorded"
    assert (found.change_class, found.decided_by) == ("predetermined", [BELA])
    assert {"code", "data"} <= set(found.changed)


def test_two_runs_side_by_side(told: Told):
    found = told.ask(run_diff, told.id("run v1"), told.id("run v2"))
    state = {(one.dimension, one.name): one.state for one in found}
    assert state["parameters", "rate"] == "changed"
    assert state["seeds", "numpy"] == "same"
    assert state["environment of the run", "-"] == "not_recorded"
    with pytest.raises(NotFoundError):
        told.ask(run_diff, told.id("run v1"), told.id("v1"))


def test_stages_that_nobody_can_explain(told: Told):
    roles = told.ask(ownership, MODEL, now=NOW)
    assert [one.principal for one in roles if one.stage == "training"] == [DORA]
    assert unexplained(roles) == [
        "whole",
        "features",
        "evaluation",
        "deployment",
        "monitoring",
    ]
    (handed,) = told.ask(hand_overs, MODEL)
    assert (handed.handed_over_from, handed.principal) == (ANA, DORA)
    assert len(unexplained(told.ask(ownership, MODEL, now=NOW, bounds=until(5)))) == 7


def test_the_inventory_in_every_profile(told: Told):
    for profile, columns in PROFILES.items():
        rows = told.ask(inventory, profile=profile, now=NOW)
        assert all(tuple(row.columns) == columns for row in rows)
    rows = {r.name: r for r in told.ask(inventory, profile="models", now=NOW)}
    assert rows[MODEL].columns["environments"] == ["prod", "test"]
    assert "validator" in rows[MODEL].not_recorded
    (system,) = told.ask(inventory, profile="annex-viii", now=NOW)
    assert system.columns["member_states"] == ["DE"]
    assert system.columns["classes"] == {"eu-ai-act": "high_risk"}
    assert system.columns["owner"] == BELA
    with pytest.raises(InvalidEventError, match="profile"):
        told.ask(inventory, profile="x", now=NOW)


def test_what_runs_and_is_not_registered(told: Told):
    found = told.ask(standing.unregistered_in_use)
    assert [(one.kind, one.service) for one in found] == [
        ("observation", "unknown-api")
    ]


def test_exceptions_end(told: Told):
    names = [
        [one.exception for one in told.ask(standing.exceptions_in_force, now=moment)]
        for moment in (day(1), day(21), NOW)
    ]
    assert names == [[], ["EX-short", "EX-long"], ["EX-long"]]


def test_uses_that_were_never_approved(told: Told):
    found = told.ask(standing.use_outside_approval)
    assert {(one.use, one.status, one.decisions) for one in found} == {
        ("marketing", "restricted", 1),
        (None, "no use", 1),
    }


def test_one_label_for_two_contents_is_a_conflict(told: Told):
    versions = told.ask(queries.model_versions, model=MODEL, version="v1")
    assert [one.conflicting for one in versions] == [True, True]
    before = told.ask(queries.model_versions, model=MODEL, bounds=until(11))
    assert [one.conflicting for one in before] == [False, False]
    releases = told.ask(queries.releases, label="r-v1")
    assert [one.conflicting for one in releases] == [True, True]
    (recalled,) = told.ask(queries.releases, label="r-v2")
    assert (recalled.ended, recalled.ended_reason) == ("recalled", "harm")


def test_a_circle_of_parents_is_walked_once_and_named(told: Told):
    found = told.ask(ancestry, told.id("circle 0"))
    said = [(one.depth, one.parent.version, one.circular) for one in found.ancestors]
    assert said == [(1, "circle 1", False), (2, "circle 0", True)]
    assert not found.truncated
    assert [one.parent.exact for one in found.ancestors] == [False, False]
    cut = told.ask(ancestry, told.id("circle 0"), depth=1)
    assert (cut.truncated, cut.reason) == (True, "deeper than 1 levels")


@pytest.mark.parametrize(
    ("search", "filter_", "expected"),
    [
        (search_models, "name = 'loans' AND tags.tier = '1'", ["loans"]),
        (search_models, "versions > 2 AND lifecycle = 'production'", ["loans"]),
        (search_models, "title ILIKE '%THE BANK' ", ["loans"]),
        (search_models, "tags.absent != '1'", []),
        (search_versions, "tags.team = 'red'", ["v1"]),
        (search_versions, "metrics.auc >= 0.85 AND name LIKE 'loa%'", ["v2"]),
        (search_versions, "params.rate IN ('0.1', '0.3') AND tags.team='red'", ["v1"]),
        (search_versions, "version = 'v1' AND params.rate = '0.1'", ["v1"]),
        (search_runs, "metrics.auc = 0.8 AND tags.team = 'blue'", ["train"]),
        (search_runs, "status = 'FINISHED' AND params.`rate` != '0.1'", ["train"]),
        (search_runs, "params.rate = '; DROP TABLE x; --'", []),
    ],
)
def test_search_speaks_the_filter_language(
    told: Told, search: Any, filter_: str, expected: list[str]
):
    found = told.ask(search, filter=filter_)
    names = [
        getattr(o, "version", None) or getattr(o, "run", o.__class__) for o in found
    ]
    models = [getattr(one, "model", "") for one in found]
    assert (models if search is search_models else names) == expected


VALUES = ("-Infinity", "-2.5", "-0.0", "0", "3", "12", "Infinity", "NaN", None)
WORDS = ("", "a", "ab", "a!", "b", "ä", "𝄞", None)


def _imagine(connection: Any) -> list[tuple[str, str | None, str | None]]:
    """Put runs into the tables; returns their ids, last metrics and tags."""
    made: list[tuple[str, str | None, str | None]] = []
    for number, (value, word) in enumerate(product(VALUES, WORDS)):
        run = str(UUID(int=number + 1))
        connection.execute(
            "INSERT INTO lineage.run (event_id, time, sealed_at, origin, leaf, idx, "
            "identity, run) SELECT %s, time, sealed_at, origin, leaf, idx, identity, "
            "'imagined' FROM lineage.run LIMIT 1",
            [run],
        )
        metrics = [] if value is None else [{"name": "score", "value": value}]
        tags = {} if word is None else {"word": word}
        connection.execute(
            "INSERT INTO lineage.run_update (event_id, time, sealed_at, origin, leaf, "
            "idx, identity, run_id, metrics, tags) SELECT gen_random_uuid(), time, "
            "sealed_at, origin, leaf, idx, identity, %s, %s, %s FROM lineage.run "
            "LIMIT 1",
            [run, Jsonb(metrics), Jsonb(tags)],
        )
        made.append((run, value, word))
    return made


def _sorted(rows: list[Any], place: int, *, number: bool, down: bool) -> list[Any]:
    def key(row: Any) -> Any:
        return float(row[place]) if number else row[place].encode()

    said = [row for row in rows if row[place] not in (None, "NaN")]
    said.sort(key=key, reverse=down)
    odd = [row for row in rows if row[place] == "NaN"]
    return said + odd + [row for row in rows if row[place] is None]


@pytest.mark.parametrize("down", [(False, False), (True, False), (True, True)])
def test_search_is_ordered_as_mlflow_orders_and_pages_neither_skip_nor_repeat(
    told: Told, down: tuple[bool, bool]
):
    score, word = ("DESC" if one else "ASC" for one in down)
    wanted = {
        "filter": "run_name = 'imagined'",
        "order_by": f"metrics.score {score}, tags.word {word}",
    }
    with told.pretending() as connection:
        rows = sorted(_imagine(connection), reverse=False)
        whole = search_runs(connection, **wanted)
        pages, token = [search_runs(connection, **wanted, limit=7)], ""
        while token := pages[-1].next_page_token:
            pages.append(search_runs(connection, **wanted, limit=7, page_token=token))
    by_word = _sorted(rows, 2, number=False, down=down[1])
    expected = _sorted(by_word, 1, number=True, down=down[0])
    assert [str(one.event_id) for one in whole] == [row[0] for row in expected]
    assert not whole.next_page_token
    assert [one for page in pages for one in page] == whole
    assert len(pages) == 11


def test_a_run_that_comes_in_between_neither_repeats_nor_hides_others(told: Told):
    with told.pretending() as connection:
        first = search_runs(connection, limit=1)
        connection.execute(
            "INSERT INTO lineage.run (event_id, time, sealed_at, origin, leaf, idx, "
            "identity, run) SELECT gen_random_uuid(), time + interval '1 day', "
            "sealed_at, origin, leaf, idx, identity, 'newer' FROM lineage.run "
            "ORDER BY time DESC LIMIT 1"
        )
        rest = search_runs(connection, page_token=first.next_page_token)
    assert [one.event_id for one in [*first, *rest]] == [
        one.event_id for one in told.ask(search_runs)
    ]


def _say_again(connection: Any) -> None:
    """Let every run and version be told more: twice at once, earlier, and slices."""
    for moment, metrics in (
        ("0 s", [{"name": "again", "value": 1}, {"name": "again", "value": 2}]),
        ("0 s", [{"name": "again", "value": 3}, {"name": "auc", "value": 0.5}]),
        ("-1 s", [{"name": "again", "value": 4}, {"name": "first", "value": "NaN"}]),
    ):
        connection.execute(
            "INSERT INTO lineage.run_update (event_id, time, sealed_at, origin, leaf, "
            "idx, identity, run_id, metrics, tags, parameters) SELECT "
            "gen_random_uuid(), time + %s::interval, sealed_at, origin, leaf, idx, "
            "identity, event_id, %s, %s, %s FROM lineage.run",
            [moment, Jsonb(metrics), Jsonb({"m": moment}), Jsonb({"rate": moment})],
        )
    connection.execute(
        "INSERT INTO lineage.evaluation (event_id, time, sealed_at, origin, leaf, idx, "
        "identity, model_version_id, metrics, criteria) SELECT gen_random_uuid(), time,"
        " sealed_at, origin, leaf, idx, identity, event_id, %s, '{}' "
        "FROM registry.model_version",
        [Jsonb([{"name": "whole", "value": 5, "slice": None},
                {"name": "whole", "value": 6, "slice": "age < 30"}])],
    )  # fmt: skip


@pytest.mark.parametrize("bounds", [until(31), until(11, known=day(5)), until(3)])
@pytest.mark.parametrize("search", [search_runs, search_versions])
def test_a_condition_looks_at_what_the_answer_says(
    told: Told, search: Any, bounds: Bounds
):
    with told.pretending() as connection:
        _say_again(connection)
        rows = search(connection, bounds=bounds)
        said = {
            (scope, key, value)
            for row in rows
            for scope in ("tags", "params", "metrics")
            for key, value in getattr(row, scope).items()
            if value != "NaN"
        }
        for scope, key, value in said:
            written = value if scope == "metrics" else f"'{value}'"
            found = search(
                connection, filter=f"{scope}.`{key}` = {written}", bounds=bounds
            )
            assert found == [o for o in rows if getattr(o, scope).get(key) == value]
    assert {scope for scope, _, _ in said} == {"tags", "params", "metrics"}


def test_a_page_token_fits_its_own_question_alone(told: Told):
    token = told.ask(search_versions, limit=1).next_page_token
    assert len(told.ask(search_versions, page_token=token)) > 0
    for changed in (
        {"filter": "version LIKE 'v%'"},
        {"order_by": "version DESC"},
        {"bounds": until(11)},
    ):
        with pytest.raises(InvalidEventError, match="another filter, order or time"):
            told.ask(search_versions, page_token=token, **changed)
    with pytest.raises(InvalidEventError, match="another filter"):
        told.ask(search_runs, page_token=token)
    for forged in ("x", "e30", "*", "W10", token[:-4], token + "A" * 4):
        with pytest.raises(InvalidEventError, match="page token"):
            told.ask(search_versions, page_token=forged)


def test_pages_by_command(told: Told):
    words = ["run", "ls", "--order-by", "metrics.auc DESC", "--limit", "1"]
    first = command(told, *words)
    token = first.envelope["meta"]["next_page_token"]
    assert first.data[0]["params"]["rate"] == "0.2"
    second = command(told, *words, "--page-token", token)
    assert second.data[0]["params"]["rate"] == "0.1"
    refused = command(told, "run", "ls", "--page-token", token)
    assert refused.exit == 2
    asked = command(told, "query", "search_models", "-p", "order_by=versions DESC")
    assert asked.data[0]["model"] == MODEL
    assert asked.envelope["meta"]["next_page_token"] is None
    bad = command(told, "model", "ls", "--order-by", "versions DOWN")
    assert "order_by, character 10" in bad.envelope["errors"][0]["message"]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("release", "ls"), "release_id"),
        (("release", "ls", "--model", MODEL, "--as-of", "2026-03-11"), "release_id"),
        (("deployment", "ls"), "deployment_id"),
        (("deployment", "ls", "--env", "prod"), "deployment_id"),
        (("event", "ls", "--type", "registry."), "event_id"),
        (("decision", "ls"), "decision_id"),
    ],
)
def test_pages_of_a_list_are_together_the_list(
    told: Told, words: tuple[str, ...], key: str
):
    whole = command(told, *words, "--limit", "1000")
    assert len(whole.data) > 1
    assert (
        whole.envelope["meta"] | {"next_page_token": None, "complete": True}
        == (whole.envelope["meta"])
    )
    paged, token = list[Any](), ""
    while token is not None:
        page = command(told, *words, "--limit", "1", "--page-token", token)
        paged += page.data
        token = page.envelope["meta"]["next_page_token"]
        assert page.envelope["meta"]["complete"] is (token is None)
        cuts = [one for one in page.envelope["warnings"] if one.startswith("cut at")]
        assert len(cuts) == (token is not None)
    assert paged == whole.data
    assert len({row[key] for row in paged}) == len(paged)
    first = command(told, *words, "--limit", "1").envelope["meta"]
    other = command(
        told, "model", "ls", "--page-token", first["next_page_token"], "--limit", "1"
    )
    assert other.exit == 2


LISTS = ("version_list", "releases", "aliases", "changes")


def test_lists_within_an_answer_say_where_they_are_cut(told: Told):
    cut = command(told, "model", "show", MODEL, "--limit", "1").envelope
    assert not cut["meta"]["complete"]
    assert any(one.startswith("version_list: cut at 1") for one in cut["warnings"])
    assert all(len(cut["data"][one]) <= 1 for one in LISTS)
    whole = command(told, "model", "show", MODEL)
    assert whole.envelope["meta"]["complete"]
    just = str(max(len(whole.data[one]) for one in LISTS))
    exact = command(told, "model", "show", MODEL, "--limit", just).envelope
    assert exact["meta"]["complete"], "as many as there are is all"
    listed = command(told, "model", "alias", "history", MODEL, "--limit", "1").envelope
    assert (len(listed["data"]), listed["meta"]["complete"]) == (1, False)
    asked = command(told, "query", "releases", "-p", "limit=1").envelope
    assert any("-p limit=10" in one for one in asked["warnings"])
    assert not asked["meta"]["complete"]
    assert command(told, "query", "releases").envelope["meta"]["complete"]
    compared = command(told, "run", "compare", "--limit", "1").envelope
    assert compared["meta"]["next_page_token"]


def test_ten_thousand_aliases_are_answered_in_pages(told: Told):
    told.copy_alias("edge", model="many", count=10_000)
    found = told.ask(naming.alias_at, "many", limit=20_000)
    assert len(found) == 10_000
    assert found[0].foreign_model
    assert found[-1].alias == "z09999"
    assert len(told.ask(naming.alias_at, "many", limit=50)) == 50
    history = told.ask(naming.alias_history, "many", alias="z00007")
    assert [one.version for one in history] == ["v1"]


def command(told: Told, *arguments: object) -> Answered:
    return told.home.ask(*arguments)


def printed(told: Told, *arguments: object) -> str:
    words = [str(one) for one in arguments]
    done = CliRunner().invoke(application(), words, env=told.home.environment)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_model_show_says_what_it_is_called_and_who_can_explain_it(told: Told):
    data = command(told, "model", "show", MODEL).data
    assert (data["title"], data["lifecycle"]) == ("Loans of the bank", "production")
    assert data["aliases"] == {"canary": "v2", "champion": "v2", "edge": "v1"}
    assert data["tags"] == {"tier": "1"}
    assert data["experts"]["training"] == [DORA]
    assert "features" in data["nobody_can_explain"]
    assert data["hand_overs"][0]["handed_over_from"] == ANA
    assert {one["environment"] for one in data["live"]} == {"prod", "test"}


def test_model_show_of_a_version_names_its_ancestry(told: Told):
    data = command(told, "model", "show", "circles@circle 0").data
    (found,) = data["ancestry"]
    assert [one["circular"] for one in found["parents"]] == [False, True]


def test_models_are_listed_by_environment_with_age_and_difference(told: Told):
    rows = command(
        told, "model", "ls", "--by-environment", "--as-of", "2026-03-15"
    ).data
    by = {row["environment"]: row for row in rows}
    assert (by["prod"]["version"], by["prod"]["days_behind"]) == ("v2", 0.0)
    assert by["test"]["version"] == "v1"
    assert by["test"]["days_behind"] == pytest.approx(8.0)
    assert by["test"]["age_days"] == pytest.approx(12.6)
    assert by["test"]["differs"][0] == "release r-v2"
    assert {"parameters", "data", "thresholds"} <= set(by["test"]["differs"])
    assert by["prod"]["differs"] == []


def test_models_are_filtered_and_a_bad_filter_says_where(told: Told):
    found = command(told, "model", "ls", "--filter", "tags.tier = '1'")
    assert [row["model"] for row in found.data] == [MODEL]
    bad = command(told, "model", "ls", "--filter", "tags.tier = 1 OR name = 'x'")
    assert bad.exit == 2
    assert "character 13" in bad.envelope["errors"][0]["message"]
    for words in (("--filter", "metrics.auc > 0.5"), ("--order-by", "params.rate")):
        none = command(told, "model", "ls", *words)
        assert none.exit == 2
        assert (
            "a model has attributes and tags" in none.envelope["errors"][0]["message"]
        )


def test_aliases_are_listed_at_a_moment_and_their_history_marks_what_is_late(
    told: Told,
):
    at = command(told, "model", "alias", "ls", MODEL, "--as-of", "2026-03-04T00:00:00Z")
    assert {row["alias"]: row["version"] for row in at.data} == {
        "champion": "v1",
        "edge": "v1",
    }
    history = command(told, "model", "alias", "history", MODEL).data
    late = {row["alias"]: row["late"] for row in history if row["late"]}
    assert late["edge"].startswith("late: sealed 16.9 days after")
    assert late["champion"].startswith("ahead: dated")


def test_deployments_show_their_gates(told: Told):
    rows = command(told, "deployment", "ls", "--env", "prod").data
    said = {row["version"]: row["gates"] for row in rows}
    assert said["v1"] == "✔ production: met"
    assert said["v2"] == "✖ production: met afterwards, lapsed"
    shown = command(told, "deployment", "show", told.id("prod v2"))
    assert "gate production: met afterwards" in shown.envelope["warnings"][0]
    assert shown.data["gates"][0]["approved_by"] == [BELA]
    text = printed(told, "deployment", "show", told.id("prod v1"))
    assert f"✔ production: met  ({BELA}; second person recorded)" in text


def test_deployments_at_a_moment(told: Told):
    rows = command(told, "deployment", "at", "2026-03-15", "--env", "prod").data
    assert [(row["version"], row["role"]) for row in rows] == [("v2", "champion")]


def test_the_gates_of_many_deployments_are_asked_for_once(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    from projections.registry import gates as module

    asked: list[str] = []

    def counting(
        connection: Any, package: str, question: str, *rest: Any, **named: Any
    ):
        asked.append(question)
        return ask(connection, package, question, *rest, **named)

    monkeypatch.setattr(module, "ask", counting)
    live = command(told, "deployment", "at", "2026-03-20").data
    assert len(live) > 1
    assert asked == ["gates", "approvals"]
    for row in live:
        shown = command(told, "deployment", "show", row["deployment_id"]).data
        assert all(one["status"] in row["gates"] for one in shown["gates"])
    assert told.ask(gates, deployments=[], now=NOW) == []


def test_configurations_at_hand_are_compared_by_key(told: Told):
    words = ["release", "diff", told.id("release v1"), f"{MODEL}@r-v2"]
    assert command(told, *words).data["configuration"]["said"] == "same"
    blobs = Blobs(told.world.config.blobs)
    digest = blobs.put(b'{"threshold": 0.5}'), blobs.put(b'{"threshold": 0.6}')
    change = "UPDATE registry.release SET configuration_digest = %s WHERE event_id = %s"
    first, second = told.id("release v1"), told.id("release v2")
    with (
        Database.open(told.world.config) as database,
        database.connect("owner", autocommit=True) as connection,
    ):
        (before,) = connection.execute(
            "SELECT configuration_digest FROM registry.release WHERE event_id = %s",
            [first],
        ).fetchone()
        try:
            connection.execute(change, [f"sha256:{'1' * 64}", second])
            away = command(told, *words).data["configuration"]
            for release, one in ((first, digest[0]), (second, digest[1])):
                connection.execute(change, [one, release])
            here = command(told, *words).data["configuration"]
            text = printed(told, *words)
        finally:
            for release in (first, second):
                connection.execute(change, [before, release])
    assert away == {"said": "contents not at hand: digests differ", "keys": []}
    assert here["keys"] == [
        {"key": "threshold", "change": "changed", "before": "0.5", "after": "0.6"}
    ]
    assert "  changed  threshold: 0.5 → 0.6" in text


def test_releases_are_listed_shown_and_compared(told: Told):
    rows = command(told, "release", "ls", "--model", MODEL).data
    assert {row["release"]: row["ended"] for row in rows}["r-v2"] == "recalled"
    shown = command(told, "release", "show", "r-v2").data
    assert [one["change"] for one in shown["deployments"]] == [
        "activated",
        "deactivated",
    ]
    assert command(told, "release", "show", "r-v1").exit == 11
    diff = command(told, "release", "diff", told.id("release v1"), f"{MODEL}@r-v2").data
    assert "thresholds" in diff["changed"]
    text = printed(told, "release", "diff", told.id("release v1"), "r-v2")
    assert f"change class predetermined, approved by {BELA}" in text
    assert "Not recorded: " in text


def test_runs_are_compared_as_csv(told: Told):
    text = printed(
        told, "run", "compare", "--x", "rate", "--y", "metrics.auc", "-o", "csv"
    )
    header, *lines = text.splitlines()
    assert header == "run_id,time,run,params.rate,metrics.auc"
    assert {tuple(line.split(",")[3:]) for line in lines} == {
        ("0.1", "0.8"),
        ("0.2", "0.85"),
    }
    every = command(told, "run", "compare").data[0]
    assert every["latency.latency_us.p50"] == 9.0
    assert every["compute.wall_us"] == 5_000_000
    near = command(told, "run", "compare", "--x", "metrics.acu")
    assert (near.exit, near.envelope["errors"][0]["hint"]) == (
        4,
        "did you mean metrics.auc?",
    )


def test_a_run_from_an_unbuilt_tree_is_visible(told: Told):
    built = command(told, "run", "show", told.id("run v1")).data
    assert built["build"].startswith("built: trainer sha256:")
    assert built["build"].endswith("its tests passed")
    unbuilt = command(told, "run", "show", told.id("run v2")).data
    assert unbuilt["build"].startswith("from an unbuilt tree")


def test_runs_are_filtered_and_laid_side_by_side(told: Told):
    found = command(told, "run", "ls", "--filter", "metrics.auc > 0.82").data
    assert [row["params"]["rate"] for row in found] == ["0.2"]
    rows = command(told, "run", "diff", told.id("run v1"), told.id("run v2")).data
    assert {"dimension", "name", "before", "after", "state"} <= rows[0].keys()
    assert not any(row["state"] == "same" for row in rows)


def test_what_commands_record_is_answered_afterwards(told: Told):
    def done(*words: object) -> dict[str, Any]:
        answer = command(told, *words)
        assert answer.exit == 0, answer.envelope
        return answer.data

    version, again = "circles@circle 0", told.id("release again")
    done("model", "alias", "set", "circles", "trial", "circle 0", "--by", ANA)
    done("model", "tag", "set", version, "team", "green")
    done("release", "withdraw", again, "--reason", "again", "--by", BELA)
    told.world.later(1)
    told.world.seal()
    (row,) = done("model", "alias", "ls", "circles", "--alias", "trial")
    assert (row["version"], row["identity"]) == ("circle 0", ANA)
    (tag,) = done("model", "tag", "ls", version)
    assert (tag["key"], tag["value"]) == ("team", "green")
    assert done("release", "show", again)["ended"] == "withdrawn"
    done("model", "alias", "rm", "circles", "trial")
    done("model", "tag", "rm", version, "team")
    told.world.seal()
    assert done("model", "alias", "ls", "circles", "--alias", "trial") == []
    assert done("model", "tag", "ls", version) == []
    assert command(told, "model", "alias", "rm", "circles", "trial").exit == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["model", "alias", "set", MODEL, "champion", "v9"],
        ["model", "alias", "set", "nobody", "champion", "v1"],
        ["model", "tag", "ls", "nobody"],
        ["release", "show", "r-v9"],
        ["release", "diff", "r-v9", "r-v2"],
        ["model", "show", "nobody"],
    ],
)
def test_what_is_not_recorded_is_not_found(told: Told, arguments: list[str]):
    assert command(told, *arguments).exit == 4


def test_a_label_of_two_contents_is_a_conflict(told: Told):
    answer = command(told, "model", "alias", "set", MODEL, "champion", "v1")
    assert answer.exit == 11
