"""``mlledger audit``: recompute everything, name what does not agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from ledger.commands.verify import answer as answer_of
from ledger.commands.verify import step_text
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting
from ledger.output import progress as show_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.config import Config
    from ledger.verification import Step

Part = Callable[["Config", bytes, Callable[[int], None]], "list[Step]"]
PARTS: list[Part] = []
"""What other packages audit as well: each takes settings, ledger id and progress."""


def register(app: typer.Typer) -> None:
    """Add ``audit``."""
    app.command("audit")(audit)


def audit(
    *,
    origin: Annotated[
        list[str] | None, Option("--origin", help="only this origin; may be repeated")
    ] = None,
    resume: Annotated[
        bool, Option("--resume", help="go on from an audit that was stopped")
    ] = False,
    processes: Annotated[
        int, Option(min=1, max=64, help="how many origins at a time")
    ] = 1,
    projections: Annotated[
        bool, Option(help="fold the tables anew and compare them")
    ] = True,
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
    """Recompute tiles, records, verdicts, streams, manifests and tables; name attacks.

    Exit codes: 0 all agrees, 5 the evidence contradicts itself, 6 something could not
    be checked, 13 valid in a suspect window.
    """
    form = chosen(output, json=json)
    with reporting("audit", form):
        from ledger import clock, verification
        from ledger.audit import audit_ledger
        from ledger.config import load_config

        config = load_config(home)
        terms = verification.terms_of(
            config, now_s=clock.now_ms() // 1000, max_age_s=max_age
        )
        pinned = bytes.fromhex(ledger) if ledger else config.ledger_id
        with show_progress("audit") as advance:
            steps = audit_ledger(
                config,
                ledger_id=pinned,
                origins=origin,
                resume=resume,
                processes=processes,
                progress=advance,
                terms=terms,
            )
            if projections and not origin:
                steps += _others(config, pinned, advance)
        emit(_answer(steps), form)


def _others(
    config: Config, ledger_id: bytes, progress: Callable[[int], None]
) -> list[Step]:
    from ledger.verification.steps import Step, held

    if PARTS:
        return [step for part in PARTS for step in part(config, ledger_id, progress)]
    made = bool(config.database.dsn) or (config.home / config.database.folder).is_dir()
    if not made:
        return [held("projection rows", "no projections are made here")]
    detail = "the tables were not compared: the extra postgres is not installed"
    return [Step("projection rows", "not_checked", detail, code="LDG-V005")]


def _answer(steps: Sequence[Step]) -> Answer:
    from ledger.audit import looks_like

    made = answer_of(steps, "audit")
    wrong = [step for step in steps if step.is_finding]
    made.errors = [
        {**error, "looks_like": looks_like(step)}
        for error, step in zip(made.errors, wrong, strict=True)
    ]
    lines = [
        step_text(step) + (f"\n    looks as if {words}" if words else "")
        for step in steps
        for words in [looks_like(step)]
    ]
    made.text = "\n".join([*lines, _summary(steps)])
    return made


def _summary(steps: Sequence[Step]) -> str:
    from ledger.verification import exit_code

    failed = sum(step.status == "failed" for step in steps)
    unchecked = sum(step.status == "not_checked" for step in steps)
    words = {
        5: "verification failed: the evidence contradicts itself",
        6: "could not check everything: something is missing",
        13: "valid, in a suspect window",
    }.get(exit_code(steps), "all that was checked agrees")
    return f"{len(steps)} checks, {failed} failed, {unchecked} not checked: {words}"
