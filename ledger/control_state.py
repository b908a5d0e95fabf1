"""What the control log has settled so far: keys, schemas and logs by position."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
class LogState:
    """An origin and its log key.

    Attributes:
        vkey: the key that signs its checkpoints.
        opened_at: control leaf that named it.
        closed_at: control leaf that closed it, or None.
        final_size: size of the last checkpoint of a closed log, or None.
        final_root: root of that checkpoint, 32 bytes, or None.
    """

    vkey: Vkey
    opened_at: int
    closed_at: int | None = None
    final_size: int | None = None
    final_root: bytes | None = None


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

    def copy(self) -> ControlState:
        """Return an independent state of equal content."""
        return ControlState(
            size=self.size,
            name=self.name,
            ledger_id=self.ledger_id,
            threshold=self.threshold,
            witness_policy=self.witness_policy,
            keys=dict(self.keys),
            schemas=dict(self.schemas),
            logs=dict(self.logs),
        )

    def key(self, key_fp: bytes) -> KeyState | None:
        """Return the newest state of a key."""
        versions = self.keys.get(key_fp)
        return versions[-1][1] if versions else None

    def set_key(self, leaf: int, key: KeyState) -> None:
        """Enter the state a key has from control leaf ``leaf`` on."""
        self.keys[key.key_fp] = (*self.keys.get(key.key_fp, ()), (leaf, key))
