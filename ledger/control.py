"""The control log as a state: which keys, schemas and logs a ledger has, since when.

:class:`Control` is the pure fold of the accepted entries of ``<name>/control``. All
that a verdict asks is asked below a registry size: what was written later does not
count, so that an auditor finds the same answer for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger.authority import KeyState
from ledger.control_state import (
    ControlState,
    LogKey,
    LogState,
    LogTrimmedState,
    SchemaState,
)
from ledger.errors import MalformedError, NotAuthorisedError, NotFoundError
from ledger.ledger_types import ENDORSED, decode_bodies, ledger_types
from ledger.statements import apply_statement
from ledger.transitions import TRANSITIONS, found, office_key

if TYPE_CHECKING:
    from ledger.entry import SignedEntry
    from ledger.note import Vkey

__all__ = [
    "Control",
    "KeyState",
    "LogKey",
    "LogState",
    "LogTrimmedState",
    "SchemaState",
    "identity_of",
]

_TRANSITIONS = {**TRANSITIONS, ENDORSED: apply_statement}


class Control:
    """What the control log says; see :class:`ledger.control_state.ControlState`."""

    def __init__(self) -> None:
        self._state = ControlState()

    @property
    def size(self) -> int:
        """Number of control leaves folded."""
        return self._state.size

    @property
    def name(self) -> str:
        """Name of the ledger; empty before genesis."""
        return self._state.name

    @property
    def ledger_id(self) -> bytes:
        """SHA-256 of the genesis header; empty before genesis."""
        return self._state.ledger_id

    @property
    def threshold(self) -> int:
        """How many root keys must agree."""
        return self._state.threshold

    @property
    def witness_policy(self) -> str:
        """Text of the witness policy in force; empty before one is set."""
        return self._state.witness_policy

    @property
    def origins(self) -> tuple[str, ...]:
        """All origins: control, manifest, partitions, then in order of opening."""
        return tuple(self._state.logs)

    @property
    def logs(self) -> Mapping[str, LogState]:
        """Every origin with its key and its beginning and end."""
        return self._state.logs

    @property
    def log_vkeys(self) -> Mapping[str, Vkey]:
        """The primary log key of every origin: the oldest that is not retired."""
        return {origin: log.vkey for origin, log in self._state.logs.items()}

    @property
    def root_keys(self) -> tuple[bytes, ...]:
        """Raw public keys of the roots in force."""
        return tuple(key.public_key for key in self._state.roots)

    @property
    def operator_keys(self) -> tuple[bytes, ...]:
        """Raw public keys of the operators in force."""
        return tuple(key.public_key for key in self._state.operators)

    def active_vkeys(self, origin: str) -> tuple[Vkey, ...]:
        """Return the keys of which one at least signs an origin's new checkpoints.

        Oldest first; nothing for an origin that is unknown.
        """
        log = self._state.logs.get(origin)
        return log.active if log else ()

    def known_vkeys(self, origin: str) -> tuple[Vkey, ...]:
        """Return every key an origin ever had: its older checkpoints may carry them."""
        log = self._state.logs.get(origin)
        return log.known if log else ()

    def trimmed(self, origin: str) -> LogTrimmedState | None:
        """Return how far the records of an origin may be deleted; None: not at all."""
        return self._state.trimmed.get(origin)

    def copy(self) -> Control:
        """Return an independent state of equal content; costs a few dictionaries."""
        other = Control()
        other._state = self._state.copy()
        return other

    def apply(self, leaf_index: int, entry: SignedEntry | None) -> None:
        """Fold the control leaf ``leaf_index``.

        Args:
            leaf_index: :attr:`size` or more; leaves in between were not accepted.
            entry: the accepted entry, or None for a leaf that was not accepted.

        Raises:
            NotAuthorisedError: the entry may not be applied here; nothing changes.
            MalformedError: a body is not spelled exactly; nothing changes.
        """
        draft = self._state.copy() if entry is None else self._after(leaf_index, entry)
        if leaf_index < draft.size:
            raise ValueError(f"control leaf {leaf_index} is folded already")
        draft.size = leaf_index + 1
        self._state = draft

    def keys(self) -> list[KeyState]:
        """Return the newest state of every key, in the order they became known."""
        return [versions[-1][1] for versions in self._state.keys.values()]

    def key(self, key_fp: bytes) -> KeyState | None:
        """Return the newest state of a key, or None when it is unknown."""
        return self._state.key(key_fp)

    def key_at(self, key_fp: bytes, registry_size: int) -> KeyState | None:
        """Return a key as the leaves below ``registry_size`` have it."""
        found_key = None
        for leaf, key in self._state.keys.get(key_fp, ()):
            if leaf < registry_size:
                found_key = key
        return found_key

    def schema(self, schema_id: bytes) -> bytes | None:
        """Return the exact bytes of a schema, or None when it is unknown."""
        if kind := ledger_types().get(schema_id):
            return kind.schema
        registered = self._state.schemas.get(schema_id)
        return registered.schema if registered else None

    def schema_name(self, schema_id: bytes) -> tuple[str, int]:
        """Return type name and version of a schema.

        Raises:
            NotFoundError: no such schema is registered or built in.
        """
        known = ledger_types().get(schema_id) or self._state.schemas.get(schema_id)
        if known is None:
            raise NotFoundError(f"schema {schema_id.hex()}: not registered")
        return known.name, known.version

    def registered_at(self, schema_id: bytes) -> int | None:
        """Return the control leaf that registered a schema; None if none did."""
        registered = self._state.schemas.get(schema_id)
        return registered.registered_at if registered else None

    def type_at(self, schema_id: bytes, registry_size: int) -> str | None:
        """Return the type name of a schema known below ``registry_size``."""
        if kind := ledger_types().get(schema_id):
            return kind.name
        known = self._state.schemas.get(schema_id)
        return known.name if known and known.registered_at < registry_size else None

    def founder(self, entry: SignedEntry) -> KeyState | None:
        """See :meth:`ledger.verdict.Registry.founder`."""
        roots = _root_set(decode_bodies(entry))["root_keys"]
        if not roots:
            return None
        key = office_key("root", number=1, public_key=roots[0])
        return key if key.key_fp == entry.header.key_fp else None

    def check_bodies(self, entry: SignedEntry) -> None:
        """See :meth:`ledger.verdict.Registry.check_bodies`."""
        decode_bodies(entry)

    def check_transition(self, leaf_index: int, entry: SignedEntry) -> None:
        """See :meth:`ledger.verdict.Registry.check_transition`.

        Raises:
            NotAuthorisedError: what the entry says is against the state.
            ValueError: the state knows more than the leaves below ``leaf_index``.
        """
        self._after(leaf_index, entry)

    def _after(self, leaf_index: int, entry: SignedEntry) -> ControlState:
        if leaf_index < self._state.size:
            raise ValueError(f"control leaf {leaf_index} is folded already")
        draft, bodies = self._state.copy(), decode_bodies(entry)
        if not draft.ledger_id:
            if leaf_index != 0 or not entry.header.is_genesis:
                raise NotAuthorisedError("a ledger begins with its genesis entry")
            found(draft, entry, _root_set(bodies))
            return draft
        for name, fields in bodies:
            if transition := _TRANSITIONS.get(name):
                transition(draft, leaf_index, fields)
        return draft


def identity_of(control: Control, key_fp: bytes) -> tuple[str, str]:
    """Return identity and kind registered for a key; they never change for a key.

    Raises:
        NotFoundError: the control log does not know the key.
    """
    key = control.key(key_fp)
    if key is None:
        raise NotFoundError(f"key {key_fp.hex()}: not authorised")
    return key.identity, key.kind


def _root_set(bodies: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    for name, fields in bodies:
        if name == "ledger.root.set":
            return fields
    raise MalformedError("no ledger.root.set in the entry")
