"""What the control log has settled so far: keys, schemas and logs by position."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.authority import KeyState
    from ledger.note import Vkey


@dataclass(frozen=True, slots=True)
class SchemaState:
    """A registered schema.

    Attributes:
        schema: its exact bytes.
        name: type name, without version.
        version: version of the type.
        registered_at: control leaf that registered it.
    """

    schema: bytes
    name: str
    version: int
    registered_at: int


@dataclass(frozen=True, slots=True)
class LogKey:
    """One log key of an origin, and from when to when it is in use.

    Attributes:
        vkey: the key that signs checkpoints.
        announced_at: control leaf that named it.
        retired_at: control leaf that took it out of use, or None.
    """

    vkey: Vkey
    announced_at: int
    retired_at: int | None = None


@dataclass(frozen=True, slots=True)
class LogState:
    """An origin and its log keys.

    Attributes:
        keys: its keys, oldest first; at least one of them is not retired.
        opened_at: control leaf that named it.
        closed_at: control leaf that closed it, or None.
        final_size: size of the last checkpoint of a closed log, or None.
        final_root: root of that checkpoint, 32 bytes, or None.
    """

    keys: tuple[LogKey, ...]
    opened_at: int
    closed_at: int | None = None
    final_size: int | None = None
    final_root: bytes | None = None

    @property
    def active(self) -> tuple[Vkey, ...]:
        """The keys that are not retired, oldest first."""
        return tuple(key.vkey for key in self.keys if key.retired_at is None)

    @property
    def known(self) -> tuple[Vkey, ...]:
        """Every key the origin ever had, oldest first."""
        return tuple(key.vkey for key in self.keys)

    @property
    def vkey(self) -> Vkey:
        """The primary key: the oldest that is not retired."""
        return self.active[0]


@dataclass(frozen=True, slots=True)
class LogTrimmedState:
    """How far the records of an origin may be deleted; its tree stays.

    Attributes:
        before_offset: first offset that is kept.
        rule: retention rule that asks for it.
        archive: SHA-256 of the index of the archived records, or None.
        leaf: control leaf that says so.
    """

    before_offset: int
    rule: str
    archive: bytes | None
    leaf: int


@dataclass(slots=True)
class ControlState:
    """The fold of the control log; its parts are immutable, so a copy is shallow.

    Attributes:
        size: number of leaves folded.
        name: name of the ledger; empty before genesis.
        ledger_id: header hash of the genesis entry; empty before it.
        threshold: how many root keys must agree.
        witness_policy: text of the witness policy; empty before one is set.
        keys: per fingerprint, the (control leaf, state) pairs in ascending order.
        schemas: registered schemas by id, without the built-in ones.
        logs: origins in the order they were opened.
        trimmed: per origin, how far its records may be deleted.
        applied: hashes of the endorsed statements that took effect; none does twice.
    """

    size: int = 0
    name: str = ""
    ledger_id: bytes = b""
    threshold: int = 0
    witness_policy: str = ""
    keys: dict[bytes, tuple[tuple[int, KeyState], ...]] = field(
        default_factory=dict["bytes", "tuple[tuple[int, KeyState], ...]"]
    )
    schemas: dict[bytes, SchemaState] = field(
        default_factory=dict["bytes", "SchemaState"]
    )
    logs: dict[str, LogState] = field(default_factory=dict["str", "LogState"])
    trimmed: dict[str, LogTrimmedState] = field(
        default_factory=dict["str", "LogTrimmedState"]
    )
    applied: frozenset[bytes] = frozenset()

    def copy(self) -> ControlState:
        """Return an independent state of equal content."""
        return replace(
            self,
            keys=dict(self.keys),
            schemas=dict(self.schemas),
            logs=dict(self.logs),
            trimmed=dict(self.trimmed),
        )

    @property
    def roots(self) -> tuple[KeyState, ...]:
        """The root keys in force, in the order they were named."""
        return tuple(key for key in self._in_force() if key.is_root)

    @property
    def operators(self) -> tuple[KeyState, ...]:
        """The operator keys in force, in the order they were named."""
        return tuple(key for key in self._in_force() if key.is_operator)

    def _in_force(self) -> Iterator[KeyState]:
        newest = (versions[-1][1] for versions in self.keys.values())
        return (key for key in newest if key.revoked_at is None)

    def key(self, key_fp: bytes) -> KeyState | None:
        """Return the newest state of a key."""
        versions = self.keys.get(key_fp)
        return versions[-1][1] if versions else None

    def set_key(self, leaf: int, key: KeyState) -> None:
        """Enter the state a key has from control leaf ``leaf`` on."""
        self.keys[key.key_fp] = (*self.keys.get(key.key_fp, ()), (leaf, key))
