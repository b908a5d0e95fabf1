"""What a link of a chain says, in one line for people; the raw view has all of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from projections.chain import Link

_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
Fields = Mapping[str, Any]


def short(text: str) -> str:
    """Return text with digests cut to their first 12 digits."""
    return _DIGEST.sub(r"\1…", text)


def line_of(link: Link) -> str:
    """Return what a link says: its own words by kind, else its title."""
    tell = _TELL.get(link.kind)
    said = tell(link.fields) if tell else ""
    return short(said or link.title)


def _joined(parts: Iterable[object]) -> str:
    return ", ".join(str(part) for part in parts if part not in (None, "", [], {}))


def _words(value: object) -> str:
    return str(value or "").replace("_", " ")


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _measured(metrics: object) -> list[str]:
    rows = cast("list[dict[str, Any]]", metrics or [])
    return [
        _joined([f"{_words(row.get('name'))} {_number(row.get('value'))}"])
        + (f" ({row['slice']})" if row.get("slice") else "")
        for row in rows
    ]


def _evaluation(fields: Fields) -> str:
    verdicts = {True: "limits kept", False: "limits not kept", None: "no verdict"}
    verdict = verdicts[cast("bool | None", fields.get("passed"))]
    return _joined(
        [f"{_words(fields.get('kind'))}: {verdict}", *_measured(fields.get("metrics"))]
    )


def _criterion(fields: Fields) -> str:
    return (
        f"{_words(fields.get('metric'))} {_words(fields.get('direction'))} "
        f"{_number(fields.get('limit_value'))}"
        + (f" ({fields['slice']})" if fields.get("slice") else "")
    )


def _run_update(fields: Fields) -> str:
    parameters = cast("dict[str, str]", fields.get("parameters") or {})
    said = [f"{_words(name)} = {value}" for name, value in parameters.items()]
    return _joined([*_measured(fields.get("metrics")), *said])


def _run(fields: Fields) -> str:
    code = cast("dict[str, Any]", fields.get("code") or {})
    commit = code.get("commit")
    return _joined(
        [
            fields.get("run"),
            fields.get("step"),
            f"commit {str(commit)[:12]}" if commit else "commit not recorded",
            "with uncommitted changes" if code.get("dirty") else "",
        ]
    )


def _attestation(fields: Fields) -> str:
    matches = {
        True: "artifact and configuration are the release's",
        False: "artifact or configuration differ from the release's",
        None: "not compared with the release",
    }
    return _joined(
        [matches[cast("bool | None", fields.get("matches"))], fields.get("host")]
    )


def _approval(fields: Fields) -> str:
    conditions = _joined(cast("list[str]", fields.get("conditions") or []))
    return _joined(
        [
            f"{_words(fields.get('decision'))} at gate {fields.get('gate')}",
            f"on condition: {conditions}" if conditions else "",
        ]
    )


def _release(fields: Fields) -> str:
    return f"{fields.get('release')} of {fields.get('model')} @ {fields.get('version')}"


def _dataset_version(fields: Fields) -> str:
    split = cast("dict[str, Any]", fields.get("split") or {})
    rows = fields.get("rows")
    return _joined(
        [
            fields.get("dataset"),
            f"{split.get('name')} part" if split else "",
            f"{rows} rows" if rows is not None else "",
            fields.get("digest"),
        ]
    )


def _decision(fields: Fields) -> str:
    names = ("output", "mode", "path", "use")
    return _joined(
        _words(fields.get(name)) if name == "mode" else fields.get(name)
        for name in names
    )


_TELL: dict[str, Callable[[Fields], str]] = {
    "decision": _decision,
    "evaluation": _evaluation,
    "criterion": _criterion,
    "run": _run,
    "run update": _run_update,
    "process attestation": _attestation,
    "approval": _approval,
    "release": _release,
    "dataset version": _dataset_version,
}
