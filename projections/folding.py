"""Turn sealed leaves into the rows of a batch: pure but for the reading."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.codec import Decoders
from ledger.control import identity_of
from ledger.entry import parse_entry
from ledger.errors import (
    IntegrityError,
    MalformedError,
    MissingEvidenceError,
    RootMismatchError,
)
from ledger.leaf import parse_leaf
from ledger.verdict import Verdict
from projections import integrity
from projections.columns import MAX_TIME, MIN_TIME, UnstorableError
from projections.integrity.leaves import leaf_row
from projections.rows import EventPosition, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.codec import Decoded
    from ledger.control import Control
    from ledger.leaf import SealLeaf
    from ledger.public import OriginReader
    from projections.columns import Table
    from projections.loading import EncodedRow
    from projections.projection import Projection
    from projections.records import RecordCursor

BATCH_EVENTS = 16_384
"""A batch ends with the leaf that reaches so many events, or after so many leaves."""


@dataclass(slots=True)
class Fold:
    """The rows of some consecutive leaves of one origin.

    Attributes:
        leaves: how many leaves.
        events: how many events were in them.
        sealed_at: when the last leaf was sealed, microseconds since 1970.
        gone: how many accepted records were not there to be folded, for a sealed
            trimming or the end of their log says so.
        new_rows: how many rows turned out to be new when they were written.
    """

    leaves: int = 0
    events: int = 0
    gone: int = 0
    sealed_at: int = 0
    new_rows: int = 0
    tables: dict[tuple[str, str], Table] = field(default_factory=dict[Any, Any])
    by_table: defaultdict[tuple[str, str], list[EncodedRow]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def rows(self) -> Iterator[tuple[Table, list[EncodedRow]]]:
        """Yield the encoded rows of each table, in the order of positions."""
        for key, rows in self.by_table.items():
            yield self.tables[key], rows


class Folding:
    """Decodes events and makes rows of them, for some projections.

    Args:
        control: keys, schemas and identities.
        projections: every one of them sees every event, so that an event which one
            cannot store is kept from all.
        tables: per projection, its tables by name.
    """

    def __init__(
        self,
        control: Control,
        projections: Sequence[Projection],
        tables: Mapping[str, Mapping[str, Table]],
    ) -> None:
        self._control = control
        self._decoders = Decoders(self._schema)
        self._identities: dict[bytes, tuple[str, str]] = {}
        self._projections = [(p.name, p.rows) for p in projections]
        self._tables = {
            (name, table.name): table
            for name, listed in tables.items()
            for table in listed.values()
        }
        self._encoders = {key: table.encoder() for key, table in self._tables.items()}

    def fold(
        self,
        reader: OriginReader,
        cursor: RecordCursor,
        *,
        origin: str,
        start: int,
        end: int,
        active: frozenset[str],
    ) -> Fold:
        """Return the rows of leaves ``start`` to ``end``, or of the first of them.

        Args:
            reader: gives the authenticated leaves.
            cursor: gives the values.
            origin: the log they are of.
            start: first leaf.
            end: one past the last leaf; the batch may end before it.
            active: names of the projections whose rows are wanted.

        Raises:
            IntegrityError: a record differs from the hash in its leaf.
            MissingEvidenceError: a record is not in the log any more.
        """
        fold = Fold(tables=self._tables)
        for number, data in enumerate(reader.leaves(start, end), start):
            leaf = parse_leaf(data)
            if leaf.registry_size > self._control.size:
                break  # a newer control log is needed first
            fold.leaves += 1
            fold.sealed_at = leaf.sealed_at_ms * 1_000
            self._fold_leaf(fold, leaf, EventPosition(origin, number, 0), active)
            if leaf.verdict == Verdict.ACCEPTED:
                value = self._value(cursor, origin, leaf.offset)
                if value is None:
                    fold.gone += 1
                else:
                    matching = _matching(leaf, value, origin)
                    self._fold_entry(fold, matching, origin, number, active)
            if max(fold.events, fold.leaves) >= BATCH_EVENTS:
                break
        return fold

    def _value(self, cursor: RecordCursor, origin: str, offset: int) -> bytes | None:
        """Return the value of an accepted record, or None where it may be gone.

        Raises:
            MissingEvidenceError: it is gone, and nothing sealed says that it may be.
        """
        try:
            return cursor.value(offset) or b""
        except MissingEvidenceError:
            trimmed = self._control.trimmed(origin)
            may_be_gone = trimmed is not None and offset < trimmed.before_offset
            if may_be_gone or self._control.logs[origin].closed_at is not None:
                return None
            raise

    def _fold_leaf(
        self, fold: Fold, leaf: SealLeaf, at: EventPosition, active: frozenset[str]
    ) -> None:
        if integrity.SCHEMA in active:
            row = leaf_row(leaf, origin=at.origin, number=at.leaf)
            self._store(fold, row)

    def _fold_entry(
        self,
        fold: Fold,
        value: bytes,
        origin: str,
        number: int,
        active: frozenset[str],
    ) -> None:
        entry = parse_entry(value)
        identity, kind = self._identity(entry.header.key_fp)
        ids, decode, sealed_at = entry.schema_ids, self._decoders.decode, fold.sealed_at
        pairs = zip(entry.schema_indexes, entry.bodies, strict=True)
        for index, (which, body) in enumerate(pairs):
            at = EventPosition(origin, number, index)
            try:
                event = decode(ids[which], body)
                made = self._rows(event, at, sealed_at, identity, kind)
            except (MalformedError, UnstorableError) as error:
                if integrity.SCHEMA in active:
                    row = unreadable_row(at, sealed_at, ids[which], body, error)
                    self._store(fold, row)
                continue
            for key, row in made:
                if key[0] in active:
                    fold.by_table[key].append(row)
        fold.events += entry.header.n_events

    def _rows(
        self,
        event: Decoded,
        at: EventPosition,
        sealed_at: int,
        identity: str,
        kind: str,
    ) -> list[tuple[tuple[str, str], EncodedRow]]:
        if not MIN_TIME <= event.time <= MAX_TIME:
            raise UnstorableError(f"time: {event.time} is outside the years 1 to 9999")
        made: list[tuple[tuple[str, str], EncodedRow]] = []
        for name, rows in self._projections:
            for row in rows(event, at, sealed_at, identity, kind):
                key = (name, row.table)
                values = row.values
                made.append((key, (values[0], self._encoders[key](values))))
        return made

    def _store(self, fold: Fold, row: Row) -> None:
        key = (integrity.SCHEMA, row.table)
        encoded = self._encoders[key](row.values)
        fold.by_table[key].append((row.values[0], encoded))

    def _identity(self, key_fp: bytes) -> tuple[str, str]:
        found = self._identities.get(key_fp)
        if found is None:
            found = self._identities[key_fp] = identity_of(self._control, key_fp)
        return found

    def _schema(self, schema_id: bytes) -> bytes:
        schema = self._control.schema(schema_id)
        if schema is None:
            raise IntegrityError(
                f"an accepted entry names schema {schema_id.hex()}, "
                "which the control log does not hold",
                place=f"schema {schema_id.hex()}",
            )
        return schema


def _matching(leaf: SealLeaf, value: bytes, origin: str) -> bytes:
    """Return the value of an accepted record if it is the one that was sealed."""
    computed = sha256(value).digest()
    if computed != leaf.record_hash:
        raise RootMismatchError(
            expected=leaf.record_hash,
            computed=computed,
            place=f"log {origin} offset {leaf.offset}",
            what="record hash",
        )
    return value


def unreadable_row(
    at: EventPosition,
    sealed_at: int,
    schema_id: bytes,
    body: bytes,
    error: Exception,
) -> Row:
    """Return the row of an event that makes no other rows, with the reason."""
    reason = str(error).replace("\0", " ")[:500]
    digest = sha256(body).digest()
    return Row("unreadable", (*at, sealed_at, schema_id, digest, reason))
