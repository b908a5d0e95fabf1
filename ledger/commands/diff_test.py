"""``mlledger diff-test``: let two versions answer the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from ledger.commands.evaluating import (
    FINDING_EXIT,
    TARGET_HELP,
    Bench,
    DatasetOption,
    DatasetVersionOption,
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
    from ledger.evaluation.differential import Difference
    from ledger.evaluation.records import RecordedCriterion, RecordedData
    from ledger.evaluation.targets import Target
    from ledger.sdk.comparing import Tested

_FINDINGS = ("failed", "slower")


def register(app: typer.Typer) -> None:
    """Add ``diff-test``."""
    app.command("diff-test")(diff_test)


def diff_test(
    *,
    old: Annotated[str, Argument(help=f"the version in use: {TARGET_HELP}")],
    new: Annotated[str, Argument(help="the version that shall follow, likewise")],
    dataset: DatasetOption,
    dataset_version: DatasetVersionOption = None,
    label: LabelOption = None,
    ignore: IgnoreOption = None,
    criteria: Annotated[
        Path | None, Option(help="TOML or JSON of limits; recorded before the test")
    ] = None,
    model: Annotated[
        str | None, Option(help="whose limits; by default the model of NEW")
    ] = None,
    equivalent: Annotated[
        bool, Option("--equivalent", help="NEW is a port: it must do the very same")
    ] = False,
    tolerance: Annotated[
        float, Option(help="largest difference of a score that a port may have")
    ] = 0.0,
    slices: Annotated[
        list[str] | None,
        Option(help="column that cuts rows into parts; repeatable"),
    ] = None,
    threshold: Annotated[
        float | None, Option(help="score from which the second of two classes is meant")
    ] = None,
    adverse: Annotated[
        str | None, Option(help="class that is to the person's disadvantage")
    ] = None,
    requests: Annotated[
        int | None, Option(help="timed requests a version; 0 measures no time")
    ] = None,
    seed: SeedOption = None,
    fail_on: Annotated[
        str | None, Option(help="`failed` or `slower`: exit 7 then; default exit 0")
    ] = None,
    header: HeaderOption = None,
    out: OutOption = None,
    identity: IdentityOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Compare the answers, quality and speed of two versions; record the result.

    Loading a pickle or joblib file runs code that stands in it: name only files you
    trust. An artifact or data that is not what was recorded ends with exit code 5.
    """
    form = chosen(output, json=json)
    with reporting("diff-test", form), testing(home, identity, header) as bench:
        checked(fail_on, _FINDINGS)
        from ledger.evaluation.differential import Plan
        from ledger.evaluation.tables import read_rows

        rows = read_rows(dataset, label=label, ignore=ignore or ())
        recorded = dataset_version and bench.records.dataset_version(dataset_version)
        targets = bench.target(old), bench.target(new)
        plan = Plan(
            **options_given(
                threshold=threshold,
                adverse=adverse,
                latency_requests=requests,
                seed=seed,
            )
        )
        made = bench.ledger.diff_test(
            *targets,
            rows,
            dataset_version=recorded or None,
            criteria=_limits(bench, targets[1], criteria, model, recorded or None),
            equivalent=equivalent,
            tolerance=tolerance,
            slices=slices or (),
            plan=plan,
        )
        write_report(out, made.report)
        answer = _answer(made, fail_on)
        bench.send(answer)
        emit(answer, form)


def _limits(
    bench: Bench,
    new: Target,
    path: Path | None,
    model: str | None,
    recorded: RecordedData | None,
) -> list[RecordedCriterion | dict[str, Any]]:
    """Return the limits of the test: those of the file alone, else those in force.

    A limit of the file names the one that it replaces, where the records are open.
    """
    named = model or (new.version.model if new.version else None)
    if path is not None:
        from ledger.evaluation.criteria import read_criteria

        extra = {} if named is None else {"model": named}
        kept = bench.records.criteria(named) if bench.has_records and named else []
        before = {(one.metric, one.slice): one for one in kept}
        return [
            {**row, **extra, "previous": before.get((row["metric"], row.get("slice")))}
            for row in read_criteria(path)
        ]
    if named is None:
        return []
    at = None if recorded is None else recorded.id
    found = bench.records.criteria(named)
    return [one for one in found if one.dataset_version in {None, at}]


def _answer(made: Tested[Difference], fail_on: str | None) -> Answer:
    from ledger.evaluation.difference_words import outcome

    found = made.found
    stops = (fail_on == "failed" and found.passed is False) or (
        fail_on == "slower" and found.slower is True
    )
    text = outcome(found)
    return Answer(
        "diff-test",
        _data(made),
        exit=FINDING_EXIT if stops else 0,
        warnings=list(found.warnings),
        text=f"{text}\nreport {made.document}\nevent  {format_id(made.id)}",
        rows=figures(found.measured),
    )


def _data(made: Tested[Difference]) -> dict[str, object]:
    found = made.found
    agreed = found.agreed
    return {
        "event_id": format_id(made.id),
        "document": made.document,
        "old": found.old.name,
        "new": found.new.name,
        "dataset": found.rows.name,
        "dataset_digest": found.rows.digest,
        "rows": agreed.rows,
        "equal_rows": agreed.equal_rows,
        "pi_eq": agreed.pi_eq,
        "flips": agreed.flips,
        "flips_to_adverse": agreed.flips_to_adverse,
        "directions": [
            {"old": before, "new": after, "rows": count}
            for (before, after), count in agreed.directions.items()
        ],
        "mcnemar_p": agreed.mcnemar_p,
        "max_difference": agreed.max_difference,
        "p99_difference": agreed.p99_difference,
        "s_floor": agreed.floor,
        "slower": found.slower,
        "first_difference": found.first_difference,
        "stages": found.stages,
        "slices": found.slices,
        "criteria": [
            {
                "event_id": format_id(one.criterion.id),
                "metric": one.criterion.metric,
                "slice": one.criterion.slice,
                "direction": one.criterion.direction,
                "limit": one.criterion.limit,
                "baseline": one.criterion.baseline,
                "baseline_value": one.criterion.baseline_value,
                "measured": one.measured,
                "met": one.met,
            }
            for one in found.judged
        ],
        "passed": found.passed,
        "metrics": figures(found.measured),
    }
