"""``verify projection``: random rows against the log, and random events against rows.

A row that was changed or made up is found when it is drawn; a row that was deleted,
when the event it came from is. A sample proves nothing about what was not drawn:
digests (:mod:`projections.audit`) find the rest.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from uuid import UUID

from psycopg.sql import SQL, Identifier

from ledger.errors import EvidenceError, IntegrityError, MissingEvidenceError
from ledger.leaf import parse_leaf
from ledger.public import OriginReader, head_reader
from ledger.verdict import Verdict
from ledger.verification.findings import Findings
from projections.chain_rows import expected_rows, is_storable, stored
from projections.chain_verify import check_rows
from projections.columns import UnstorableError, plain, printed
from projections.drawing import all_tables, drawn, name_of, places, shares
from projections.integrity.leaves import leaf_row
from projections.reach import position_errors
from projections.rebuild import positions
from projections.registry.periods import differing_periods
from projections.rows import EventPosition
from projections.statements import composed
from projections.structure_check import wrong_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.public import Public
    from ledger.verification import LedgerVerifier, VerifiedEvent
    from ledger.verification.steps import Step
    from projections.chain_rows import Stored
    from projections.columns import Table
    from projections.database import Connection

_PACKAGE = "projections"
_BY_LEAF = ("integrity.entry", "integrity.unaccepted")
_COPIES = ("integrity.repetition", "decisions.repetition")
_UNREADABLE = "integrity.unreadable"


@dataclass(slots=True)
class Sampling:
    """One sample of a ledger's projections.

    Args:
        connection: of any role; one snapshot for all that is drawn is best.
        public: the published ledger.
        verifier: re-reads events from log and public folder.
        seed: the same seed draws the same rows of the same tables.
        findings: where what is found goes.
    """

    connection: Connection
    public: Public
    verifier: LedgerVerifier
    seed: int
    findings: Findings = field(default_factory=lambda: Findings("projection sample"))
    rows: int = 0
    events: int = 0
    _readers: dict[str, OriginReader] = field(default_factory=dict[str, OriginReader])
    _reached: dict[str, int] = field(default_factory=dict[str, int])

    def run(self, count: int) -> list[Step]:
        """Draw ``count`` rows and as many events; returns what was found.

        Nothing is drawn from schemas that are not what this program makes: they show
        what somebody wants to be seen.
        """
        if wrong := wrong_steps(self.connection):
            return wrong
        draw = random.Random(self.seed)  # noqa: S311  a sample, no secret
        tables = all_tables(self.connection)
        self._reached = self._sealed(positions(self.connection, schema="integrity"))
        for table, share in shares(self.connection, tables, count):
            for row in drawn(self.connection, table, share, draw):
                self._check_row(table, row)
                self.rows += 1
        named = {name_of(table): table for table in tables}
        for at in places(self._reached, count, draw):
            self._check_event(at, draw, named)
        for error in differing_periods(self.connection):
            self.findings.add(error)
        return self.findings.steps(
            f"{self.rows} rows and {self.events} events drawn with seed {self.seed}: "
            "each row is what the log says, each event has its rows, and no policy, "
            "rule or view stands before them"
        )

    def _sealed(self, reached: dict[str, int]) -> dict[str, int]:
        """Return how far was projected, and not beyond what is published."""
        control = self.verifier.control
        for error in position_errors(
            self.connection, public=self.public, control=control
        ):
            self.findings.add(error)
        sizes: dict[str, int] = {}
        for origin, leaves in reached.items():
            with self.findings.collected():
                size = self._reader(origin).checkpoint.size
                sizes[origin] = min(leaves, size)
        return sizes

    def _check_row(self, table: Table, row: Sequence[object]) -> None:
        name = name_of(table)
        if name in _BY_LEAF:
            self._check_leaf_row(table, row)
        elif name == _UNREADABLE:
            self._check_unreadable(table, row)
        elif name in _COPIES:
            self._check_copy(table, row)
        else:
            self._check_facts([stored(table, row)])

    def _check_facts(self, rows: list[Stored]) -> None:
        outcomes = check_rows(rows, self.verifier, self._reached)
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.integrity == "verified":
                continue
            place = outcome.place or f"{row.name} {row.id}"
            if place.endswith(" column event_id"):
                self._made_up(f"{row.name} {row.id}", outcome.reason or "another event")
                continue
            missing = outcome.integrity == "not_checked"
            kind = MissingEvidenceError if missing else IntegrityError
            self.findings.add(
                kind(
                    f"{row.name} {row.id}: {outcome.reason}",
                    place=place,
                    expected=outcome.expected,
                    actual=outcome.actual,
                )
            )

    def _check_leaf_row(self, table: Table, row: Sequence[object]) -> None:
        origin, leaf = cast("str", row[0]), cast("int", row[1])
        place = f"{name_of(table)} {origin} {leaf}"
        if not 0 <= leaf < self._reached.get(origin, 0):
            self._made_up(place, "names a leaf that was never projected")
            return
        with self.findings.collected():
            made = self._leaf_row(EventPosition(origin, leaf, 0))
            if made[0] != name_of(table):
                self._made_up(place, f"the leaf makes a row of {made[0]}")
                return
            self._compare(table, row, made[1], place)

    def _check_copy(self, table: Table, row: Sequence[object]) -> None:
        values = dict(zip(table.columns, row, strict=True))
        at = EventPosition(
            cast("str", values["origin"]),
            cast("int", values["leaf"]),
            cast("int", values["idx"]),
        )
        place = f"{name_of(table)} {values['event_id']} {at}"
        if not 0 <= at.leaf < self._reached.get(at.origin, 0):
            self._made_up(place, "names a leaf that was never projected")
            return
        with self.findings.collected():
            event = self.verifier.event(origin=at.origin, leaf=at.leaf, index=at.index)
            self._compare(table, row, _copy_of(event, at), place)

    def _check_unreadable(self, table: Table, row: Sequence[object]) -> None:
        at = EventPosition(
            cast("str", row[0]), cast("int", row[1]), cast("int", row[2])
        )
        try:
            event = self.verifier.event(origin=at.origin, leaf=at.leaf, index=at.index)
            expected_rows(event, at)
        except (EvidenceError, UnstorableError):
            return
        if not is_storable(event, at, all_tables(self.connection)):
            return
        self._made_up(f"{name_of(table)} {at}", "the event can be read and stored")

    def _check_event(
        self, at: EventPosition, draw: random.Random, tables: dict[str, Table]
    ) -> None:
        """Check that a leaf, and one event of it, have the rows they make."""
        with self.findings.collected():
            name, values = self._leaf_row(at)
            row = self._by_key(tables[name], values[0], cast("int", values[1]))
            if row is None:
                self._absent(f"{name} {at.origin} {at.leaf}")
            if name != _BY_LEAF[0]:
                return
            count = cast("int", values[-1])
            chosen = EventPosition(at.origin, at.leaf, draw.randrange(count))
            self._check_facts_of(chosen, tables)

    def _check_facts_of(self, at: EventPosition, tables: dict[str, Table]) -> None:
        self.events += 1
        try:
            event = self.verifier.event(origin=at.origin, leaf=at.leaf, index=at.index)
            made = expected_rows(event, at)
        except (EvidenceError, UnstorableError):
            return  # a finding of the log itself, and a row of integrity.unreadable
        if not is_storable(event, at, list(tables.values())):
            return
        for name, values in made.items():
            found = self._by_key(tables[name], UUID(bytes=cast("bytes", values[0])))
            if found is None:
                self._absent(f"{name} {UUID(bytes=cast('bytes', values[0]))}")
            else:
                self._check_facts([stored(tables[name], found)])

    def _leaf_row(self, at: EventPosition) -> tuple[str, tuple[object, ...]]:
        leaf = parse_leaf(self._reader(at.origin).leaf(at.leaf))
        row = leaf_row(leaf, origin=at.origin, number=at.leaf)
        name = _BY_LEAF[leaf.verdict != Verdict.ACCEPTED]
        return name, row.values

    def _reader(self, origin: str) -> OriginReader:
        reader = self._readers.get(origin)
        if reader is None:
            vkeys = self.verifier.control.active_vkeys(origin)
            reader = self._readers[origin] = head_reader(self.public, vkeys)
        return reader

    def _by_key(
        self, table: Table, first: object, second: int | None = None
    ) -> Sequence[object] | None:
        statement = composed(
            _PACKAGE,
            "rows_by_key",
            columns=SQL(", ").join(map(Identifier, table.columns)),
            table=Identifier(table.schema, table.name),
            first_column=Identifier(table.columns[0]),
            second_column=Identifier("leaf"),
        )
        values = {"first": first, "second": second}
        return self.connection.execute(statement, values).fetchone()

    def _compare(
        self,
        table: Table,
        row: Sequence[object],
        expected: Sequence[object],
        place: str,
    ) -> None:
        columns = zip(table.columns, table.types, row, expected, strict=True)
        for name, kind, found, wanted in columns:
            if plain(found, kind) != plain(wanted, kind):
                self.findings.add(
                    IntegrityError(
                        f"{place}: column {name} is not what the log says",
                        place=f"{place} column {name}",
                        expected=printed(plain(wanted, kind), kind),
                        actual=printed(plain(found, kind), kind),
                    )
                )

    def _made_up(self, place: str, why: str) -> None:
        self.findings.add(
            IntegrityError(
                f"{place}: the table holds this row, the log makes no such row: {why}",
                place=place,
                expected="no row",
                actual="a row",
            )
        )

    def _absent(self, place: str) -> None:
        self.findings.add(
            IntegrityError(
                f"{place}: the log makes this row, the table does not hold it",
                place=place,
                expected="a row",
                actual="no row",
            )
        )


def _copy_of(event: VerifiedEvent, at: EventPosition) -> tuple[object, ...]:
    decoded = event.decoded
    return (
        decoded.id,
        decoded.time,
        event.sealed_at_ms * 1_000,
        *at,
        event.identity,
        decoded.digest(),
    )
