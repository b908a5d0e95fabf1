"""``mlledger verify bundle``: check a bundle offline, from a policy and a ledger id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from typer import Argument, BadParameter, Option

from ledger.commands.verify import step_error, step_row, step_text
from ledger.options import JsonOption, OutputOption, chosen
from ledger.output import Answer, cell, emit, format_time, reporting
from ledger.visible import visible

if TYPE_CHECKING:
    from ledger.bundle import Examined
    from ledger.policy import Policy

Replay = Callable[[Any], list[dict[str, object]]]
REPLAYS: list[Replay] = []
"""What can replay questions; the package that knows them adds itself."""
_SUMMARY = {
    "output": "answer",
    "deployment": "deployment",
    "release": "release",
    "model_version": "model version",
    "artifact_digest": "artefact",
    "run": "run",
    "data": "data",
    "approvals": "approvals",
}


def verify_bundle(
    *,
    file: Annotated[Path, Argument(metavar="FILE", help="the bundle")],
    policy: Annotated[
        Path, Option(help="logs and witnesses you trust; from elsewhere")
    ],
    ledger: Annotated[str, Option(help="ledger id, 64 hex digits; from elsewhere")],
    tsa_root: Annotated[
        Path | None, Option(help="PEM roots of time-stamping authorities you trust")
    ] = None,
    max_age: Annotated[
        int | None, Option(min=0, help="seconds since a quorum signed; default any")
    ] = None,
    control: Annotated[
        Path | None,
        Option(help="home with the control log, to recompute revocations"),
    ] = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Verify a bundle offline: 0 valid, 5 contradiction, 6 unchecked, 13 suspect."""
    form = chosen(output, json=json)
    ledger_id = _ledger_id(ledger)
    with reporting("verify bundle", form):
        from ledger import clock
        from ledger.bundle import examine_bundle, read_bundle
        from ledger.bundle.control_log import open_control
        from ledger.timestamp import read_roots

        known = _policy(policy)
        examined = examine_bundle(
            read_bundle(file),
            policy=known,
            ledger_id=ledger_id,
            now_s=clock.now_ms() // 1_000,
            tsa_roots=read_roots(tsa_root) if tsa_root else (),
            max_age_s=max_age,
            control=open_control(control, ledger_id) if control else None,
            replay=REPLAYS[0] if REPLAYS else None,
            with_fields=form != "table",
        )
        emit(answer(examined), form)


def answer(examined: Examined) -> Answer:
    """Return what was found as the answer of the command."""
    steps = examined.steps
    rows = [step_row(step) for step in steps]
    broken = [step for step in steps if step.status != "verified"]
    about = dict(examined.about) if examined.exit_code in {0, 13} else {}
    lines = [step_text(step) for step in steps]
    lines += ["", *map(visible, _lines(about))] if about else []
    lines.append(_verdict(examined.exit_code))
    return Answer(
        "verify bundle",
        {"steps": rows, **about},
        exit=examined.exit_code,
        errors=[step_error(step) for step in broken],
        text="\n".join(lines),
        rows=rows,
    )


def _verdict(code: int) -> str:
    words = {
        0: "valid",
        5: "verification failed: the evidence contradicts itself (alteration, "
        "corruption or defect; not decided)",
        6: "could not check: something is missing",
        13: "valid, in a suspect window: the key counts as compromised at that time",
    }
    return words[code]


def _lines(about: dict[str, Any]) -> list[str]:
    """Return what the bundle says, for a person."""
    lines: list[str] = []
    if summary := cast("dict[str, list[str]]", about.get("summary") or {}):
        for name, title in _SUMMARY.items():
            lines.append(f"{title}: {'; '.join(summary[name]) or 'Not recorded'}")
    if label := about.get("label"):
        lines.append(str(label))
    for log, label in cast("dict[str, str]", about.get("ranges") or {}).items():
        lines.append(f"{log}: {label}")
    for row in about.get("events", []):
        lines += _event_lines(row)
    for log in about.get("logs", []):
        if seen := [f"{w['name']} {format_time(w['time'])}" for w in log["witnesses"]]:
            lines.append(f"{log['log']} size {log['size']}: seen by {', '.join(seen)}")
    lines += [cell(row) for row in about.get("rows", [])]
    return [*lines, ""]


def _event_lines(row: dict[str, Any]) -> list[str]:
    at = row["position"]
    suspect = "  SUSPECT" if row["suspect"] else ""
    times = (f"{word} {row[word]}" for word in ("claimed", "sealed", "attested"))
    place = f"{at['origin']} leaf {at['leaf']} event {at['index']}"
    return [
        f"{row['role']}: {row['type']} {row['event_id']}{suspect}",
        f"    by {row['identity']} ({row['kind']}), {place}",
        f"    {'  '.join(times)}",
    ]


def _ledger_id(text: str) -> bytes:
    try:
        ledger_id = bytes.fromhex(text)
    except ValueError as error:
        raise BadParameter("--ledger: 64 hexadecimal digits") from error
    if len(ledger_id) != 32:
        raise BadParameter("--ledger: 64 hexadecimal digits")
    return ledger_id


def _policy(path: Path) -> Policy:
    """Read a policy file; one that does not parse is a setting, not evidence."""
    from ledger.errors import ConfigurationError, MalformedError
    from ledger.policy import parse_policy

    try:
        return parse_policy(path.read_bytes())
    except MalformedError as error:
        raise ConfigurationError(
            f"{path}: not a policy: {error}", hint="C2SP tlog-policy lines"
        ) from error
