"""Hand a report out: two files, a copy by content, and an event that says so."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import UUID

import rfc8785

from dashboard.reports.model import SCHEMA, Report
from dashboard.reports.render import to_html
from ledger.blobs import Blobs
from ledger.errors import MalformedError
from ledger.output import parse_time
from projections.reading import Read, record_read

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.config import Config
    from projections.database import Connection
    from projections.lineage.queries import Thing

MEDIA_TYPE = "application/json"
FLUSH_S = 10.0


@dataclass(frozen=True, slots=True)
class Issued:
    """A report that was written.

    Attributes:
        json: the canonical form.
        html: the form for people.
        digest: ``sha256:<hex>`` of the canonical form.
        event_id: 16 bytes of ``governance.report.issued``; None when not recorded.
        in_log: whether the log has that event; else it waits in the journal.
        outcome: of verifying the evidence, in words.
        unrecorded: why it is not on record that it was handed out; empty otherwise.
    """

    json: Path
    html: Path
    digest: str
    event_id: bytes | None
    in_log: bool
    outcome: str
    unrecorded: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known about a report file.

    Attributes:
        report: its identifier.
        subject: event id in UUID text form.
        digest: ``sha256:<hex>`` of the file.
        records: where the ledger says that such a report was issued.
    """

    report: str
    subject: str
    digest: str
    records: tuple[Thing, ...]


def digest_of(content: bytes) -> str:
    """Return the digest of a report's canonical form."""
    return f"sha256:{sha256(content).hexdigest()}"


def issue(config: Config, report: Report, *, folder: Path, record: bool) -> Issued:
    """Write a report's two files; with ``record`` keep the JSON and say so in the log.

    Who it was handed to is recorded too (``governance.access.logged``), without
    ``record`` only where ``[access] log`` asks for every reading.

    Raises:
        ConfigurationError: the home has no producer key.
        OSError: the folder cannot be written.
    """
    content = report.to_json()
    digest = digest_of(content)
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{report.report}-{report.subject}"
    json_path, html_path = folder / f"{stem}.json", folder / f"{stem}.html"
    event_id, in_log, unrecorded = None, False, ""
    if record:
        Blobs(config.blobs).put(content)
        event_id, in_log = _record(config, report, digest)
    if record or config.access.log:
        unrecorded = record_read(config, reading_of(report, "cli"))
    json_path.write_bytes(content)
    html_path.write_text(to_html(report, digest=digest), encoding="utf-8")
    return Issued(
        json=json_path,
        html=html_path,
        digest=digest,
        event_id=event_id,
        in_log=in_log,
        outcome=report.verification,
        unrecorded=unrecorded,
    )


def reading_of(report: Report, channel: Literal["cli", "dashboard"]) -> Read:
    """Return what is recorded of who gets a report."""
    return Read(
        kind="report",
        query=report.report,
        channel=channel,
        parameters={"subject": report.subject, "known_as_of": report.known_as_of},
        decision=UUID(report.subject).bytes,
    )


def check_file(connection: Connection, content: bytes) -> Checked:
    """Return what the ledger knows about a report file.

    Args:
        connection: of any role.
        content: bytes of the JSON file.

    Raises:
        MalformedError: not a report, or not in its canonical form: it was changed.
    """
    from projections.lineage.queries import whatis

    data = parse_report(content)
    digest = digest_of(content)
    things = whatis(connection, digest).things
    return Checked(
        report=str(data.get("report")),
        subject=str(data.get("subject")),
        digest=digest,
        records=tuple(thing for thing in things if thing.kind == "report"),
    )


def parse_report(content: bytes) -> dict[str, Any]:
    """Return a report's canonical JSON as plain values; inverse of ``to_json``.

    Raises:
        MalformedError: not JSON, not a report, or not canonical (RFC 8785).
    """
    import json

    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"not a report: {error}", place="file") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:  # pyright: ignore[reportUnknownMemberType]
        raise MalformedError(f"not a report of the schema {SCHEMA}", place="file")
    report = cast("dict[str, Any]", data)
    try:
        canonical = rfc8785.dumps(report)
    except (ValueError, RecursionError) as error:  # a lone surrogate too
        raise MalformedError(f"not a report: {error}", place="file") from error
    if canonical != content:
        raise MalformedError(
            "not in canonical form: these are not the bytes that were issued",
            place="file",
            expected=digest_of(canonical),
            actual=digest_of(content),
            hint="check the file that was written, not a copy an editor has saved",
        )
    return report


def _record(config: Config, report: Report, digest: str) -> tuple[bytes, bool]:
    from ledger.events.governance import ReportIssued
    from ledger.setup import open_emitter

    known = report.known_as_of
    fact = ReportIssued.record(
        basis="derived",
        report=report.report,
        subject=UUID(report.subject).bytes,
        digest=digest,
        media_type=MEDIA_TYPE,
        mapping_version=report.mapping.version,
        positions=[{"origin": o, "size": n} for o, n in report.positions.items()],
        known_as_of=parse_time(known) if known else None,
    )
    emitter = open_emitter(config)
    try:
        event_id = bytes(emitter.emit(fact).id)
        return event_id, emitter.flush(FLUSH_S)
    finally:
        emitter.close()
