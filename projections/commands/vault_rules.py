"""``mlledger vault hold | release | rule | rules``: what must stay, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Argument, Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_id, reporting
from projections.commands.opening import identifier
from projections.commands.vault_service import service

if TYPE_CHECKING:
    from ledger.events import Event
    from ledger.vault.rules import Hold, Rule, Rules

NameArgument = Annotated[str, Argument(help="name, never used for another")]
ReasonOption = Annotated[str, Option(help="why, without naming a person")]
ProvisionOption = Annotated[
    str | None, Option(help="article or section behind it, such as '12 CFR 1002.12'")
]
UsesOption = Annotated[
    list[str] | None, Option("--use", help="decisions of this use; may be repeated")
]


def register(group: typer.Typer) -> None:
    """Add the commands to ``vault``."""
    group.command("hold")(hold)
    group.command("release")(release)
    group.command("rule")(rule)
    group.command("rules")(rules)


def hold(  # noqa: PLR0913  options
    *,
    name: NameArgument,
    reason: ReasonOption,
    subject: Annotated[
        str | None,
        Option(help="a person's decisions so far; the event names them only"),
    ] = None,
    decision: Annotated[
        list[str] | None, Option(help="this decision; may be repeated")
    ] = None,
    use: UsesOption = None,
    everything: Annotated[bool, Option("--everything", help="every decision")] = False,
    provision: ProvisionOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Place a hold: what it covers is not deleted until it is released."""
    form = chosen(output, json=json)
    with reporting("vault hold", form), service(home) as running:
        from ledger.errors import InvalidEventError
        from ledger.events.governance import HoldPlaced

        covered = [identifier(text).bytes for text in decision or ()]
        if subject is not None:
            covered += running.decisions_of(subject)
        if not (covered or use or everything):
            raise InvalidEventError(
                "a hold must cover something",
                hint="--subject, --decision, --use or --everything",
            )
        event = HoldPlaced.record(
            basis="declared",
            hold=name,
            reason=reason,
            provision=provision,
            decisions=covered,
            uses=list(use or ()),
            everything=everything,
        )
        running.declare(event)
        emit(_answer("vault hold", event, hold=name, decisions=len(covered)), form)


def release(
    *,
    name: NameArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Release a hold."""
    form = chosen(output, json=json)
    with reporting("vault release", form), service(home) as running:
        from ledger.errors import NotFoundError
        from ledger.events.governance import HoldReleased

        if name not in {item.name for item in running.rules().holds}:
            raise NotFoundError(f"{name}: no such hold is in force")
        event = HoldReleased.record(basis="declared", hold=name, reason=reason)
        running.declare(event)
        emit(_answer("vault release", event, hold=name), form)


def rule(  # noqa: PLR0913  options
    *,
    name: NameArgument,
    bound: Annotated[
        Literal["floor", "ceiling"],
        Option(
            help="floor: kept at least so long; ceiling: deleted at the latest then"
        ),
    ],
    days: Annotated[int, Option(min=0, help="counted from the decision's time")],
    use: UsesOption = None,
    provision: ProvisionOption = None,
    off: Annotated[bool, Option("--off", help="switch the rule off")] = False,
    reason: Annotated[str | None, Option(help="why it is set or changed")] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Set a retention rule for payload; the newest of a name counts."""
    form = chosen(output, json=json)
    with reporting("vault rule", form), service(home) as running:
        from ledger.events.governance import RetentionRuleSet
        from ledger.vault.rules import CLASS

        event = RetentionRuleSet.record(
            basis="declared",
            rule=name,
            data_class=CLASS,
            bound=bound,
            period_days=days,
            provision=provision,
            uses=list(use or ()),
            enabled=not off,
            reason=reason,
        )
        running.declare(event)
        emit(_answer("vault rule", event, rule=name, enabled=not off), form)


def rules(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List the holds and retention rules in force."""
    form = chosen(output, json=json)
    with reporting("vault rules", form), service(home) as running:
        emit(Answer("vault rules", _rows(running.rules())), form)


def _rows(found: Rules) -> list[dict[str, object]]:
    rows = [_hold_row(item) for item in found.holds]
    rows += [_rule_row(item, "floor") for item in found.floors]
    return rows + [_rule_row(item, "ceiling") for item in found.ceilings]


def _hold_row(item: Hold) -> dict[str, object]:
    return {
        "name": item.name,
        "kind": "hold",
        "days": None,
        "provision": item.provision,
        "uses": sorted(item.uses),
        "covers": "everything" if item.everything else len(item.decisions),
    }


def _rule_row(item: Rule, kind: str) -> dict[str, object]:
    from ledger.vault.rules import DAY_US

    return {
        "name": item.name,
        "kind": kind,
        "days": item.period_us // DAY_US,
        "provision": item.provision,
        "uses": list(item.uses),
        "covers": "these uses" if item.uses else "everything",
    }


def _answer(command: str, event: Event, **said: object) -> Answer:
    row = {**said, "event_id": format_id(event.event_id)}
    text = ", ".join(f"{name} {value}" for name, value in row.items())
    return Answer(command, row, text=text)
