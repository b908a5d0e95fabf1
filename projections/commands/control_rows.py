"""Rules, checks and findings as rows, for ``mlledger control``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from projections.controls.engine import Result
    from projections.controls.known import Check
    from projections.controls.recording import Recorded
    from projections.controls.rulebook import Rule
    from projections.controls.settings import InForce, RuleSetting
    from projections.golden.control_table import Row

FINDING = 7
FailOnOption = Annotated[
    str | None,
    Option(help="exit 7 on a finding of this severity or above, or 'any'"),
]


def severity_at_least(least: str | None) -> tuple[str, ...]:
    """Return the severities that ``--fail-on`` means; none when it is not given.

    Raises:
        InvalidEventError: no such severity.
    """
    from ledger.errors import InvalidEventError
    from projections.controls.rulebook import SEVERITIES

    if least is None:
        return ()
    if least == "any":
        return SEVERITIES
    if least not in SEVERITIES:
        raise InvalidEventError(
            f"--fail-on {least}: no such severity",
            hint=f"any, {', '.join(SEVERITIES)}",
        )
    return SEVERITIES[SEVERITIES.index(least) :]


def pairs(texts: list[str]) -> dict[str, str]:
    """Return ``KEY=VALUE`` texts as a mapping.

    Raises:
        InvalidEventError: one of them is none.
    """
    from ledger.errors import InvalidEventError

    for text in texts:
        if not text.partition("=")[1]:
            raise InvalidEventError(f"--param {text}", hint="KEY=VALUE")
    return dict(text.split("=", 1) for text in texts)


def listed(
    rule: Rule, setting: InForce, last: Check | None, still_open: int
) -> dict[str, object]:
    """Return a rule as a row of ``control ls``."""
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "on": setting.enabled,
        "checked": None if last is None else last.time,
        "population": None if last is None else last.population,
        "found": None if last is None else last.found,
        "open": still_open,
        "error": None if last is None else last.error,
        "title": rule.title,
        "means": rule.means,
        "do": rule.do,
        "provision": list(rule.provision),
        "object": rule.object,
        "parameters": setting.parameters,
        "systems": dict(setting.systems),
        "off_for": sorted(setting.off),
        "every_s": setting.every_s,
        "digest": rule.digest,
        "set_by": None if setting.recorded is None else setting.recorded.identity,
    }


def setting_row(one: RuleSetting) -> dict[str, object]:
    """Return a setting of a rule as a row."""
    return {
        "time": one.time,
        "system": one.system,
        "on": one.enabled,
        "parameters": one.parameters,
        "by": one.actor or one.identity,
        "reason": one.reason,
        "event_id": one.event_id,
    }


def found_rows(result: Result) -> list[dict[str, object]]:
    """Return what broke a rule, a row each."""
    return [
        {
            "rule": result.rule.id,
            "severity": row.severity or result.rule.severity,
            "finding": key,
            "object": row.object_name,
            "model": row.model,
            "system": row.system_id,
            "cause": row.cause,
        }
        for key, row in result.breaches.items()
    ]


def summary(results: list[Result], recorded: Recorded | None) -> dict[str, object]:
    """Return what a run of checks came to, for the ``meta`` of its answer."""
    made: dict[str, object] = {
        "rules": len(results),
        "population": sum(one.population for one in results),
        "errors": {one.rule.id: one.error for one in results if one.error},
    }
    if recorded is not None:
        made |= {
            "opened": recorded.opened,
            "reopened": recorded.reopened,
            "closed": recorded.closed,
        }
    return made


def told_row(row: Row) -> dict[str, object]:
    """Return how a rule did on its two stories, as a row."""
    return {
        "rule": row.rule,
        "severity": row.severity,
        "passed": row.passed,
        "fired": row.fired,
        "silent": row.silent,
        "others": list(row.others),
        "population": row.population,
        "cause": row.cause,
        "error": row.error,
    }


def told_line(row: Row) -> str:
    """Return how a rule did on its two stories, as a line."""
    words = {True: "yes", False: "NO", None: "no story"}
    others = f"; in the twin also: {', '.join(row.others)}" if row.others else ""
    trouble = f"; {row.error}" if row.error else ""
    state = "passed" if row.passed else "FAILED"
    return (
        f"{state}  {row.rule:34} found its fault: {words[row.fired]:8} "
        f"silent on the twin: {words[row.silent]}{others}{trouble}"
    )
