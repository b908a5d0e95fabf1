"""The document model every report shares: fields, sections, coverage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, cast

import rfc8785

if TYPE_CHECKING:
    from dashboard.reports.regimes import Mapping

Status = Literal[
    "recorded",
    "stated",
    "derived",
    "not_recorded",
    "not_applicable",
    "withheld",
    "erased",
    "conflicting",
    "late",
]
NOT_RECORDED = "Not recorded in the ledger"
DISCLAIMER = (
    "This report shows what was recorded. It is not a conformity assessment and does "
    "not show that the system complies."
)
SCHEMA = "mlledger.report/1"
# RFC 8785 numbers are IEEE 754 doubles; larger integers are printed as text.
_EXACT = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """The log entry a value comes from.

    Attributes:
        event_id: UUID text of the event.
        type: event type.
        origin: log origin of the entry.
        leaf: zero-based leaf of the entry in its origin's tree.
        index: zero-based place of the event in its entry.
        integrity: ``verified``, ``failed`` or ``not_checked`` when the report was made.
    """

    event_id: str
    type: str
    origin: str
    leaf: int
    index: int
    integrity: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a report.

    Attributes:
        path: stable name, such as ``decision.time``.
        title: what a person reads.
        value: the value as JSON, or the words for "not recorded".
        status: how the value came to be.
        evidence: log entries it comes from; empty only when nothing is recorded.
        basis: the event's own word for how it is known, such as ``observed``.
        asserted_by: identity behind the signing key.
        as_of: claimed time of the evidence, ISO 8601, UTC.
        fills: event type that would fill the place, when nothing is recorded.
    """

    path: str
    title: str
    value: Any
    status: Status
    evidence: tuple[Evidence, ...] = ()
    basis: str | None = None
    asserted_by: str | None = None
    as_of: str | None = None
    fills: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one heading."""

    title: str
    fields: tuple[Field, ...]

    def coverage(self) -> dict[str, int]:
        """Return how many fields have which status."""
        return dict(sorted(Counter(item.status for item in self.fields).items()))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that failed or could not be checked.

    Attributes:
        what: kind of the link.
        event_id: UUID text of the event, or None.
        integrity: ``failed`` or ``not_checked``.
        reason: in words.
        place: file, log offset, or table, row and column.
        expected: what the evidence implies.
        actual: what was found.
    """

    what: str
    event_id: str | None
    integrity: str
    reason: str | None
    place: str | None
    expected: str | None
    actual: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """A report before it is rendered.

    Attributes:
        report: its identifier, such as ``R5``.
        title: heading.
        subject: what it is about, an event id in UUID text form.
        sections: the content.
        created_at: ISO 8601, UTC.
        known_as_of: what had been sealed by then, ISO 8601, or None for all.
        positions: sealed size by origin the answer was computed at.
        ledger: name and ledger id.
        mapping: the dated regulation mapping that was used.
        verification: outcome of checking the evidence, in words.
        findings: what failed or could not be checked.
        notes: sentences every copy carries.
    """

    report: str
    title: str
    subject: str
    sections: tuple[Section, ...]
    created_at: str
    known_as_of: str | None
    positions: dict[str, int]
    ledger: dict[str, str]
    mapping: Mapping
    verification: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=(DISCLAIMER,))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return cast("dict[str, Any]", _plain(self)) | {
            "schema": SCHEMA,
            "coverage": [
                {"section": section.title, **section.coverage()}
                for section in self.sections
            ],
        }

    def to_json(self) -> bytes:
        """Return the canonical form: RFC 8785 JSON, the source of all renderings."""
        return rfc8785.dumps(self.to_dict())


def not_recorded(path: str, title: str, *, fills: str) -> Field:
    """Return the field for which nothing is in the ledger.

    Args:
        path: stable name.
        title: what a person reads.
        fills: event type that would fill the place.
    """
    return Field(path, title, NOT_RECORDED, "not_recorded", fills=fills)


def _plain(value: object) -> object:
    if hasattr(value, "__dataclass_fields__"):
        names = cast("Any", value).__dataclass_fields__
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: _plain(item) for key, item in items}
    return _number(value) if isinstance(value, int | float) else value


def _number(value: float) -> object:
    is_exact = isfinite(value) if isinstance(value, float) else abs(value) <= _EXACT
    return value if is_exact else str(value)
