"""Alerts: told once and again until they are taken, over every kind of route."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.alert_settings import AlertConfig, parse_alerts
from ledger.alerts import Notice, Outbox, is_for
from ledger.config import format_config, load_config, parse_config
from ledger.emitter import Emitter
from ledger.errors import ConfigurationError
from ledger.setup import open_emitter
from projections.alerting import Alerting, Told
from projections.golden.telling import digest
from projections.golden.world import World, auditor, scripted_world
from tests.support.postgres import fresh_database
from tests.support.sinks import http_sink, smtp_sink

SECRET = "a key that signs"


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("alerts")
    with (
        fresh_database(postgres_server) as dsn,
        scripted_world(
            folder / "home", begins="2026-02-01T08:00:00Z", dsn=dsn
        ) as world,
    ):
        world.seal()
        yield world


@pytest.fixture
def emitter(world: World) -> Iterator[Emitter]:
    (world.config.home / "alerts.json").unlink(missing_ok=True)
    with closing(open_emitter(world.config)) as emitter:
        yield emitter


def route(url: str, **fields: Any) -> AlertConfig:
    given: dict[str, Any] = {"name": "risk", "url": url, "secret": "env:K", **fields}
    return AlertConfig(**given)


def step(world: World, emitter: Emitter, *routes: AlertConfig) -> Told:
    with auditor(world.config) as connection:
        alerting = Alerting(replace(world.config, alerts=routes), emitter)
        told = alerting.step(connection)
    assert emitter.flush(60)
    return told


def found(world: World, key: str, **fields: Any) -> bytes:
    """Record a finding, sealed and projected; returns its event's id."""
    made = world.emit(
        "control.finding.opened",
        finding=key,
        origin="audit",
        **{"severity": "high", "cause": f"{key} is wrong", **fields},
    )
    world.seal()
    return made.id


def deliveries(world: World) -> list[tuple[Any, ...]]:
    world.seal()
    with auditor(world.config) as connection:
        return connection.execute(
            "SELECT route, result, attempt, status, error FROM controls.alert"
            " ORDER BY time, event_id"
        ).fetchall()


