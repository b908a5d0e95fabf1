"""``mlledger alert``: routes, what waits to be told, a test message, one look."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting
from projections.commands.opening import auditing

if TYPE_CHECKING:
    from ledger.alert_settings import AlertConfig
    from ledger.alerts import Notice

_PLACE = "[[alert]] in mlledger.toml"


def register(app: typer.Typer) -> None:
    """Add ``alert``."""
    group = typer.Typer(help="Tell people of new versions, findings and the like.")
    group.command("ls")(ls)
    group.command("test")(try_route)
    group.command("send")(send)
    app.add_typer(group, name="alert")


def ls(
    *, home: HomeOption = None, output: OutputOption = "table", json: JsonOption = False
) -> None:
    """List the routes, and how many alerts wait on each."""
    form = chosen(output, json=json)
    with reporting("alert ls", form):
        from ledger.alerts import Outbox
        from ledger.config import load_config

        config = load_config(home)
        outbox = Outbox.load(config.home)
        waiting = [item.route for item in outbox.pending.values()]
        rows = [_row(route, waiting.count(route.name)) for route in config.alerts]
        text = None if rows else f"no routes; add one under {_PLACE}"
        emit(Answer("alert ls", rows, text=text), form)


def _row(route: AlertConfig, waiting: int) -> dict[str, object]:
    return {
        "route": route.name,
        "kind": route.kind,
        "topics": ", ".join(route.topics) or "all",
        "systems": ", ".join(route.systems) or "all",
        "min_severity": route.min_severity,
        "waiting": waiting,
    }


def try_route(
    *,
    route: Annotated[str, Argument(help="name of the route")],
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Send a test message over a route, once, and say what came of it."""
    form = chosen(output, json=json)
    with reporting("alert test", form):
        from ledger import clock
        from ledger.alerts import deliver, message_id
        from ledger.config import load_config
        from ledger.errors import NotFoundError, UnavailableError

        config = load_config(home)
        found = next((one for one in config.alerts if one.name == route), None)
        if found is None:
            known = ", ".join(one.name for one in config.alerts) or "none"
            raise NotFoundError(f"{route}: no such route", hint=f"{_PLACE}: {known}")
        notice = _test_notice(config.origin(0))
        attempt = deliver(
            found,
            notice,
            identifier=message_id(route, notice.event_id),
            home=config.home,
            now_s=clock.now_us() // 1_000_000,
        )
        if not attempt.delivered:
            raise UnavailableError(f"{route}: not taken: {attempt.error}")
        row = {"route": route, "delivered": True, "status": attempt.status}
        emit(Answer("alert test", row, text=f"{route}: taken"), form)


def _test_notice(origin: str) -> Notice:
    from ledger import clock
    from ledger.alerts import Notice

    return Notice(
        event_id=clock.new_id(),
        digest="",
        type="control.alert.sent",
        topic="finding",
        time=clock.now_us(),
        source=origin,
        title="a test of this route; nothing happened",
    )


def send(
    *, home: HomeOption = None, output: OutputOption = "table", json: JsonOption = False
) -> None:
    """Look once for what is new, and try what is due; the worker does it by itself."""
    form = chosen(output, json=json)
    with reporting("alert send", form):
        from ledger.config import load_config
        from ledger.setup import open_emitter
        from projections.alerting import Alerting

        config = load_config(home)
        with closing(open_emitter(config)) as emitter, auditing(home) as connection:
            told = Alerting(config, emitter).step(connection)
        row = {
            "delivered": told.delivered,
            "given_up": told.given_up,
            "waiting": told.waiting,
        }
        text = ", ".join(f"{count} {name}" for name, count in row.items())
        emit(Answer("alert send", row, text=text), form)
