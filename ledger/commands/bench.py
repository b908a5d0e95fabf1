"""``mlledger bench``: how fast something answers, what rate it bears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Argument, Option

from ledger.commands.evaluating import (
    FINDING_EXIT,
    TARGET_HELP,
    DatasetOption,
    HeaderOption,
    IdentityOption,
    IgnoreOption,
    LabelOption,
    OutOption,
    SeedOption,
    checked,
    figures,
    options_given,
    testing,
    write_report,
)
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_id, reporting

if TYPE_CHECKING:
    from ledger.evaluation.benchmark import Benchmark
    from ledger.sdk.comparing import Tested


def register(app: typer.Typer) -> None:
    """Add ``bench``."""
    app.command("bench")(bench)


def bench(
    *,
    target: Annotated[str, Argument(help=TARGET_HELP)],
    dataset: DatasetOption,
    kind: Annotated[
        Literal["latency", "throughput", "load", "stress"],
        Option(help="one after the other, as many as it can, steady or rising rates"),
    ] = "latency",
    rate: Annotated[
        list[float] | None, Option(help="requests per second; repeatable")
    ] = None,
    baseline: Annotated[
        str | None, Option(help="what it is measured beside, in turn; as TARGET")
    ] = None,
    deployment: Annotated[
        str | None, Option(help="event id of the deployment that TARGET is")
    ] = None,
    requests: Annotated[
        int | None, Option(help="a target, for latency and throughput; default 7400")
    ] = None,
    seconds: Annotated[
        float | None, Option(help="that each rate lasts; default 5")
    ] = None,
    workers: Annotated[
        int | None, Option(min=1, help="requests under way at once; default 16")
    ] = None,
    limit: Annotated[
        float | None,
        Option(help="ratio to exceed for certain; default 1: beyond chance"),
    ] = None,
    label: LabelOption = None,
    ignore: IgnoreOption = None,
    seed: SeedOption = None,
    fail_on: Annotated[
        str | None, Option(help="`slower` or `errors`: exit 7 then; default exit 0")
    ] = None,
    header: HeaderOption = None,
    out: OutOption = None,
    identity: IdentityOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Measure how fast something answers, or whether it is slower than another.

    Rates do not wait for answers, and a latency counts from when its request was due.
    """
    form = chosen(output, json=json)
    with reporting("bench", form), testing(home, identity, header) as place:
        checked(fail_on, ("slower", "errors"))
        from ledger.evaluation.benchmark import Load
        from ledger.evaluation.tables import read_rows

        rows = read_rows(dataset, label=label, ignore=ignore or ())
        made = place.ledger.benchmark(
            place.target(target),
            rows,
            kind=kind,
            rates=rate or (),
            baseline=place.target(baseline) if baseline else None,
            deployment=place.records.deployment(deployment) if deployment else None,
            load=Load(
                **options_given(
                    requests=requests,
                    seconds=seconds,
                    workers=workers,
                    limit=limit,
                    seed=seed,
                )
            ),
        )
        write_report(out, made.report)
        answer = _answer(made, fail_on)
        place.send(answer)
        emit(answer, form)


def _answer(made: Tested[Benchmark], fail_on: str | None) -> Answer:
    from ledger.evaluation.benchmark_page import outcome

    found = made.found
    knee, other = found.knee, found.baseline
    stops = (fail_on == "slower" and found.slower is True) or (
        fail_on == "errors" and found.errors > 0
    )
    data: dict[str, object] = {
        "event_id": format_id(made.id),
        "document": made.document,
        "kind": found.load.kind,
        "target": found.target.name,
        "baseline": other.name if other else None,
        "requests": found.requests,
        "errors": found.errors,
        "slower": found.slower,
        "knee_per_s": knee.per_s if knee else None,
        "first_error_per_s": knee.first_error_per_s if knee else None,
        "steps": found.steps,
        "metrics": figures(found.measured),
    }
    return Answer(
        "bench",
        data,
        exit=FINDING_EXIT if stops else 0,
        warnings=[*found.target.warnings, *(other.warnings if other else ())],
        text=f"{outcome(found)}\nreport {made.document}\nevent  {format_id(made.id)}",
        rows=figures(found.measured),
    )
