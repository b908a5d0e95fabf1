"""``mlledger vault``: personal payload, its rules and holds; ``mlledger erase``."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_id, format_time, reporting
from projections.commands import vault_review, vault_rules
from projections.commands.opening import identifier
from projections.commands.vault_service import service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.vault.plan import Kept
    from ledger.vault.service import Erased, VaultService

PARTIAL = 10


def register(app: typer.Typer) -> None:
    """Add ``vault init | worker | serve | show | status | expire …`` and ``erase``."""
    group = typer.Typer(help="Personal payload, kept apart and erasable.")
    group.command("init")(init)
    group.command("worker")(worker)
    group.command("serve")(serve)
    group.command("show")(show)
    group.command("status")(status)
    group.command("expire")(expire)
    vault_rules.register(group)
    vault_review.register(group)
    app.add_typer(group, name="vault")
    app.command("erase")(erase)


def init(
    *,
    capture: Annotated[
        bool, Option("--capture", help="capture decisions from now on")
    ] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Make the vault's keys; print the public one, which is all producers need."""
    form = chosen(output, json=json)
    with reporting("vault init", form):
        from ledger.config import load_config
        from ledger.vault.opening import make_vault

        made = make_vault(load_config(home), enable=capture)
        state = "on" if made.capture.enabled else "off"
        data = {"vault_key": made.capture.vault_key, "capture": state}
        text = f"vault_key = {made.capture.vault_key}; capture is {state}"
        if made.log.kind == "kafka":
            text += "\ncreate its topic with: mlledger topic apply"
        emit(Answer("vault init", data, text=text), form)


