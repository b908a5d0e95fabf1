"""The verdict: whether a record counts, as one pure function.

A verdict depends on nothing but the record, the streams as earlier leaves of the same
origin left them, and the control log below the pinned registry size; so whoever holds
these can recompute it. :data:`RULES` lists the questions in their order: the first
that objects decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ledger.authority import KeyState, Role, may_write, role_of
from ledger.entry import (
    MAX_VALUE,
    SignedEntry,
    parse_entry,
    verify_entry_signature,
    verify_events_root,
)
from ledger.errors import (
    MalformedError,
    NotAuthorisedError,
    RootMismatchError,
    SignatureError,
)
from ledger.judgement import Judgement, MemoryStreams, StreamHead, Streams, Verdict

__all__ = [
    "RULES",
    "Judgement",
    "MemoryStreams",
    "Registry",
    "StreamHead",
    "Streams",
    "Verdict",
    "judge",
]


class Registry(Protocol):
    """What a verdict asks of the control log; :class:`ledger.control.Control`."""

    def key_at(self, key_fp: bytes, registry_size: int) -> KeyState | None:
        """Return a key as the leaves below ``registry_size`` have it."""
        ...

    def type_at(self, schema_id: bytes, registry_size: int) -> str | None:
        """Return the type name of a schema registered below ``registry_size``."""
        ...

    def founder(self, entry: SignedEntry) -> KeyState | None:
        """Return the root key that a genesis entry sets and names as its signer."""
        ...

    def check_bodies(self, entry: SignedEntry) -> None:
        """Refuse a control entry whose ``ledger.*`` bodies are not spelled exactly.

        Raises:
            MalformedError: a body does not decode, or would be written otherwise.
        """
        ...

    def check_transition(self, leaf_index: int, entry: SignedEntry) -> None:
        """Refuse a control entry that may not be applied as leaf ``leaf_index``.

        Raises:
            NotAuthorisedError: what it says is against the state of the ledger.
        """
        ...


@dataclass(frozen=True)
class _Case:
    """One parsed record and what it is judged by."""

    entry: SignedEntry
    role: Role
    log_id: bytes
    streams: Streams
    control: Registry
    registry_size: int

    @cached_property
    def key(self) -> KeyState | None:
        if self.founding:
            return self.control.founder(self.entry)
        return self.control.key_at(self.entry.header.key_fp, self.registry_size)

    @cached_property
    def head(self) -> StreamHead | None:
        header = self.entry.header
        return self.streams.head(header.key_fp, header.stream_id)

    @cached_property
    def founding(self) -> bool:
        first = self.role == "control" and self.registry_size == 0
        return first and self.entry.header.is_genesis


@dataclass(frozen=True, slots=True)
class _Objection:
    verdict: Verdict
    aux: int = 0
    freezes: bool = False


Rule = Callable[[_Case], _Objection | None]


def judge(
    value: bytes | None,
    *,
    origin: str,
    log_id: bytes,
    streams: Streams,
    control: Registry,
    registry_size: int,
) -> Judgement:
    """Return the verdict on one record; nothing is changed.

    Args:
        value: the record's value; None for a null value.
        origin: the log the record was read from.
        log_id: SHA-256 of ``origin``.
        streams: the origin's streams after all earlier leaves.
        control: the control log, with ``registry_size`` leaves or more.
        registry_size: number of control leaves that count; in the control log itself
            the index of the leaf to be made.
    """
    if value is not None and len(value) > MAX_VALUE:
        return Judgement(Verdict.TOO_LARGE)
    entry = _well_formed(value)
    if entry is None:
        return Judgement(Verdict.MALFORMED)
    case = _Case(entry, role_of(origin), log_id, streams, control, registry_size)
    for rule in RULES:
        if objection := rule(case):
            return Judgement(objection.verdict, objection.aux, entry, objection.freezes)
    return Judgement(Verdict.ACCEPTED, entry=entry)


def _well_formed(value: bytes | None) -> SignedEntry | None:
    try:
        return None if value is None else parse_entry(value)
    except MalformedError:
        return None  # the verdict is the record of it


def _malformed(case: _Case) -> _Objection | None:
    if case.entry.header.is_genesis and not case.founding:
        return _Objection(Verdict.MALFORMED)
    if case.role == "control":
        try:
            case.control.check_bodies(case.entry)
        except MalformedError:
            return _Objection(Verdict.MALFORMED)
    return None


def _wrong_log(case: _Case) -> _Objection | None:
    if case.entry.header.log_id != case.log_id:
        return _Objection(Verdict.WRONG_LOG)
    return None


def _unknown_key(case: _Case) -> _Objection | None:
    return None if case.key else _Objection(Verdict.UNKNOWN_KEY)


def _bad_signature(case: _Case) -> _Objection | None:
    public_key = case.key.public_key if case.key else b""
    try:
        verify_entry_signature(case.entry, public_key)
    except SignatureError:
        return _Objection(Verdict.BAD_SIGNATURE)
    return None


def _already_there(case: _Case) -> _Objection | None:
    header = case.entry.header
    if case.head is None or header.seq >= case.head.next_seq:
        return None
    known = case.streams.entry(header.key_fp, header.stream_id, header.seq)
    if known is None:
        return None
    header_hash, leaf = known
    if header_hash == case.entry.header_hash:
        return _Objection(Verdict.DUPLICATE, aux=leaf)
    return _Objection(Verdict.FORK, aux=leaf, freezes=True)


def _frozen(case: _Case) -> _Objection | None:
    if case.head and case.head.state == "frozen":
        return _Objection(Verdict.FORK)
    return None


def _revoked(case: _Case) -> _Objection | None:
    if case.key and case.key.revoked_at is not None:
        return _Objection(Verdict.KEY_REVOKED)
    return None


def _closed(case: _Case) -> _Objection | None:
    if case.head and case.head.state == "closed":
        return _Objection(Verdict.STREAM_CLOSED)
    return None


def _out_of_sequence(case: _Case) -> _Objection | None:
    expected = case.head.next_seq if case.head else 0
    if case.entry.header.seq != expected:
        return _Objection(Verdict.SEQ_GAP, aux=expected)
    return None


def _other_history(case: _Case) -> _Objection | None:
    if case.head and case.entry.header.prev != case.head.head_hash:
        return _Objection(Verdict.FORK, aux=case.head.head_leaf, freezes=True)
    return None


def _unknown_schema(case: _Case) -> _Objection | None:
    for schema_id in case.entry.schema_ids:
        if case.control.type_at(schema_id, case.registry_size) is None:
            return _Objection(Verdict.UNKNOWN_SCHEMA)
    return None


def _not_authorised(case: _Case) -> _Objection | None:
    refused = _Objection(Verdict.NOT_AUTHORISED)
    if not case.founding and not _may_write_all(case):
        return refused
    if case.role == "control":
        try:
            case.control.check_transition(case.registry_size, case.entry)
        except NotAuthorisedError:
            return refused
    return None


def _may_write_all(case: _Case) -> bool:
    names = [
        case.control.type_at(schema_id, case.registry_size)
        for schema_id in case.entry.schema_ids
    ]
    key = case.key
    return key is not None and all(
        name is not None and may_write(key, name, case.role) for name in names
    )


def _bad_root(case: _Case) -> _Objection | None:
    try:
        verify_events_root(case.entry)
    except RootMismatchError:
        return _Objection(Verdict.BAD_ROOT)
    return None


RULES: tuple[Rule, ...] = (
    _malformed,
    _wrong_log,
    _unknown_key,
    _bad_signature,
    _already_there,
    _frozen,
    _revoked,
    _closed,
    _out_of_sequence,
    _other_history,
    _unknown_schema,
    _not_authorised,
    _bad_root,
)
