"""What bundles are made from: a ledger's leaves, entries, control log, manifests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.bundle.contents import CONTROL, Place
from ledger.entry import SignedEntry, parse_entry
from ledger.errors import IntegrityError, MissingEvidenceError, NotFoundError
from ledger.header import HEADER_SIZE
from ledger.leaf import SealLeaf, parse_leaf
from ledger.ledger_types import ledger_types
from ledger.policy import Policy, read_cosigned
from ledger.public import OriginReader
from ledger.verdict import Verdict
from ledger.verification.control import verify_record
from ledger.verification.evidence import Evidence
from ledger.verification.manifest import ManifestCut, ManifestReader
from ledger.verification.manifest_entry import PUBLISHED, named_checkpoints
from ledger.verification.places import at, leaf_place, log_place

if TYPE_CHECKING:
    from ledger.checkpoint import Checkpoint
    from ledger.control import Control
    from ledger.log import Log
    from ledger.public import Public

_STREAM_AT = slice(82 + 40, 82 + 56)
_SEQ_AT = slice(82 + 56, 82 + 64)
_KEY_AT = slice(82 + 96, 82 + 128)


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """An event of the control log.

    Attributes:
        place: where it is.
        name: its type.
        fields: what it says.
    """

    place: Place
    name: str
    fields: dict[str, Any]


class Sources:
    """Reads what bundles of one ledger are made of; everything it returns is verified.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration.
    """

    def __init__(self, *, log: Log, public: Public, ledger_id: bytes) -> None:
        self._public = public
        self._evidence = Evidence(log=log, public=public, ledger_id=ledger_id)
        self._manifests = ManifestReader(self._evidence)
        self._entries: dict[tuple[str, int], SignedEntry] = {}
        self._readers: dict[tuple[str, str], tuple[OriginReader, bytes]] = {}

    @property
    def control(self) -> Control:
        """The sealed control log."""
        return self._evidence.control

    @property
    def name(self) -> str:
        """Name of the ledger."""
        return self.control.name

    def origin(self, log: str) -> str:
        """Return the origin of a log, such as ``p0``."""
        return f"{self.name}/{log}"

    def log_of(self, origin: str) -> str:
        """Return the log of an origin.

        Raises:
            NotFoundError: the ledger has no such origin.
        """
        name, _, log = origin.rpartition(f"{self.name}/")
        if name or not log or origin not in self.control.origins:
            known = ", ".join(self.control.origins)
            raise NotFoundError(f"{origin}: no such origin", hint=f"one of: {known}")
        return log

    def reader(
        self, log: str, *, name: str = "checkpoint"
    ) -> tuple[OriginReader, bytes]:
        """Return a log at a published checkpoint, and that note verbatim.

        The same answer for all calls, so that the parts of a bundle fit together.

        Raises:
            MissingEvidenceError: nothing is published.
            EvidenceError: the checkpoint does not verify.
        """
        found = self._readers.get((log, name))
        if found is None:
            origin = self.origin(log)
            note = self._public.read(origin, name)
            with at(f"{origin}/{name}"):
                keys = Policy(logs=self.control.known_vkeys(origin))
                checkpoint = read_cosigned(note, keys).checkpoint
            vkey = self.control.log_vkeys[origin]
            reader = OriginReader(self._public, vkey, checkpoint=checkpoint)
            found = self._readers[log, name] = (reader, note)
        return found

    def leaf(self, log: str, number: int) -> bytes:
        """Return the data of a leaf.

        Raises:
            MissingEvidenceError: it is not published.
        """
        reader, _ = self.reader(log)
        if not 0 <= number < reader.checkpoint.size:
            place = leaf_place(self.origin(log), number)
            raise MissingEvidenceError(
                f"{place}: not published",
                place=place,
                expected=f"a leaf below {reader.checkpoint.size}",
                hint="is it sealed yet? mlledger worker --once",
            )
        return reader.leaf(number)

    def record(self, log: str, leaf: SealLeaf) -> bytes:
        """Return the value of a leaf's record, as it was sealed; empty for null."""
        value = self._evidence.record(self.origin(log), leaf.offset) or b""
        verify_record(leaf, value, log_place(self.origin(log), leaf.offset))
        return value

    def entry(self, log: str, number: int) -> SignedEntry:
        """Return the accepted entry of a leaf.

        Raises:
            IntegrityError: the leaf was not accepted.
        """
        known = self._entries.get((log, number))
        if known is None:
            place = leaf_place(self.origin(log), number)
            with at(place):
                leaf = parse_leaf(self.leaf(log, number))
                if leaf.verdict != Verdict.ACCEPTED:
                    raise IntegrityError(
                        f"{place}: sealed as {leaf.verdict.name}, it counts for nothing"
                    )
                known = parse_entry(self.record(log, leaf))
            self._entries[log, number] = known
        return known

    def opening(self, log: str, number: int) -> Place:
        """Return the opening event of the stream that a leaf's entry is in.

        Leaves are gone through backwards: a stream's first entry stands above all
        its others, and most streams are short.

        Raises:
            IntegrityError: no leaf above opens it.
        """
        header = self.leaf(log, number)[82 : 82 + HEADER_SIZE]
        wanted = header[40:56], bytes(8), header[96:128]
        for before in range(number, -1, -1):
            data = self.leaf(log, before)
            if (data[_STREAM_AT], data[_SEQ_AT], data[_KEY_AT]) == wanted and (
                parse_leaf(data).verdict == Verdict.ACCEPTED
            ):
                return Place(log, before, 0)
        place = leaf_place(self.origin(log), number)
        raise IntegrityError(f"{place}: its stream was never opened", place=place)

    def control_events(self) -> Iterator[ControlEvent]:
        """Yield the built-in events of every accepted control entry, in order."""
        reader, _ = self.reader(CONTROL)
        known = ledger_types()
        for number in range(reader.checkpoint.size):
            if parse_leaf(reader.leaf(number)).verdict != Verdict.ACCEPTED:
                continue
            for index, event in enumerate(self.entry(CONTROL, number).events):
                if kind := known.get(event.schema_id):
                    place = Place(CONTROL, number, index)
                    yield ControlEvent(place, kind.name, kind.decode(event.body))

    def schema(self, schema_id: bytes) -> bytes:
        """Return the exact bytes of a schema."""
        return self._evidence.schema(schema_id)

    def manifest(self, leaves: dict[str, int]) -> tuple[Place, ManifestCut] | None:
        """Return the first manifest that covers some leaves, or as many as one does.

        Args:
            leaves: the highest leaf by log.
        """
        cuts = [
            self._manifests.covering(self.origin(log), leaf)
            for log, leaf in leaves.items()
        ]
        found = max(
            (cut for cut in cuts if cut), key=lambda cut: cut.leaf, default=None
        )
        if found is None:
            return None
        log = self.log_of(found.origin)
        names = {k: kind.name for k, kind in ledger_types().items()}
        events = self.entry(log, found.leaf).events
        index = max(
            number
            for number, event in enumerate(events)
            if names.get(event.schema_id) == PUBLISHED
        )
        return Place(log, found.leaf, index), found

    def named_by(self, cut: ManifestCut) -> dict[str, Checkpoint]:
        """Return the tree heads that a manifest names, by origin."""
        entry = self.entry(self.log_of(cut.origin), cut.leaf)
        return named_checkpoints(entry) or {}

    def file(self, log: str, name: str) -> bytes | None:
        """Return a published file of a log, or None when it is absent."""
        try:
            return self._public.read(self.origin(log), name)
        except MissingEvidenceError:
            return None
