"""One accepted entry, verified in the order in which an auditor would ask.

===========  =======================================================================
step         what holds afterwards
===========  =======================================================================
parse        the record is there, hashes to its leaf, and is one well-formed entry
events       its events are those of the tree under the header's events_root
signature    the header was signed, for this log, by the key that it names
leaf         the leaf carries this header and signature, with the verdict ACCEPTED
inclusion    the leaf is in the tree of a checkpoint that the origin's log key signed
key          the key was authorised below registry_size, and not revoked below it; the
             control log that says so was not an old one
===========  =======================================================================

The manifest with its times and the decoding of the event follow
(:mod:`ledger.verification.event`).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.authority import KeyState, may_write, role_of
from ledger.entry import (
    SignedEntry,
    parse_entry,
    verify_entry_signature,
    verify_events_root,
)
from ledger.errors import IntegrityError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.tree import leaf_hash, verify_inclusion
from ledger.verdict import Verdict
from ledger.verification.clocks import verify_fresh, verify_not_earlier
from ledger.verification.control import verify_record
from ledger.verification.places import at, leaf_place, log_place

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.checkpoint import Checkpoint
    from ledger.verification.evidence import Evidence


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An accepted entry of which every step but decoding was checked.

    Attributes:
        origin: such as ``acme/p0``.
        leaf: index of its leaf.
        entry: the entry.
        seal_leaf: its leaf.
        key: the key that signed it, as the verdict saw it.
        suspect: sealed in a window in which the key counts as compromised.
        compromised_since: microseconds since 1970 from which on it does, or None.
        checkpoint: the tree head that covers the leaf.
        proof: inclusion proof of the leaf in that tree.
    """

    origin: str
    leaf: int
    entry: SignedEntry
    seal_leaf: SealLeaf
    key: KeyState
    suspect: bool
    compromised_since: int | None
    checkpoint: Checkpoint
    proof: tuple[bytes, ...]

    def is_suspect_at(self, at_ms: int) -> bool:
        """Tell whether the key counts as compromised at a time, milliseconds."""
        since = self.compromised_since
        return since is not None and at_ms * 1_000 >= since


