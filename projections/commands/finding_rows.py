"""Findings as rows, and by the beginnings of their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument

from ledger.output import format_id

if TYPE_CHECKING:
    from datetime import datetime

    from projections.controls.findings import Finding

KeyArgument = Annotated[
    str, Argument(metavar="KEY", help="key of the finding, or its beginning")
]
_LEAST = 4


def row_of(one: Finding, now: datetime) -> dict[str, object]:
    """Return a finding as a row."""
    return {
        "finding": one.finding,
        "state": one.state.value,
        "severity": one.severity,
        "origin": one.origin,
        "rule": one.rule,
        "object": one.object_name or format_id(one.object_id),
        "object_id": one.object_id,
        "model": one.model,
        "system": one.system_id,
        "cause": one.cause,
        "opened": one.opened_at,
        "times_opened": one.opened,
        "owner": one.owner,
        "due": one.due,
        "overdue": one.is_overdue(now),
        "closed": one.closed_at,
        "reason": one.reason,
        "closer": one.closer,
        "closer_is_owner": one.closer_is_owner,
        "until": one.until,
        "evidence": list(one.evidence),
        "events": list(one.events),
        "out_of_order": list(one.out_of_order),
    }


def named(known: dict[str, Finding], key: str) -> Finding:
    """Return the finding of a key, or of the only key that begins so.

    Raises:
        NotFoundError: there is none.
        ConflictError: there are several.
        InvalidEventError: too little of a key to go by.
    """
    from ledger.errors import ConflictError, InvalidEventError, NotFoundError

    if key in known:
        return known[key]
    near = [one for name, one in known.items() if name.startswith(key)]
    if not near:
        raise NotFoundError(f"{key}: no such finding", hint="mlledger finding ls")
    if len(near) > 1:
        raise ConflictError(
            f"{key}: {len(near)} findings begin so", hint="give more of the key"
        )
    if len(key) < _LEAST:
        raise InvalidEventError(
            f"{key}: too little of a key", hint=f"give {_LEAST} characters or more"
        )
    return near[0]
