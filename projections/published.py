"""The digests of tables that were published: what the manifest log says they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.authority import role_of
from ledger.checkpoint import Checkpoint
from ledger.entry import parse_entry
from ledger.leaf import parse_leaf
from ledger.ledger_types import decode_bodies
from ledger.public import OriginReader
from ledger.verdict import Verdict
from ledger.verification.control import verify_record
from ledger.verification.places import leaf_place, log_place, partition_of
from ledger.verification.records import Records
from projections.digests import Digested, TableContent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projections.projector import Source

DIGESTED = "ledger.projection.digested"


def published_digests(source: Source) -> dict[str, tuple[Digested, str]]:
    """Return what was published last of each projection, and where it stands.

    Accepted leaves of the manifest logs count, each record held against its leaf.

    Raises:
        IntegrityError: a record is not the one that was sealed.
        MissingEvidenceError: a tile is absent.
    """
    found: dict[str, tuple[Digested, str]] = {}
    for origin in source.control.origins:
        if role_of(origin) != "manifest":
            continue
        if next(iter(source.public.list(origin)), None) is None:
            continue
        for number, value in _accepted(source, origin):
            for name, fields in decode_bodies(parse_entry(value)):
                if name == DIGESTED:
                    one = _digested(fields)
                    found[one.projection] = (one, leaf_place(origin, number))
    return found


def _accepted(source: Source, origin: str) -> Iterator[tuple[int, bytes]]:
    reader = OriginReader(source.public, source.control.active_vkeys(origin))
    records = Records(source.log, partition_of(origin))
    for number, data in enumerate(reader.leaves(0, reader.checkpoint.size)):
        leaf = parse_leaf(data)
        if leaf.verdict != Verdict.ACCEPTED:
            continue
        record = records.at(leaf.offset)
        if record is not None:
            value = record.value or b""
            verify_record(leaf, value, log_place(origin, leaf.offset))
            yield number, value


def _digested(fields: dict[str, Any]) -> Digested:
    return Digested(
        projection=fields["projection"],
        version=fields["version"],
        heads=tuple(
            Checkpoint(head["origin"], head["size"], head["root"])
            for head in fields["checkpoints"]
        ),
        tables=tuple(
            TableContent(item["table"], item["rows"], item["digest"])
            for item in fields["tables"]
        ),
    )