def worker(
    *,
    once: Annotated[bool, Option("--once", help="until all is done, then end")] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Take payload in, and make statistics of it: [vault] statistics_hours.

    Once with --once, else until SIGTERM or Ctrl-C.
    """
    form = chosen(output, json=json)
    with reporting("vault worker", form), service(home) as running:
        if once:
            while running.step():
                pass
        else:
            _serve(running)
        text = ", ".join(f"{n} {what}" for what, n in running.done.items())
        emit(Answer("vault worker", running.done, text=text), form)


def serve(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Take payload in until SIGTERM or Ctrl-C; the same as ``vault worker``."""
    worker(once=False, home=home, output=output, json=json)


def show(
    *,
    decision: Annotated[str, Argument(metavar="ID", help="id of the decision")],
    purpose: Annotated[
        str,
        Option(help="audit, incident, monitoring, subject_rights or validation"),
    ],
    by: Annotated[
        str | None,
        Option(help="identity of this home that reads; default [access] identity"),
    ] = None,
    break_glass: Annotated[
        str, Option(help="why it is an emergency, without naming a person")
    ] = "",
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print a decision's payload; who reads it, and what for, is recorded first.

    With --break-glass another person looks at it afterwards: ``vault review``.
    """
    form = chosen(output, json=json)
    with reporting("vault show", form), service(home, reads=True, by=by) as running:
        from ledger.vault.reading import Reading

        reading = Reading(
            purpose=purpose,
            login=getpass.getuser(),
            identity=by or "",
            emergency=break_glass,
        )
        found = running.show(identifier(decision).bytes, reading)
        data = {
            "decision_id": decision,
            "subject": found.subject,
            "features": found.features,
            "output": found.output,
        }
        emit(Answer("vault show", data), form)


def status(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Say how many payloads are kept, wait, or were refused; names nobody."""
    form = chosen(output, json=json)
    with reporting("vault status", form), service(home) as running:
        emit(Answer("vault status", running.status()), form)


def expire(
    *,
    dry_run: Annotated[bool, Option("--dry-run", help="only say what is due")] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Delete payload whose retention is over, as the rules in force say."""
    form = chosen(output, json=json)
    with reporting("vault expire", form), service(home) as running:
        rows = [_row(erased) for erased in running.expire(dry_run=dry_run)]
        text = "\n".join(str(row["text"]) for row in rows) or "nothing is due"
        emit(Answer("vault expire", rows, text=text), form)


def erase(
    *,
    subject: Annotated[str, Option(help="your identifier of the person")],
    dry_run: Annotated[
        bool, Option("--dry-run", help="only say what would go")
    ] = False,
    reason: Annotated[
        str | None, Option(help="why, without naming a person; goes into the log")
    ] = None,
    request: Annotated[
        str | None, Option(help="event id of the request (oversight.request.received)")
    ] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Delete a person's payload and destroy its keys; holds and duties come first.

    Exit 4: nothing of that subject is in the vault. 10: part of it had to stay. 11: all
    of it had to. --dry-run ends with the same code.
    """
    form = chosen(output, json=json)
    with reporting("erase", form), service(home) as running:
        from ledger.errors import ConflictError
        from ledger.vault.plan import Reason

        if dry_run:
            erased = running.plan(subject)
        else:
            asked = identifier(request).bytes if request else None
            erased = running.erase(subject, Reason("request", asked, None, reason))
        row = _row(erased)
        code = PARTIAL if erased.plan.duties else 0
        if dry_run and not erased.plan.deleted:
            code = ConflictError.exit_code  # as it is refused without --dry-run
        emit(Answer("erase", row, exit=code, text=str(row["text"])), form)


def _serve(running: VaultService) -> None:
    from ledger.commands.working import LONGEST_PAUSE_S, PAUSE_S
    from ledger.errors import ConflictError, MissingEvidenceError, UnavailableError
    from ledger.output import note
    from ledger.stopping import Stopping

    stop, pause = Stopping.on_signals(), PAUSE_S
    while not stop.is_set():
        try:
            busy, pause = running.step(), PAUSE_S
        except (UnavailableError, ConflictError, MissingEvidenceError) as error:
            busy, pause = False, min(pause * 2, LONGEST_PAUSE_S)
            note(f"{error}; trying again in {pause:.0f} s")
        if not busy:
            stop.wait(pause)


def _row(erased: Erased) -> dict[str, object]:
    plan, deleted = erased.plan, erased.deleted
    going = deleted.decisions if deleted else [h.decision_id for h in plan.deleted]
    row: dict[str, object] = {
        "deleted": deleted is not None,
        "decisions": [format_id(i) for i in dict.fromkeys(going)],
        "retained": [_duty(item) for item in plan.duties],
    }
    lines = [f"would delete the payload of {len(set(going))} decisions"]
    if deleted:
        fields = deleted.events[0].fields
        left = [{**r, "until": format_time(r["until"])} for r in fields["residuals"]]
        row |= {
            "event_id": format_id(deleted.events[0].id),
            "deleted_at": format_time(deleted.deleted_at_us),
            "method": fields["method"],
            "residuals": left,
            "backup_clear_by": format_time(fields["backup_clear_by"]),
        }
        lines = _said(row, left, len(set(going)))
    lines += [_kept(item) for item in plan.duties]
    return {**row, "text": "\n".join(lines)}


def _said(
    row: dict[str, object], left: Sequence[Mapping[str, object]], decisions: int
) -> list[str]:
    first = f"Payload deleted and keys destroyed at {row['deleted_at']}; "
    first += f"{len(left)} residual entries listed; may remain personal data"
    lines = [first, f"{decisions} decisions; evidence: event {row['event_id']}"]
    for item in left:
        until = f", until {item['until']}" if item["until"] else ""
        where = f"{item['place']}, {item['count']}"
        lines.append(f"  remains: {item['what']} ({where}){until}")
    if row["backup_clear_by"]:
        lines.append(f"backups are clear by {row['backup_clear_by']}")
    return lines


def _duty(item: Kept) -> dict[str, object]:
    duty = item.duty
    return {
        "decision_id": format_id(item.held.decision_id),
        "rule": duty and duty.rule,
        "provision": duty and duty.provision,
        "until": format_time(duty.until_us) if duty else None,
    }


def _kept(item: Kept) -> str:
    said = _duty(item)
    provision = said["provision"] or "no provision named"
    until = said["until"] or "its release"
    return (
        f"  kept: {said['decision_id']} by {said['rule']} ({provision}) until {until}"
    )
