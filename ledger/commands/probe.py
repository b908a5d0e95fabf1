"""``mlledger probe``: ask a live deployment what it must answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.commands.evaluating import (
    FINDING_EXIT,
    HeaderOption,
    IdentityOption,
    checked,
    figures,
    testing,
)
from ledger.errors import ConfigurationError, UnavailableError
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import (
    Answer,
    emit,
    error_entry,
    format_id,
    json_line,
    reporting,
)
from ledger.stopping import Stopping

if TYPE_CHECKING:
    from ledger.evaluation.probing import Probe
    from ledger.evaluation.records import RecordedDeployment
    from ledger.sdk.comparing import Tested

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add ``probe``."""
    app.command("probe")(probe)


def probe(
    *,
    deployment: Annotated[str, Argument(help="event id of the deployment")],
    suite: Annotated[
        Path, Option(help="requests and their answers, one JSON object a line")
    ],
    endpoint: Annotated[
        str | None,
        Option(help="where it answers; by default the service of the deployment"),
    ] = None,
    every: Annotated[
        float | None,
        Option(min=0.1, help="seconds between replays; goes on until it is stopped"),
    ] = None,
    fail_on: Annotated[
        str | None, Option(help="`mismatch`: exit 7 at one; default exit 0")
    ] = None,
    header: HeaderOption = None,
    identity: IdentityOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Replay requests whose answers are known; record whether all were right.

    With --every each replay is one line of JSON, until a signal, or a mismatch with
    --fail-on, ends it. Where no request at all is answered the exit code is 8; with
    --every it goes on.
    """
    form = chosen(output, json=json)
    with reporting("probe", form), testing(home, identity, header) as bench:
        checked(fail_on, ("mismatch",))
        from ledger.evaluation.probing import read_suite

        asked = read_suite(suite)
        at = bench.records.deployment(deployment)
        target = bench.target(_address(at, endpoint))
        stopping = None if every is None else Stopping.on_signals()
        while True:
            made = bench.ledger.probe(at, asked, target)
            answer = _answer(made, fail_on)
            bench.send(answer)
            if every is None or stopping is None or answer.exit:
                _tell_away(answer, made)
                emit(answer, form)
            sys.stdout.write(json_line(answer.data) + "\n")
            sys.stdout.flush()
            if stopping.wait(every):
                return


def _address(deployment: RecordedDeployment, endpoint: str | None) -> str:
    if endpoint is not None:
        return endpoint
    service = deployment.service or ""
    if service.startswith(("http://", "https://")):
        return service
    raise ConfigurationError(
        f"the deployment's service is {service or 'not recorded'}, no address",
        hint="say where it answers: --endpoint http://…",
    )


def _answer(made: Tested[Probe], fail_on: str | None) -> Answer:
    found = made.found
    failed = fail_on and not found.passed and not found.is_away
    return Answer(
        "probe",
        _data(made),
        exit=FINDING_EXIT if failed else 0,
        text=_text(made),
        rows=figures(found.measured),
    )


def _tell_away(answer: Answer, made: Tested[Probe]) -> None:
    """Say that it could not be asked, which is not that it answered otherwise."""
    if not made.found.is_away:
        return
    away = UnavailableError(
        f"no request was answered: {made.found.misses[0].actual}",
        hint="see whether it runs, and probe again; nothing is known of its answers",
    )
    answer.exit = answer.exit or away.exit_code
    answer.errors.append(error_entry(away))


def _data(made: Tested[Probe]) -> dict[str, object]:
    found = made.found
    return {
        "event_id": format_id(made.id),
        "suite": found.suite.name,
        "suite_digest": found.suite.digest,
        "requests": len(found.suite.cases),
        "mismatches": found.mismatches,
        "errors": found.errors,
        "passed": found.passed,
        "misses": found.misses,
        "metrics": figures(found.measured),
    }


def _text(made: Tested[Probe]) -> str:
    found = made.found
    said = "passed" if found.passed else "not passed"
    said = "could not ask" if found.is_away else said
    counts = f"{found.mismatches} answered otherwise, {found.errors} not answered"
    lines = [f"{len(found.suite.cases)} requests, {counts}: {said}"]
    for miss in found.misses[:_SHOWN]:
        said = "no answer" if miss.error else "answered"
        lines.append(f"  {miss.case}: expected {miss.expected}, {said}: {miss.actual}")
    if (more := len(found.misses) - _SHOWN) > 0:
        lines.append(f"  and {more} more")
    return "\n".join([*lines, f"event {format_id(made.id)}"])
