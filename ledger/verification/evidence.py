"""Where a verifier gets its evidence: checkpoints, leaves, records, control log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.public import OriginReader, Public
from ledger.verification.control import ControlReader
from ledger.verification.places import leaf_place, log_place, partition_of

if TYPE_CHECKING:
    from ledger.control import Control
    from ledger.log import Log


class Evidence:
    """The evidence of one ledger, authenticated from its id on; kept between calls.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration or command line, never from ``public``.
    """

    def __init__(self, *, log: Log, public: Public, ledger_id: bytes) -> None:
        self._log = log
        self._public = public
        self._control = ControlReader(log=log, public=public, ledger_id=ledger_id)
        self._readers: dict[str, OriginReader] = {}

    @property
    def control(self) -> Control:
        """The sealed control log, verified on first use."""
        if self._control.checkpoint is None:
            self._control.refresh()
        return self._control.control

    def reader(self, origin: str, *, leaf: int) -> OriginReader:
        """Return a reader at a verified checkpoint that covers a leaf.

        Raises:
            IntegrityError: no such origin, or its checkpoint contradicts itself.
            MissingEvidenceError: no published checkpoint covers the leaf.
        """
        reader = self._readers.get(origin)
        if reader is None or leaf >= reader.checkpoint.size:
            reader = self._open(origin)
            self._readers[origin] = reader
        if not 0 <= leaf < reader.checkpoint.size:
            raise MissingEvidenceError(
                f"{leaf_place(origin, leaf)}: not published",
                place=leaf_place(origin, leaf),
                expected=f"a checkpoint of size {leaf + 1} or more",
                actual=f"size {reader.checkpoint.size}",
            )
        return reader

    def record(self, origin: str, offset: int) -> bytes | None:
        """Return the value of a record.

        Raises:
            MissingEvidenceError: the log does not hold it.
        """
        partition, place = partition_of(origin), log_place(origin, offset)
        start, end = self._log.bounds(partition)
        found = None
        if start <= offset < end:
            found = next(self._log.read(partition, offset, max_records=1), None)
        if found is None or found.offset != offset:
            raise MissingEvidenceError(
                f"{place}: the record is not in the log", place=place
            )
        return found.value

    def control_of(self, registry_size: int) -> Control:
        """Return a control state that knows a registry size.

        Raises:
            MissingEvidenceError: fewer control leaves are published.
        """
        if self.control.size < registry_size:
            self._control.refresh()
        if self.control.size < registry_size:
            raise MissingEvidenceError(
                f"control log: {registry_size} leaves are pinned, {self.control.size} "
                "are published",
                place=f"{self._control.origin}/checkpoint",
                expected=f"size {registry_size} or more",
                actual=f"size {self.control.size}",
            )
        return self.control

    def _open(self, origin: str) -> OriginReader:
        vkey = self.control.log_vkeys.get(origin)
        if vkey is None:
            self._control.refresh()
            vkey = self.control.log_vkeys.get(origin)
        if vkey is None:
            raise IntegrityError(
                f"{origin}: the control log knows no such origin",
                place=origin,
                expected=", ".join(self.control.log_vkeys),
                actual=origin,
            )
        return OriginReader(self._public, vkey)

    def schema(self, schema_id: bytes) -> bytes:
        """Return the exact bytes of a registered schema.

        Raises:
            MissingEvidenceError: the control log holds none of that id.
        """
        schema = self.control.schema(schema_id)
        if schema is None:
            raise MissingEvidenceError(f"schema {schema_id.hex()}: not registered")
        return schema
