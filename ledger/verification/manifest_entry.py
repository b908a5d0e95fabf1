"""What a record of the manifest log says, and whether the trees bear it out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ledger.checkpoint import Checkpoint
from ledger.entry import parse_entry
from ledger.errors import IntegrityError, MissingEvidenceError, RootMismatchError
from ledger.ledger_types import LedgerType, ledger_types
from ledger.verification.control import verify_record
from ledger.verification.places import at, leaf_place, log_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.entry import SignedEntry
    from ledger.leaf import SealLeaf
    from ledger.public import OriginReader

PUBLISHED = "ledger.manifest.published"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest.

    Attributes:
        origin: the manifest log.
        leaf: its leaf there.
        sealed_at_ms: the sealer's clock, milliseconds since 1970.
        checkpoints: the tree heads it names, by origin.
    """

    origin: str
    leaf: int
    sealed_at_ms: int
    checkpoints: Mapping[str, Checkpoint]

    @property
    def place(self) -> str:
        """Where it stands."""
        return leaf_place(self.origin, self.leaf)


def read_manifest(
    origin: str, leaf: int, sealed: SealLeaf, value: bytes
) -> Manifest | None:
    """Return the manifest that a sealed record holds, None for a record without one.

    Args:
        origin: the manifest log.
        leaf: index of the leaf.
        sealed: the leaf, which the record must hash to.
        value: the record.

    Raises:
        IntegrityError: the record is not the one that was sealed.
        MalformedError: it does not parse.
    """
    place = log_place(origin, sealed.offset)
    verify_record(sealed, value, place)
    with at(place):
        named = named_checkpoints(parse_entry(value))
    if named is None:
        return None
    return Manifest(origin, leaf, sealed.sealed_at_ms, named)


def named_checkpoints(entry: SignedEntry) -> dict[str, Checkpoint] | None:
    """Return the tree heads that an entry's last manifest names; None without one.

    Raises:
        MalformedError: a body is not spelled exactly, or names what is no tree head.
    """
    schema_id, kind = _published()
    if schema_id not in entry.schema_ids:
        return None
    number = entry.schema_ids.index(schema_id)
    bodies = zip(entry.schema_indexes, entry.bodies, strict=True)
    *_, last = (body for index, body in bodies if index == number)
    named: list[dict[str, Any]] = kind.decode(last)["checkpoints"]
    return {
        item["origin"]: Checkpoint(item["origin"], item["size"], item["root"])
        for item in named
    }


def verify_named(named: Checkpoint, reader: OriginReader | None, place: str) -> None:
    """Check that the published tree begins with the one a manifest names.

    Args:
        named: what the manifest says.
        reader: the origin at a checkpoint read after the manifest's; None: absent.
        place: where the manifest stands.

    Raises:
        IntegrityError: the published tree is smaller.
        RootMismatchError: it begins with other leaves.
        MissingEvidenceError: nothing is published, or a tile is absent.
    """
    if reader is None:
        raise MissingEvidenceError(
            f"{place}: names {named.origin}, of which nothing is published",
            place=f"{named.origin}/checkpoint",
            expected=f"size {named.size} or more",
            actual="no file",
        )
    if reader.checkpoint.size < named.size:
        raise IntegrityError(
            f"{place}: names {named.origin} at size {named.size}, published is "
            f"{reader.checkpoint.size}: history went back",
            place=place,
            expected=f"size {named.size} or more",
            actual=f"size {reader.checkpoint.size}",
        )
    root = reader.root_at(named.size)
    if root != named.root:
        raise RootMismatchError(
            expected=named.root,
            computed=root,
            place=place,
            what=f"root of {named.origin} at size {named.size}",
        )


@cache
def _published() -> tuple[bytes, LedgerType]:
    """Return schema id and type of a manifest."""
    return next(item for item in ledger_types().items() if item[1].name == PUBLISHED)
