"""What each control event does to the state of the ledger, and when it is refused.

A transition takes the state, the control leaf it happens at and the decoded fields. It
changes the state or raises :class:`NotAuthorisedError`; the caller hands in a copy.
Types that have no transition leave the state as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.authority import KeyState, is_pattern, role_of
from ledger.control_state import (
    ControlState,
    LogKey,
    LogState,
    LogTrimmedState,
    SchemaState,
)
from ledger.errors import MalformedError, NotAuthorisedError
from ledger.keys import is_usable_key, key_fingerprint
from ledger.note import Vkey, parse_vkey

if TYPE_CHECKING:
    from ledger.entry import SignedEntry

NAME_PATTERN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
LOG_KEY_TYPE = 0x01
_ORIGIN = re.compile(
    r"(.+/(?:control|manifest|p(?:0|[1-9][0-9]*)))(?:/e([1-9][0-9]*))?"
)

Fields = Mapping[str, Any]
Transition = Callable[[ControlState, int, Fields], None]


def found(state: ControlState, entry: SignedEntry, root: Fields) -> None:
    """Begin a ledger with its genesis entry.

    Args:
        state: an empty state.
        entry: the genesis entry, signed by the first root key.
        root: the fields of its ``ledger.root.set``.

    Raises:
        NotAuthorisedError: names, origins, keys or threshold do not fit together.
    """
    name, roots, operators = root["name"], root["root_keys"], root["operator_keys"]
    require(NAME_PATTERN.fullmatch(name) is not None, "no ledger name")
    origin = f"{name}/control"
    require(entry.header.log_id == sha256(origin.encode()).digest(), "another log")
    require(1 <= root["threshold"] <= len(roots), "threshold out of reach")
    require(bool(operators), "no operator key")
    require(
        entry.header.key_fp == key_fingerprint(roots[0]), "not signed by root key 1"
    )
    state.name, state.threshold = name, root["threshold"]
    state.ledger_id = entry.header_hash
    _found_logs(state, root["origins"], root["log_keys"])
    for role, keys in (("root", roots), ("operator", operators)):
        for number, public_key in enumerate(keys, 1):
            check_new_key(state, public_key)
            key = office_key(role, number=number, public_key=public_key)
            state.set_key(0, key)


def office_key(role: str, *, number: int, public_key: bytes, leaf: int = 0) -> KeyState:
    """Return the state of a root or operator key that takes office.

    Args:
        role: ``root`` or ``operator``.
        number: how many keys had that role before, and one.
        public_key: raw 32-byte key.
        leaf: control leaf that names it.
    """
    return KeyState(
        public_key=public_key,
        key_fp=key_fingerprint(public_key),
        identity=role if number == 1 else f"{role}-{number}",
        kind="service",
        event_types=(),
        attests=False,
        authorised_at=leaf,
        is_root=role == "root",
        is_operator=role == "operator",
    )


def _found_logs(
    state: ControlState, origins: Sequence[str], log_keys: Sequence[str]
) -> None:
    partitions = [f"p{number}" for number in range(len(origins) - 2)]
    roles = ["control", "manifest", *partitions]
    expected = [f"{state.name}/{role}" for role in roles]
    require(bool(partitions) and list(origins) == expected, "origins out of order")
    require(len(log_keys) == len(origins), "not one log key for each origin")
    for origin, text in zip(origins, log_keys, strict=True):
        key = LogKey(new_log_key(state, origin, text), announced_at=0)
        state.logs[origin] = LogState((key,), opened_at=0)


def authorise_key(state: ControlState, leaf: int, fields: Fields) -> None:
    """Make a producer's key known, or change what a known one may write.

    Refused: an unusable key, one that has another role or identity, a revoked one.
    """
    public_key, kind = fields["public_key"], fields["kind"]
    check_key(state, public_key)
    require(kind in ("service", "person"), "neither service nor person")
    require(bool(fields["identity"]), "no identity")
    require(all(map(is_pattern, fields["event_types"])), "not an event type pattern")
    known = state.key(key_fingerprint(public_key))
    if known:
        require(not (known.is_root or known.is_operator), "has another role")
        require(known.revoked_at is None, "is revoked")
        same = (known.identity, known.kind) == (fields["identity"], kind)
        require(same, "belongs to another identity")
    key = KeyState(
        public_key=public_key,
        key_fp=key_fingerprint(public_key),
        identity=fields["identity"],
        kind=kind,
        event_types=tuple(fields["event_types"]),
        attests=fields["attests"],
        authorised_at=known.authorised_at if known else leaf,
    )
    state.set_key(leaf, key)


def revoke_key(state: ControlState, leaf: int, fields: Fields) -> None:
    """Revoke a producer's key for good.

    A second revocation may only move ``compromised_since`` back in time.
    """
    known = state.key(fields["key_fp"])
    since: int | None = fields["compromised_since"]
    if known is None or known.is_root or known.is_operator:
        raise NotAuthorisedError("no such producer key")
    if known.revoked_at is None:
        known = replace(known, revoked_at=leaf)
    else:
        before = known.compromised_since
        earlier = since is not None and (before is None or since < before)
        require(earlier, "is revoked already")
    state.set_key(leaf, replace(known, compromised_since=since))


def register_schema(state: ControlState, leaf: int, fields: Fields) -> None:
    """Register the exact bytes of a schema; again is no harm, otherwise is refused."""
    from ledger.avro import type_of_schema, verify_spelling

    schema: bytes = fields["schema"]
    try:
        name, version = type_of_schema(schema)
        verify_spelling(schema)
    except MalformedError as error:
        raise NotAuthorisedError("not the schema of an event type") from error
    require(not name.startswith("ledger."), "the ledger family is built in")
    schema_id = sha256(schema).digest()
    for known_id, known in state.schemas.items():
        if (known.name, known.version) == (name, version):
            require(known_id == schema_id, "this version has another schema")
            return
    state.schemas[schema_id] = SchemaState(schema, name, version, registered_at=leaf)


def open_log(state: ControlState, leaf: int, fields: Fields) -> None:
    """Add the next event partition, or the log that follows a closed one.

    The successors of ``<name>/p0`` are ``<name>/p0/e1``, ``<name>/p0/e2`` and so on.
    """
    origin: str = fields["origin"]
    match = _ORIGIN.fullmatch(origin)
    require(match is not None and origin not in state.logs, "not a new origin")
    base, break_number = match.groups() if match else ("", None)
    if break_number is None:
        partitions = [o for o in state.logs if re.fullmatch(r".+/p[0-9]+", o)]
        expected = f"{state.name}/p{len(partitions)}"
        require(origin == expected, "not the next partition")
    else:
        number = int(break_number) - 1
        before = state.logs.get(f"{base}/e{number}" if number else base)
        require(before is not None and before.closed_at is not None, "not closed")
    key = LogKey(new_log_key(state, origin, fields["vkey"]), announced_at=leaf)
    state.logs[origin] = LogState((key,), opened_at=leaf)


def close_log(state: ControlState, leaf: int, fields: Fields) -> None:
    """Close a log at its final checkpoint; the control log cannot close itself."""
    origin: str = fields["origin"]
    log = state.logs.get(origin)
    if log is None or log.closed_at is not None or "/control" in origin:
        raise NotAuthorisedError(f"{origin}: no open log")
    require(fields["size"] >= 0 and len(fields["root"]) == 32, "not a checkpoint")
    state.logs[origin] = replace(
        log, closed_at=leaf, final_size=fields["size"], final_root=fields["root"]
    )


def trim_log(state: ControlState, leaf: int, fields: Fields) -> None:
    """Allow the first records of a log to be deleted; nothing brings them back.

    The control log is kept whole: who starts from the ledger id reads all of it.
    """
    origin, before, archive = (
        fields["origin"],
        fields["before_offset"],
        fields["archive"],
    )
    require(origin in state.logs, "no such origin")
    require(role_of(origin) != "control", "the control log is kept whole")
    require(bool(fields["rule"]), "no retention rule")
    require(archive is None or len(archive) == 32, "not a SHA-256")
    known = state.trimmed.get(origin)
    require(
        before >= (known.before_offset if known else 0), "is trimmed further already"
    )
    state.trimmed[origin] = LogTrimmedState(before, fields["rule"], archive, leaf)


TRANSITIONS: Mapping[str, Transition] = {
    "ledger.key.authorized": authorise_key,
    "ledger.key.revoked": revoke_key,
    "ledger.schema.registered": register_schema,
    "ledger.log.opened": open_log,
    "ledger.log.closed": close_log,
    "ledger.log.trimmed": trim_log,
}


def new_log_key(state: ControlState, origin: str, text: str) -> Vkey:
    """Return the verifier key that an origin may get, from its text.

    Raises:
        NotAuthorisedError: no Ed25519 log key of that origin, or a key that is unusable
            or has been used for anything before.
    """
    try:
        vkey = parse_vkey(text)
    except MalformedError as error:
        raise NotAuthorisedError("not a log key") from error
    require(vkey.name == origin, "log key of another origin")
    require(vkey.type == LOG_KEY_TYPE, "not an Ed25519 log key")
    check_new_key(state, vkey.public_key)
    return vkey


def check_new_key(state: ControlState, public_key: bytes) -> None:
    """Refuse a key that is unusable, or that has or had a role.

    Raises:
        NotAuthorisedError: it is one of these.
    """
    check_key(state, public_key)
    require(key_fingerprint(public_key) not in state.keys, "a key in two roles")


def check_key(state: ControlState, public_key: bytes) -> None:
    """Refuse a key that is unusable, or that signs or signed a log.

    Raises:
        NotAuthorisedError: it is one of these.
    """
    require(is_usable_key(public_key), "unusable key")
    log_keys = (vkey.public_key for log in state.logs.values() for vkey in log.known)
    require(public_key not in log_keys, "is a log key")


def require(condition: bool, otherwise: str) -> None:  # noqa: FBT001  an assertion
    """Raise NotAuthorisedError with the text, unless the condition holds."""
    if not condition:
        raise NotAuthorisedError(otherwise)
