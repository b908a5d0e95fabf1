"""``mlledger finding open | ack | close | reopen``: what is done about a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_id, note, reporting
from projections.commands.emitting import SEALED, ByOption, record, recording
from projections.commands.finding_rows import KeyArgument, named
from projections.commands.opening import identifier, opened

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.output import Format
    from projections.controls.findings import Move

_DAY_US = 86_400_000_000
EvidenceOption = Annotated[
    list[str] | None, Option("--evidence", help="id of an event; repeatable")
]


def register(group: typer.Typer) -> None:
    """Add the commands to ``finding``."""
    group.command("open")(open_finding)
    group.command("ack")(acknowledge)
    group.command("close")(close)
    group.command("reopen")(reopen)


def open_finding(  # noqa: PLR0913  options
    *,
    cause: Annotated[str, Option(help="what is wrong, in one sentence")],
    severity: Annotated[
        Literal["info", "low", "medium", "high", "critical"],
        Option(help="how much it matters"),
    ],
    origin: Annotated[
        Literal["validation", "audit", "examiner", "incident"],
        Option(help="who found it"),
    ],
    about: Annotated[
        str | None, Option("--object", help="id of the event it is about")
    ] = None,
    name: Annotated[str | None, Option(help="name of what it is about")] = None,
    model: Annotated[str | None, Option(help="model it belongs to")] = None,
    system: Annotated[str | None, Option(help="AI system it belongs to")] = None,
    evidence: EvidenceOption = None,
    due: Annotated[str | None, Option(help="until when; ISO 8601")] = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Open a finding of a validator, auditor or examiner, or one an incident showed."""
    form = chosen(output, json=json)
    with reporting("finding open", form):
        from projections.controls.findings import Move, key_of

        key = key_of(origin, about or name or model or system or "", cause)
        _recorded(
            home,
            key,
            Move.OPENED,
            form,
            by=by,
            system_id=system,
            origin=origin,
            severity=severity,
            object=None if about is None else identifier(about).bytes,
            object_name=name,
            model=model,
            cause=cause,
            evidence=_ids(evidence),
            due=due,
        )


def acknowledge(
    *,
    key: KeyArgument,
    owner: Annotated[str, Option(help="who takes care of it: person:NAME")],
    due: Annotated[str, Option(help="until when; ISO 8601")],
    remark: Annotated[str | None, Option("--note", help="what will be done")] = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Take a finding on, or hand it over: an owner, and a day."""
    form = chosen(output, json=json)
    with reporting("finding ack", form):
        from ledger.spelling import identity_kind
        from projections.controls.findings import Move

        identity_kind(owner, what="an owner")
        _refuse_past(due)
        given = {"owner": owner, "due": due, "note": remark}
        _recorded(home, key, Move.ACKNOWLEDGED, form, by=by, **given)


def close(  # noqa: PLR0913  options
    *,
    key: KeyArgument,
    reason: Annotated[
        Literal["fixed", "declared", "stopped", "false_positive", "accepted_risk"],
        Option(help="why it may be closed"),
    ],
    closer: Annotated[
        str | None, Option(help="who closes it; default who signs")
    ] = None,
    until: Annotated[
        str | None, Option(help="until when the risk is accepted; ISO 8601")
    ] = None,
    evidence: EvidenceOption = None,
    remark: Annotated[str | None, Option("--note", help="more of it")] = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Close a finding; whether its owner closes it is shown."""
    form = chosen(output, json=json)
    with reporting("finding close", form):
        from ledger.errors import InvalidEventError
        from projections.controls.findings import Move

        if (reason == "accepted_risk") != (until is not None):
            raise InvalidEventError(
                "a risk is accepted until a day, and nothing else is",
                hint="--reason accepted_risk --until 2027-06-30",
            )
        given = {"reason": reason, "until": until, "note": remark}
        evident = _ids(evidence)
        _recorded(
            home,
            key,
            Move.CLOSED,
            form,
            by=by,
            closer=closer,
            evidence=evident,
            **given,
        )


def reopen(
    *,
    key: KeyArgument,
    reason: Annotated[str, Option(help="why")],
    evidence: EvidenceOption = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Open a closed finding again."""
    form = chosen(output, json=json)
    with reporting("finding reopen", form):
        from projections.controls.findings import Move

        evident = _ids(evidence)
        _recorded(
            home, key, Move.REOPENED, form, by=by, reason=reason, evidence=evident
        )


def _recorded(
    home: Path | None,
    key: str,
    move: Move,
    form: Format,
    *,
    by: str | None,
    **fields: Any,
) -> None:
    """Record a move of a finding that may follow what is recorded of it."""
    from projections.controls.findings import Move, require
    from projections.controls.known import findings

    with opened(home) as (config, database):
        with database.connect("auditor") as connection:
            known = findings(connection)
        found = known.get(key) if move is Move.OPENED else named(known, key)
        whole = key if found is None else found.finding
        require(found, whole, move)
        if found is not None:
            fields["system_id"] = found.system_id
        if move is Move.CLOSED:
            fields["closer"] = fields["closer"] or by or config.producer.identity
        with recording(config, by) as emitter:
            made = record(emitter, f"control.finding.{move}", finding=whole, **fields)
    note(SEALED)
    row: dict[str, object] = {
        "finding": whole,
        "recorded": move.value,
        "event_id": format_id(made.id),
    }
    text = f"{whole}  {move}"
    emit(Answer(f"finding {move}", row, text=text), form)


def _refuse_past(due: str) -> None:
    """Refuse a day that is over; today, by UTC, is none."""
    from ledger import clock
    from ledger.errors import InvalidEventError
    from ledger.output import parse_time

    now = clock.now_us()
    if parse_time(due) < now - now % _DAY_US:
        raise InvalidEventError(f"--due {due}: is over", hint="name a day to come")


def _ids(texts: list[str] | None) -> list[bytes]:
    return [identifier(text).bytes for text in texts or ()]
