"""Plain twins of four questions; each says in Python what its statement says in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from projections.columns import from_time
from projections.evidence import ALWAYS, Bounds
from projections.replay.columns import APPROVAL, DEPLOYMENT, Answer
from projections.stored import found_by

if TYPE_CHECKING:
    from uuid import UUID

    from projections.chain import Link
    from projections.replay.tables import Loaded, Rows
    from projections.stored import Stored

_ALL = datetime.max.replace(tzinfo=UTC)


def decision_chain(
    rows: Rows, decision_id: UUID, *, bounds: Bounds = ALWAYS
) -> list[Link]:
    """See :func:`projections.chain.decision_chain` (Q01); no link is checked anew.

    Raises:
        NotFoundError: no such decision is enclosed.
    """
    from ledger.errors import NotFoundError
    from projections.chain import links_of
    from projections.chain_steps import STEPS
    from projections.chain_walk import DECISION, Walk

    walk = Walk(MemoryReader(rows, bounds), decision_id, STEPS)
    if not walk.found[DECISION]:
        raise NotFoundError(f"decision {decision_id}: not recorded")
    return links_of(walk)


def live_at(
    rows: Rows,
    *,
    environment: str | None = None,
    system: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[Answer]:
    """See ``projections/registry/sql/live_at.sql`` (Q02)."""
    known = _by_id(rows.loaded("registry.release"), until=bounds.known_as_of)
    changes = rows.loaded("registry.deployment_change")
    found: list[Loaded] = []
    for deployment in rows.loaded("registry.deployment"):
        release = known.get(deployment["release_id"], {})
        row = _live(deployment, release, changes, bounds)
        system_id = deployment["system_id"] or release.get("system_id")
        wanted = (environment is None or deployment["environment"] == environment) and (
            system is None or system_id == system
        )
        if wanted and row is not None:
            found.append(row | {"system_id": system_id})
    newest = sorted(found, key=_moment, reverse=True)
    newest.sort(key=lambda row: deployment_order(row["environment"], row["service"]))
    return [_answer(row, DEPLOYMENT) for row in newest]


def deployment_order(environment: str, service: str | None) -> tuple[str, bool, str]:
    """Order deployments by environment and service, whatever a database's collation."""
    return (environment, service is None, service or "")


def _live(
    deployment: Loaded, release: Loaded, changes: Iterable[Loaded], bounds: Bounds
) -> Loaded | None:
    """Return the row of a deployment as of a moment; None when it was not active."""
    as_of = bounds.as_of or _ALL
    mine = [
        change
        for change in changes
        if change["deployment_id"] == deployment["event_id"]
        and change["sealed_at"] <= (bounds.known_as_of or _ALL)
    ]
    before = max((c for c in mine if c["time"] <= as_of), key=_moment, default=None)
    after = min((c for c in mine if c["time"] > as_of), key=_moment, default=None)
    if not _within(deployment, bounds):
        return None
    if before is not None and before["change"] == "deactivated":
        return None
    last: Loaded = before or {}

    def latest(name: str) -> object:
        changed = last.get(name)
        return deployment[name] if changed is None else changed

    return deployment | {
        "release": release.get("release"),
        "model": release.get("model"),
        "version": release.get("version"),
        "model_version_id": release.get("model_version_id"),
        "role": latest("role"),
        "traffic": latest("traffic"),
        "valid_from": last.get("time", deployment["time"]),
        "valid_to": after and after["time"],
        "ended": False,
    }


def approvals(
    rows: Rows,
    *,
    object_id: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Answer]:
    """See ``projections/registry/sql/approvals.sql`` (Q06)."""
    requests = _by_id(rows.loaded("registry.approval_request"))
    releases = _by_id(rows.loaded("registry.release"))
    events = _by_id(rows.loaded("integrity.event"))
    found: list[Loaded] = []
    for row in rows.loaded("registry.approval"):
        if object_id not in {None, row["object_id"]} or not _within(row, bounds):
            continue
        request = requests.get(row["request_id"], {})
        digest = releases.get(row["object_id"], {}).get("release_digest")
        known = digest is not None and row["content_digest"] is not None
        extra = {
            "requested_of": request.get("requested_of"),
            "requested_at": request.get("time"),
            "identity_kind": events.get(row["event_id"], {}).get("identity_kind"),
            "matches": digest == row["content_digest"] if known else None,
        }
        found.append(row | extra)
    found.sort(key=_moment, reverse=True)
    return [_answer(row, APPROVAL) for row in found[:limit]]


class MemoryReader:
    """Reads rows by key, within bounds; see :class:`projections.chain_walk.Reads`."""

    def __init__(self, rows: Rows, bounds: Bounds) -> None:
        self._rows = rows
        self._limits = (("time", bounds.as_of), ("sealed_at", bounds.known_as_of))

    def rows(self, name: str, column: str, keys: Sequence[object]) -> list[Stored]:
        """See :meth:`projections.chain_walk.Reads.rows`."""
        return found_by(filter(self._counts, self._rows.all(name)), column, keys)

    def _counts(self, row: Stored) -> bool:
        return all(
            limit is None or cast("int", row.values[name]) <= from_time(limit)
            for name, limit in self._limits
        )


def _answer(row: Loaded, names: str) -> Answer:
    place = {"origin": row["origin"], "leaf": row["leaf"], "index": row["idx"]}
    shown = row | {"position": place}
    return {name: shown[name] for name in names.split()}


def _by_id(rows: Iterable[Loaded], until: datetime | None = None) -> dict[Any, Loaded]:
    limit = until or _ALL
    return {row["event_id"]: row for row in rows if row["sealed_at"] <= limit}


def _within(row: Loaded, bounds: Bounds) -> bool:
    return row["time"] <= (bounds.as_of or _ALL) and row["sealed_at"] <= (
        bounds.known_as_of or _ALL
    )


def _moment(row: Loaded) -> tuple[datetime, bytes]:
    return row["time"], row["event_id"].bytes