def test_a_webhook_is_a_signed_cloud_event_with_a_stable_id(
    world: World, emitter: Emitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K", SECRET)
    with http_sink(503) as sink:
        risk = route(sink.url + "/hook?x=1")
        assert step(world, emitter, risk) == Told(0, 0, 0)  # the past is not told
        known = found(world, "F-1", model="credit-score", system_id="credit")
        assert step(world, emitter, risk) == Told(0, 0, 1)
        assert step(world, emitter, risk) == Told(0, 0, 1)  # not due yet
        world.later(6)
        assert step(world, emitter, risk) == Told(1, 0, 0)
        assert step(world, emitter, risk) == Told(0, 0, 0)
    first, second = sink.requests
    assert first.path == "/hook?x=1"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    signed = (
        f"{second.headers['webhook-id']}.{second.headers['webhook-timestamp']}."
    ).encode() + second.body
    mac = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    assert second.headers["webhook-signature"] == f"v1,{mac}"
    event = json.loads(second.body)
    assert event["specversion"] == "1.0"
    assert event["type"] == "io.mlledger.control.finding.opened.v1"
    assert event["id"].replace("-", "") == known.hex()
    assert event["data"]["title"] == "finding: F-1 is wrong"
    assert event["data"]["system"] == "credit"
    assert deliveries(world)[-2:] == [
        ("risk", "failed", 1, 503, "127.0.0.1: HTTP 503"),
        ("risk", "delivered", 2, 200, None),
    ]


def test_what_a_route_does_not_want_is_not_told(
    world: World, emitter: Emitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K", SECRET)
    with http_sink() as sink, http_sink() as models:
        routes = (
            route(sink.url, min_severity="high", systems=("credit",)),
            route(models.url, name="models", kind="slack", topics=("model",)),
        )
        step(world, emitter, *routes)
        found(world, "F-2", severity="low", system_id="credit")
        found(world, "F-3", system_id="other")
        found(world, "F-4", system_id="credit")
        world.emit(
            "registry.model.registered",
            model="alerted",
            kind="classifier",
            origin="internal",
        )
        world.seal()
        assert step(world, emitter, *routes) == Told(2, 0, 0)
    assert [json.loads(r.body)["data"]["finding"] for r in sink.requests] == ["F-4"]
    (text,) = [json.loads(r.body)["text"] for r in models.requests]
    assert text.startswith("new model alerted\n")


def test_mail_is_sent_and_a_refused_address_is_given_up(
    world: World, emitter: Emitter
) -> None:
    with smtp_sink() as (url, letters), smtp_sink(refuse=True) as (bad, none):
        mail = route(url, kind="email", sender="ledger@x.example", to=("a@x.example",))
        lost = replace(mail, name="lost", url=bad)
        step(world, emitter, mail, lost)
        found(world, "F-5")
        assert step(world, emitter, mail, lost) == Told(1, 1, 0)
    assert none == []
    (letter,) = letters
    assert "Subject: mlledger: finding: F-5 is wrong" in letter
    assert "To: a@x.example" in letter
    by_route = {row[0]: row[1:4] for row in deliveries(world)}
    assert by_route["lost"] == ("given_up", 1, 550)


def test_nobody_there_is_tried_ever_later_and_given_up_in_the_end(
    world: World, emitter: Emitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K", SECRET)
    away = route("http://127.0.0.1:9/secret-path")
    step(world, emitter, away)
    found(world, "F-6")
    waits, told = list[int](), Told(0, 0, 0)
    for _ in range(12):
        before = world.clock.now_us() // 1_000_000
        told = step(world, emitter, away)
        pending = list(Outbox.load(world.config.home).pending.values())
        waits += [item.due_s - before for item in pending]
        world.later(3_601)
    assert told == Told(0, 1, 0)
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == 3_600
    assert all("secret-path" not in str(row) for row in deliveries(world))


def test_a_key_that_is_not_set_delays_and_says_so(
    world: World, emitter: Emitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("K", raising=False)
    with http_sink() as sink:
        risk = route(sink.url)
        step(world, emitter, risk)
        found(world, "F-7")
        assert step(world, emitter, risk) == Told(0, 0, 1)
        assert deliveries(world)[-1][-1] == "alert: env:K: is not set"
        monkeypatch.setenv("K", SECRET)
        world.later(6)
        assert step(world, emitter, risk) == Told(1, 0, 0)


def test_killed_before_it_was_written_down_it_is_told_again_under_one_id(
    world: World, emitter: Emitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K", SECRET)
    with http_sink() as sink:
        risk = route(sink.url)
        step(world, emitter, risk)
        found(world, "F-8")

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Alerting, "_settle", killed)
            with pytest.raises(KeyboardInterrupt):
                step(world, emitter, risk)
        assert step(world, emitter, risk) == Told(1, 0, 0)
    first, second = sink.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_releases_deployments_and_incidents_are_told(
    world: World, emitter: Emitter
) -> None:
    with http_sink() as sink:
        chat = route(sink.url, kind="slack")
        step(world, emitter, chat)
        release = world.emit(
            "registry.release.created",
            release="r-1",
            model_version={"id": bytes(16), "digest": digest("v")},
            model="m",
            version="1",
            artifact_digest=digest("a"),
            change_class="none",
            digest=digest("r"),
        )
        world.emit(
            "serving.deployment.activated",
            release=release,
            release_digest=digest("r"),
            environment="prod",
            role="champion",
            traffic=1.0,
            emergency=True,
        )
        world.emit(
            "incident.case.opened",
            incident="I-1",
            title="it fell over",
            severity="critical",
            aware_at=0,
        )
        world.seal()
        assert step(world, emitter, chat) == Told(3, 0, 0)
    titles = [json.loads(r.body)["text"].split("\n")[0] for r in sink.requests]
    assert sorted(titles) == [
        "[critical] incident I-1: it fell over",
        "new release r-1",
        "release r-1 runs in prod, in an emergency",
    ]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"kind": "webhook", "url": "https://x.example"}, "alert.name"),
        ({"name": "a", "kind": "pager", "url": "https://x.example"}, "kind"),
        ({"name": "a", "url": "https://x.example"}, "secret"),
        ({"name": "a", "url": "https://x.example", "secret": "open"}, "env:NAME"),
        ({"name": "a", "kind": "slack", "url": "x.example"}, "http or https"),
        ({"name": "a", "kind": "email", "url": "smtp://x"}, "sender"),
        ({"name": "a", "urls": "https://x.example"}, "unknown setting"),
        ({"name": "a", "url": 3}, "expected a text"),
        ({"name": "a", "kind": "slack", "url": "env:U", "topics": ["x"]}, "topics"),
    ],
)
def test_a_wrong_route_is_named(table: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        parse_alerts([table])


def test_routes_are_read_back_as_they_were_written(world: World) -> None:
    routes = (
        route("https://x.example/hook", topics=("finding",), systems=("credit",)),
        route("env:CHAT", name="chat", kind="slack", secret=""),
    )
    import tomllib

    written = format_config(replace(world.config, alerts=routes))
    home = world.config.home
    assert parse_config(tomllib.loads(written), home=home).alerts == routes
    assert load_config(home).alerts == ()


def test_an_unknown_severity_is_told_rather_than_kept_back() -> None:
    notice = Notice(bytes(16), "", "x", "finding", 0, "o", "t", severity="unknown")
    assert is_for(route("https://x", min_severity="critical"), notice)


def test_an_outbox_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "alerts.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="not an outbox"):
        Outbox.load(tmp_path)
