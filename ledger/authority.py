"""Who may write what: keys as the control log knows them, and the types they may use.

An event type is authorised by a pattern over ``mlledger.<type name>``:

* ``mlledger.prediction.decision.recorded``: this type, all its versions;
* ``mlledger.prediction.*``: every type whose name goes on after ``prediction.``;
* ``mlledger.*``: every type.

An asterisk stands at the end, after a dot, or not at all. Some types are beyond any
pattern: those of persons ask for a person's key, those of the ledger itself for the
operator's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["control", "manifest", "events"]
Kind = Literal["unknown", "service", "person"]

PERSON_TYPES = (
    "mlledger.registry.approval.*",
    "mlledger.oversight.review.*",
    "mlledger.governance.statement.*",
)
STREAM_TYPES = ("mlledger.ledger.stream.*",)
MANIFEST_TYPES = (
    *STREAM_TYPES,
    "mlledger.ledger.manifest.published",
    "mlledger.ledger.projection.digested",
)
ROOT_TYPES = (*STREAM_TYPES, "mlledger.ledger.statement.endorsed")
OPERATOR_TYPES = (
    *ROOT_TYPES,
    "mlledger.ledger.key.authorized",
    "mlledger.ledger.key.revoked",
    "mlledger.ledger.schema.registered",
    "mlledger.ledger.log.opened",
    "mlledger.ledger.log.closed",
    "mlledger.ledger.log.trimmed",
    "mlledger.ledger.gap.declared",
    "mlledger.ledger.event.corrected",
    "mlledger.ledger.setting.changed",
)
_PATTERN = re.compile(
    r"mlledger\.(\*|[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)))"
)


@dataclass(frozen=True, slots=True)
class KeyState:
    """One signing key as the control log has it below some position.

    Attributes:
        public_key: raw 32-byte Ed25519 key.
        key_fp: 32 bytes, SHA-256 of ``public_key``.
        identity: the registered name of who signs with it.
        kind: ``service`` or ``person``.
        event_types: patterns of the types it may write.
        attests: a service that may write for persons whom it has authenticated.
        authorised_at: control leaf that made it known.
        revoked_at: control leaf that revoked it, or by which a root or operator left
            office; None while it is in force.
        compromised_since: microseconds since 1970 from which what it signed is
            suspect, or None.
        is_root: holds a share of the ledger's root.
        is_operator: runs the control log.
    """

    public_key: bytes
    key_fp: bytes
    identity: str
    kind: Kind
    event_types: tuple[str, ...]
    attests: bool
    authorised_at: int
    revoked_at: int | None = None
    compromised_since: int | None = None
    is_root: bool = False
    is_operator: bool = False


def role_of(origin: str) -> Role:
    """Return what an origin ``<name>/<role>`` carries."""
    tail = origin.partition("/")[2].partition("/")[0]
    if tail == "control":
        return "control"
    return "manifest" if tail == "manifest" else "events"


def is_pattern(text: str) -> bool:
    """Tell whether a text may stand among the ``event_types`` of a key."""
    return _PATTERN.fullmatch(text) is not None


def covers(pattern: str, type_name: str) -> bool:
    """Tell whether a pattern authorises a type.

    Args:
        pattern: as described above.
        type_name: such as ``prediction.decision.recorded``, without version.
    """
    full = f"mlledger.{type_name}"
    if pattern.endswith(".*"):
        return full.startswith(pattern[:-1])
    return full == pattern


def may_write(key: KeyState, type_name: str, role: Role) -> bool:
    """Tell whether a key may write events of a type into logs of a role.

    Producers write no ``ledger.*`` but their streams, the
    control and the manifest log are the operator's, and roles are never shared.
    """
    if role == "control":
        allowed = OPERATOR_TYPES if key.is_operator else ()
        allowed = ROOT_TYPES if key.is_root else allowed
    elif role == "manifest":
        allowed = MANIFEST_TYPES if key.is_operator else ()
    else:
        return _producer_may_write(key, type_name)
    return _any_covers(allowed, type_name)


def _producer_may_write(key: KeyState, type_name: str) -> bool:
    if key.is_root or key.is_operator:
        return False
    if type_name.startswith("ledger."):
        return _any_covers(STREAM_TYPES, type_name)
    if _any_covers(PERSON_TYPES, type_name) and not speaks_for_persons(key):
        return False
    return _any_covers(key.event_types, type_name)


def speaks_for_persons(key: KeyState) -> bool:
    """Tell whether a key may sign approvals, reviews and statements."""
    return key.kind == "person" or key.attests


def _any_covers(patterns: Sequence[str], type_name: str) -> bool:
    return any(covers(pattern, type_name) for pattern in patterns)
