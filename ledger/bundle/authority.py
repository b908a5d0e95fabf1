"""Who may sign what: the control log as far as a bundle encloses it.

The genesis entry is the one whose header hashes to the ledger id; it names roots,
operators and log keys. Enclosed control events follow in their order and change that
state by the same rules as in the ledger (:mod:`ledger.transitions`). What a bundle
leaves out, a revocation above all, it cannot show: that no such thing stands below a
leaf's registry size is asserted by the witnessed verdict, and recomputed where the
control log is given from outside (:mod:`ledger.bundle.control_log`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from ledger.authority import KeyState, may_write
from ledger.avro import type_of_schema
from ledger.bundle.contents import CONTROL, Place
from ledger.bundle.enclosed import At, Enclosed, Fact
from ledger.bundle.trees import role_of_log
from ledger.control_state import ControlState
from ledger.entry import header_hash
from ledger.errors import (
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
    NotAuthorisedError,
)
from ledger.ledger_types import ENDORSED, ledger_types
from ledger.statements import apply_statement
from ledger.transitions import TRANSITIONS, found
from ledger.verification.places import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.entry import SignedEntry
    from ledger.header import Header

_GENESIS = Place(CONTROL, 0, 1)
_TRANSITIONS = {**TRANSITIONS, ENDORSED: apply_statement}
KEY_TYPES = (
    "ledger.root.set",
    "ledger.key.authorized",
    "ledger.key.revoked",
    "ledger.log.opened",
    "ledger.log.closed",
    ENDORSED,
)
"""What tells who may sign; a bundle shows no other control event without need."""


@dataclass(frozen=True, slots=True)
class _Founding:
    """What founding a ledger asks of its genesis entry."""

    header: Header
    header_hash: bytes


class Authority:
    """The keys of a ledger as a bundle shows them.

    Args:
        enclosed: the bundle.
        ledger_id: 32 bytes, given from outside.

    Attributes:
        state: what the enclosed control events come to.
        types: type names by schema id, of all schemas that are enclosed or built in.
        errors: what is wrong with them, in order.
    """

    def __init__(self, enclosed: Enclosed, ledger_id: bytes) -> None:
        self._enclosed = enclosed
        self.state = ControlState()
        self.types = {id_: kind.name for id_, kind in ledger_types().items()}
        self.errors: list[EvidenceError] = []
        try:
            self._name_types()
            self._found(ledger_id)
        except EvidenceError as error:
            self.errors.append(error)
            return
        for fact in enclosed.facts.values():
            if fact.place.log == CONTROL and fact.place.leaf:
                self._apply(fact)

    def key_of(self, place: At) -> KeyState | None:
        """Return the key that signed a leaf's entry, as its verdict saw it."""
        leaf, header = self._enclosed.leaves[place], self._enclosed.headers[place]
        size = leaf.registry_size
        if place.log == CONTROL:
            size = max(place.leaf, 1)
        known: KeyState | None = None
        for since, key in self.state.keys.get(header.key_fp, ()):
            if since < size:
                known = key
        return known

    def verify_key(self, place: At, key: KeyState | None) -> KeyState:
        """Check that the key of a leaf was authorised and not revoked.

        Raises:
            IntegrityError: it was authorised later, or revoked before.
            MissingEvidenceError: nothing enclosed authorises it.
        """
        leaf, header = self._enclosed.leaves[place], self._enclosed.headers[place]
        if key is None:
            later = self.state.key(header.key_fp)
            kind = IntegrityError if later else MissingEvidenceError
            raise kind(
                f"{place}: its key was authorised after it was sealed"
                if later
                else f"{place}: nothing in the bundle authorises its key",
                place=str(place),
                expected=f"a key authorised below control leaf {leaf.registry_size}",
                actual=header.key_fp.hex(),
            )
        if key.revoked_at is not None:
            raise IntegrityError(
                f"{place}: accepted although its key was revoked",
                place=str(place),
                expected="a key that was not revoked",
                actual=f"revoked at control leaf {key.revoked_at}",
            )
        return key

    def is_suspect(self, place: At) -> bool:
        """Tell whether a leaf was sealed while its key counts as compromised."""
        newest = self.state.key(self._enclosed.headers[place].key_fp)
        since = newest.compromised_since if newest else None
        sealed_at = self._enclosed.leaves[place].sealed_at_ms * 1_000
        return since is not None and sealed_at >= since

    def _name_types(self) -> None:
        for schema_id, schema in self._enclosed.contents.schemas.items():
            with at(f"schema/{schema_id.hex()}.json"):
                self.types[schema_id] = _type_name(schema)

    def _found(self, ledger_id: bytes) -> None:
        header = self._enclosed.headers.get(At(CONTROL, 0))
        if header is None:
            raise MissingEvidenceError(
                "control leaf 0: the genesis entry is not in the bundle",
                place="control leaf 0",
                expected=f"ledger id {ledger_id.hex()}",
            )
        data = self._enclosed.leaves[At(CONTROL, 0)].header_bytes
        if header_hash(data) != ledger_id:
            raise IntegrityError(
                "the bundle is of another ledger",
                place="control leaf 0",
                expected=f"ledger id {ledger_id.hex()}",
                actual=header_hash(data).hex(),
            )
        with at(str(_GENESIS)):
            fields = _root_set(self._enclosed.facts.get(_GENESIS))
            genesis = cast("SignedEntry", _Founding(header, ledger_id))
            try:
                found(self.state, genesis, fields)
            except NotAuthorisedError as error:
                raise IntegrityError(f"{_GENESIS}: {error}") from error

    def _apply(self, fact: Fact) -> None:
        kind = ledger_types().get(fact.schema_id)
        if kind is None:
            return  # another type says nothing about keys
        draft = self.state.copy()
        try:
            with at(str(fact.place)):
                fields = kind.decode(fact.body)
                self._verify_office(fact, kind.name)
                if transition := _TRANSITIONS.get(kind.name):
                    transition(draft, fact.place.leaf, fields)
        except NotAuthorisedError as error:
            text = f"{fact.place}: {error}"
            self.errors.append(IntegrityError(text, place=str(fact.place)))
        except EvidenceError as error:
            self.errors.append(error)
        else:
            self.state = draft

    def _verify_office(self, fact: Fact, type_name: str) -> None:
        key = self.key_of(fact.at)
        if key is None or not may_write(key, type_name, CONTROL):
            who = key.identity if key else f"key {fact.header.key_fp.hex()}"
            raise NotAuthorisedError(f"{who} may not write {type_name}")


