"""``mlledger verify``: the whole ledger, or a bundle, against a ledger id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting
from ledger.output import progress as show_progress
from ledger.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.verification import Step

MARKS = {"verified": "✔", "failed": "✖", "not_checked": "?", "not_established": "–"}
group = typer.Typer(help="Check evidence: 0 valid, 5 contradiction, 6 unchecked.")


def register(app: typer.Typer) -> None:
    """Add ``verify log`` and ``bundle``; other packages add to the group."""
    from ledger.commands.verify_bundle import verify_bundle

    if "log" not in {command.name for command in group.registered_commands}:
        group.command("log")(verify_log)
        group.command("bundle")(verify_bundle)
        group.callback()(_group)
    app.add_typer(group, name="verify")


def _group() -> None:
    """Check evidence; a contradiction (5) and "could not check" (6) never mix."""


def verify_log(
    *,
    ledger: Annotated[
        str, Option(help="ledger id from elsewhere; default the one in mlledger.toml")
    ] = "",
    max_age: Annotated[
        int | None,
        Option(min=0, help="seconds since a quorum of witnesses last signed"),
    ] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Recompute policy, checkpoints, tiles, record hashes, signatures and verdicts."""
    form = chosen(output, json=json)
    with reporting("verify log", form):
        from ledger import clock, verification
        from ledger.config import load_config
        from ledger.log import open_log
        from ledger.public import PublicFolder

        config = load_config(home)
        terms = verification.terms_of(
            config, now_s=clock.now_ms() // 1000, max_age_s=max_age
        )
        log = open_log(config)
        try:
            with show_progress("verify log") as advance:
                steps = verification.verify_log(
                    log=log,
                    public=PublicFolder(Path(config.public)),
                    ledger_id=bytes.fromhex(ledger) if ledger else config.ledger_id,
                    progress=advance,
                    tsa_roots=verification.roots_of(config),
                    terms=terms,
                )
        finally:
            log.close()
        emit(answer(steps), form)


def answer(steps: Sequence[Step], command: str = "verify log") -> Answer:
    """Return steps as the answer of a command."""
    from ledger.verification import exit_code

    rows = [step_row(step) for step in steps]
    errors = [step_error(step) for step in steps if step.is_finding]
    text = "\n".join(step_text(step) for step in steps)
    return Answer(command, rows, exit=exit_code(steps), errors=errors, text=text)


def step_text(step: Step) -> str:
    """Return one step as a line for people."""
    word = step.status.replace("_", " ")
    place = f"  [{step.place}]" if step.place else ""
    line = f"{MARKS[step.status]} {word:12} {step.name}  {step.detail}{place}"
    return visible(line)


def step_error(step: Step) -> dict[str, object]:
    """Return one step that did not hold as an error of the JSON answer."""
    return {
        "id": step.code,
        "message": f"{step.name}: {step.detail}",
        "place": step.place,
        "expected": step.expected,
        "actual": step.actual,
    }


def step_row(step: Step) -> dict[str, object]:
    """Return one step as a row of the JSON answer."""
    return {
        "name": step.name,
        "status": step.status,
        "detail": step.detail,
        "place": step.place,
        "expected": step.expected,
        "actual": step.actual,
        "code": step.code,
    }
