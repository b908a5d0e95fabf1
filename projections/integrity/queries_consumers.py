"""Questions about consumers and about reports that left the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from ledger.errors import InvalidEventError
from projections.asking import ALWAYS, Bounds, ask
from projections.evidence import Evidence
from projections.filled import Filled, by, derived, filled
from projections.integrity.notifying import (
    ConsumerToNotify,
    notify_list,
    releases_of,
)
from projections.integrity.queries import consumers

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.integrity"
_CONTRACT = "consumer.contract.declared"
_ACCESS = "consumer.access.observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeclaredConsumer:
    """Use without a declared contract: an explanation is needed.

    Attributes:
        undeclared: observations that no contract in force covered.
        undeclared_from, undeclared_to: first and last sign of such use.
        blind_spots: readers that the collector cannot see.
    """

    FILLED: ClassVar[Filled] = Filled(
        by(_ACCESS, "last_observation_id"),
        {
            "undeclared": derived(_ACCESS),
            "observations": derived(_ACCESS),
            "records": derived(_ACCESS),
            "undeclared_from": derived(_ACCESS),
            "undeclared_to": derived(_ACCESS),
            "declared_now": derived(_CONTRACT),
            "owner": by(_CONTRACT, "contract_id"),
        },
    )
    consumer: str
    resource: str
    undeclared: int
    undeclared_from: datetime | None
    undeclared_to: datetime | None
    observations: int
    records: int | None
    principals: list[str] | None
    clients: list[str] | None
    hosts: list[str] | None
    blind_spots: list[str] | None
    declared_now: bool
    contract_id: UUID | None
    owner: str | None
    last_observation_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedReport(Evidence):
    """A report that was issued, beside what is known of it today.

    Attributes:
        recomputed: digest of the file at hand.
        matches: whether that is the issued one; None without a file.
        events_since: events sealed since, in the origins the report names.
    """

    FILLED: ClassVar[Filled] = filled(
        "governance.report.issued",
        size_bytes=by("governance.document.stored", "document_id"),
        title=by("governance.document.stored", "document_id"),
        recomputed=derived("governance.document.stored"),
        matches=derived("governance.report.issued"),
        events_since=derived("governance.report.issued"),
    )
    report: str | None
    subject_id: UUID | None
    digest: str
    media_type: str | None
    mapping_version: str | None
    positions: list[dict[str, Any]]
    known_as_of: datetime | None
    document_id: UUID | None
    size_bytes: int | None
    title: str | None
    recomputed: str | None
    matches: bool | None
    events_since: int | None


def undeclared_consumers(
    connection: Connection, *, since: datetime | None = None, bounds: Bounds = ALWAYS
) -> list[UndeclaredConsumer]:
    """Return who was seen to read without a contract in force at that time (Q22)."""
    return [
        UndeclaredConsumer(
            consumer=one.consumer,
            resource=one.resource,
            undeclared=one.undeclared,
            undeclared_from=one.undeclared_from,
            undeclared_to=one.undeclared_to,
            observations=one.observations,
            records=one.records,
            principals=one.principals,
            clients=one.clients,
            hosts=one.hosts,
            blind_spots=one.blind_spots,
            declared_now=one.declared,
            contract_id=one.contract_id,
            owner=one.owner,
            last_observation_id=one.last_observation_id,
        )
        for one in consumers(connection, since=since, bounds=bounds)
        if one.undeclared > 0
    ]


def consumers_to_notify(
    connection: Connection,
    *,
    release: UUID | None = None,
    incident: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[ConsumerToNotify]:
    """Return who uses what releases decide, and who of them was told (Q23).

    Args:
        connection: of any role.
        release: this release.
        incident: the releases that this incident involves.
        bounds: which facts count.

    Raises:
        InvalidEventError: neither a release nor an incident is named.
    """
    if release is None and incident is None:
        raise InvalidEventError("--param release=… or --param incident=… is needed")
    releases = [] if release is None else [release]
    if incident is not None:
        releases += releases_of(connection, incident, bounds)
    return notify_list(connection, releases, incident=incident, bounds=bounds)


def export_verify(
    connection: Connection,
    *,
    report: UUID | None = None,
    digest: str | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[IssuedReport]:
    """Return issued reports beside a digest recomputed from a file (Q28).

    Args:
        connection: of any role.
        report: this one alone.
        digest: ``sha256:`` and 64 hexadecimal digits of the file at hand.
        limit: at most so many.
        bounds: which facts count.
    """
    return ask(
        connection,
        _PACKAGE,
        "export_verify",
        IssuedReport,
        bounds,
        report=report,
        digest=digest,
        limit=limit,
    )