@lru_cache(maxsize=512)
def _type_name(schema: bytes) -> str:
    return type_of_schema(schema)[0]


def verify_types(
    enclosed: Enclosed, place: At, key: KeyState, types: Mapping[bytes, str]
) -> None:
    """Check that a key may write every enclosed event of a leaf's entry.

    Args:
        enclosed: the bundle.
        place: the leaf; control leaves are judged by what their events do.
        key: its signer.
        types: type names by schema id.

    Raises:
        IntegrityError: it may not.
        MissingEvidenceError: a schema is not enclosed.
    """
    role = role_of_log(place.log)
    if role == CONTROL:
        return
    entry = enclosed.entries.get(place)
    ids = entry.schema_ids if entry else _shown_ids(enclosed, place)
    for name in sorted({types[schema_id] for schema_id in ids if schema_id in types}):
        if not may_write(key, name, "manifest" if role == "manifest" else "events"):
            raise IntegrityError(
                f"{place}: {key.identity} may not write {name}",
                place=str(place),
                expected=", ".join(key.event_types),
                actual=name,
            )
    for schema_id in ids:
        if schema_id not in types:
            text = f"{place}: schema {schema_id.hex()} is not in the bundle"
            raise MissingEvidenceError(text, place=str(place))


def _shown_ids(enclosed: Enclosed, place: At) -> set[bytes]:
    part = enclosed.contents.logs[place.log]
    return {event.schema_id for event in part.events if event.leaf == place.leaf}


def _root_set(fact: Fact | None) -> dict[str, object]:
    if fact is None:
        raise MissingEvidenceError("the event that names the keys is not enclosed")
    kind = ledger_types().get(fact.schema_id)
    if kind is None or kind.name != "ledger.root.set":
        raise IntegrityError("the genesis entry sets no root")
    return kind.decode(fact.body)
