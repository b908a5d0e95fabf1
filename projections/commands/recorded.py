"""What tests need of recorded versions, data and deployments: found, then verified.

The database says where an event is; what is handed out comes from the log, checked.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.errors import ConflictError, InvalidEventError, NotFoundError
from ledger.evaluation.records import (
    FINDERS,
    RecordedCriterion,
    RecordedData,
    RecordedDeployment,
    RecordedVersion,
    Records,
)
from projections.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Generator
    from uuid import UUID

    from ledger.codec import Decoded
    from ledger.config import Config
    from ledger.verification import LedgerVerifier
    from projections.database import Connection

_SEALED = "what was just recorded is found once a worker ran: mlledger worker --once"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionInForce(Evidence):
    """A limit that a model must meet, and that no other has replaced."""

    metric: str
    slice: str | None
    limit_value: float
    direction: str
    baseline: str | None
    baseline_value: float | None
    dataset_version_id: UUID | None


def register_records() -> None:
    """Let tests find recorded versions; needs no database yet."""
    if open_records not in FINDERS:
        FINDERS.append(open_records)


@contextmanager
def open_records(config: Config) -> Generator[Records]:
    """Open the records of a home."""
    from ledger.public import PublicFolder
    from ledger.verification import LedgerVerifier, roots_of, terms_of
    from projections.commands.opening import opened_log
    from projections.database import Database

    with ExitStack() as stack:
        database = stack.enter_context(Database.open(config))
        connection = stack.enter_context(database.connect("auditor"))
        verifier = LedgerVerifier(
            log=stack.enter_context(opened_log(config)),
            public=PublicFolder(config.public),
            ledger_id=config.ledger_id,
            tsa_roots=roots_of(config),
            terms=terms_of(config),
        )
        yield VerifiedRecords(connection, verifier)


class VerifiedRecords:
    """Records of one ledger; see :class:`ledger.evaluation.records.Records`.

    Args:
        connection: of any role.
        verifier: of the same ledger.
    """

    def __init__(self, connection: Connection, verifier: LedgerVerifier) -> None:
        self._connection = connection
        self._verifier = verifier

    def model_version(self, text: str) -> RecordedVersion:
        """See :meth:`ledger.evaluation.records.Records.model_version`."""
        from projections.registry.queries import model_versions

        model, at, label = text.partition("@")
        if at:
            found = model_versions(
                self._connection, model=model, version=label, limit=1
            )
        else:
            found = model_versions(self._connection, model_version=_id(text), limit=1)
        if not found:
            raise NotFoundError(f"{text}: no such model version", hint=_SEALED)
        if at and found[0].conflicting:
            raise ConflictError(
                f"{text}: the label names two contents", hint="say the event id"
            )
        event = self._verified(found[0])
        return RecordedVersion(
            **_reference(event),
            model=event.fields["model"],
            version=event.fields["version"],
            content=event.fields["artifact_digest"],
            scheme=event.fields["artifact_scheme"],
        )

    def dataset_version(self, text: str) -> RecordedData:
        """See :meth:`ledger.evaluation.records.Records.dataset_version`."""
        from projections.lineage.queries import dataset_versions

        found = dataset_versions(self._connection, dataset_version=_id(text), limit=1)
        if not found:
            raise NotFoundError(f"{text}: no such dataset version", hint=_SEALED)
        event = self._verified(found[0])
        return RecordedData(
            **_reference(event),
            dataset=event.fields["dataset"],
            content=event.fields["digest"],
            scheme=event.fields["scheme"],
        )

    def deployment(self, text: str) -> RecordedDeployment:
        """See :meth:`ledger.evaluation.records.Records.deployment`."""
        from projections.integrity.queries import event_find

        found = event_find(self._connection, _id(text))
        event = None if found is None else self._verified(found)
        if event is None or event.name != "serving.deployment.activated":
            raise NotFoundError(f"{text}: no such deployment", hint=_SEALED)
        return RecordedDeployment(
            **_reference(event),
            environment=event.fields["environment"],
            service=event.fields.get("service"),
        )

    def criteria(self, model: str) -> list[RecordedCriterion]:
        """See :meth:`ledger.evaluation.records.Records.criteria`."""
        return [
            RecordedCriterion(
                id=row.event_id.bytes,
                metric=row.metric,
                limit=row.limit_value,
                direction=row.direction,
                slice=row.slice,
                baseline=row.baseline,
                baseline_value=row.baseline_value,
                dataset_version=_bytes(row.dataset_version_id),
            )
            for row in criteria_in_force(self._connection, model)
        ]

    def _verified(self, row: Evidence) -> Decoded:
        return self._verifier.event(
            origin=row.origin, leaf=row.leaf, index=row.idx
        ).decoded


def criteria_in_force(connection: Connection, model: str) -> list[CriterionInForce]:
    """Return the limits that a model must meet now, oldest first."""
    from projections.asking import ask

    return ask(
        connection,
        "projections.lineage",
        "criteria_in_force",
        CriterionInForce,
        model=model,
    )


def _reference(event: Decoded) -> dict[str, Any]:
    return {"id": event.id, "digest": sha256(event.body).digest()}


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


def _id(text: str) -> UUID:
    from projections.commands.opening import identifier

    try:
        return identifier(text)
    except InvalidEventError as error:
        raise NotFoundError(f"{text}: neither model@label nor an event id") from error