class EntryCheck:
    """The steps of one entry, each resting on what the earlier ones found.

    Attributes:
        suspect: known after the last step; see :class:`SealedEntry`.
    """

    def __init__(self, evidence: Evidence, origin: str, leaf: int) -> None:
        self._evidence = evidence
        self._origin = origin
        self._leaf = leaf
        self.suspect = False
        self._since: int | None = None
        self._proof: tuple[bytes, ...] = ()

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Return name and function of each step, in order."""
        return [
            ("parse", self._parse),
            ("events", self._events),
            ("signature", self._signature),
            ("leaf", self._leaf_agrees),
            ("inclusion", self._inclusion),
            ("key", self._key_allowed),
        ]

    def sealed(self) -> SealedEntry:
        """Return what was found, after all steps."""
        return SealedEntry(
            origin=self._origin,
            leaf=self._leaf,
            entry=self._entry,
            seal_leaf=self._seal_leaf,
            key=self._key,
            suspect=self.suspect,
            compromised_since=self._since,
            checkpoint=self._reader.checkpoint,
            proof=self._proof,
        )

    def _parse(self) -> str:
        self._reader = self._evidence.reader(self._origin, leaf=self._leaf)
        self._data = self._reader.leaf(self._leaf)
        with at(leaf_place(self._origin, self._leaf)):
            self._seal_leaf = parse_leaf(self._data)
        self._place = log_place(self._origin, self._seal_leaf.offset)
        if self._seal_leaf.verdict == Verdict.GAP:
            raise self._not_accepted()
        value = self._evidence.record(self._origin, self._seal_leaf.offset) or b""
        verify_record(self._seal_leaf, value, self._place)
        with at(self._place):
            self._entry = parse_entry(value)
        return f"{self._place}: {len(value)} bytes, as sealed"

    def _not_accepted(self) -> IntegrityError:
        place = leaf_place(self._origin, self._leaf)
        verdict = self._seal_leaf.verdict.name
        return IntegrityError(
            f"{place}: sealed with the verdict {verdict}, so it counts for nothing",
            place=place,
            expected="ACCEPTED",
            actual=verdict,
        )

    def _events(self) -> str:
        with at(self._place):
            verify_events_root(self._entry)
        return f"{self._entry.header.n_events} events under the signed root"

    def _signature(self) -> str:
        header = self._entry.header
        wanted = sha256(self._origin.encode()).digest()
        if header.log_id != wanted:
            raise IntegrityError(
                f"{self._place}: signed for another log",
                place=self._place,
                expected=wanted.hex(),
                actual=header.log_id.hex(),
            )
        self._key = key = self._find_key()
        with at(self._place):
            verify_entry_signature(self._entry, key.public_key)
        return f"strict Ed25519 by key {header.key_fp.hex()}"

    def _find_key(self) -> KeyState:
        pinned = self._seal_leaf.registry_size
        control = self._evidence.control_of(pinned)
        key_fp = self._entry.header.key_fp
        # A control leaf is judged by the leaves below it, genesis by itself.
        founding = role_of(self._origin) == "control" and self._leaf == 0
        key = control.key_at(key_fp, 1 if founding else pinned)
        if key is None:
            raise IntegrityError(
                f"{self._place}: its key was not authorised when it was sealed",
                place=self._place,
                expected=f"a key authorised below control leaf {pinned}",
                actual=key_fp.hex(),
            )
        return key

    def _leaf_agrees(self) -> str:
        if self._seal_leaf.verdict != Verdict.ACCEPTED:
            raise self._not_accepted()
        if self._seal_leaf.env != self._entry.env:
            raise IntegrityError(
                f"{self._place}: header and signature are not those of its leaf",
                place=self._place,
                expected=self._seal_leaf.env.hex(),
                actual=self._entry.env.hex(),
            )
        return f"{leaf_place(self._origin, self._leaf)}: ACCEPTED"

    def _inclusion(self) -> str:
        checkpoint = self._reader.checkpoint
        self._proof = tuple(self._reader.inclusion_proof(self._leaf))
        with at(leaf_place(self._origin, self._leaf)):
            verify_inclusion(
                index=self._leaf,
                size=checkpoint.size,
                leaf=leaf_hash(self._data),
                proof=self._proof,
                root=checkpoint.root,
            )
        by = self._evidence.witnessed(checkpoint)
        return f"{self._origin} size {checkpoint.size}, signed by its log key; {by}"

    def _key_allowed(self) -> str:
        key = self._key
        if key.revoked_at is not None:
            raise IntegrityError(
                f"{self._place}: accepted although its key was revoked",
                place=self._place,
                expected="a key that was not revoked",
                actual=f"revoked at control leaf {key.revoked_at}",
            )
        self._verify_types(key)
        self._verify_fresh()
        newest = self._evidence.control.key(key.key_fp)
        self._since = newest.compromised_since if newest else None
        self.suspect = self.sealed().is_suspect_at(self._seal_leaf.sealed_at_ms)
        return (
            f"{key.identity} ({key.kind}), authorised at control leaf "
            f"{key.authorised_at}"
            + (", since then declared compromised" if self.suspect else "")
        )

    def _verify_types(self, key: KeyState) -> None:
        role, pinned = role_of(self._origin), self._seal_leaf.registry_size
        if role == "control":
            return  # folding the control log has judged it by its own rules
        control = self._evidence.control
        for schema_id in self._entry.schema_ids:
            name = control.type_at(schema_id, pinned)
            if name is None or not may_write(key, name, role):
                raise IntegrityError(
                    f"{self._place}: {key.identity} may not write {name or 'that'}",
                    place=self._place,
                    expected=", ".join(key.event_types),
                    actual=name or f"schema {schema_id.hex()}",
                )

    def _verify_fresh(self) -> None:
        """Check that the registry was neither an old one nor one of the future."""
        if role_of(self._origin) == "control":
            return  # control leaf i pins i, as its verdict found
        pinned = self._seal_leaf.registry_size
        place = leaf_place(self._origin, self._leaf)
        next_ms = self._evidence.control_sealed_at_ms(pinned)
        if next_ms is not None:
            verify_fresh(self._seal_leaf, next_ms, place)
        pinned_ms = self._evidence.control_sealed_at_ms(pinned - 1) if pinned else None
        if pinned_ms is not None:
            verify_not_earlier(self._seal_leaf, pinned_ms, place)
