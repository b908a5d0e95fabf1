"""What each endorsed statement does to the ledger, and whose endorsement it needs.

=========================  ==========================================================
statement                  endorsed by
=========================  ==========================================================
ledger.root.set            a threshold of the roots so far, and one of the new roots
ledger.log_key.announced   a threshold of the roots
ledger.log_key.retired     a threshold of the roots
ledger.witness_policy.set  a threshold of the roots
ledger.key.rotated         the old key and the new one
=========================  ==========================================================

A key that endorses twice counts once; an endorsement of a key that is asked for must
verify. A statement takes effect once: whoever repeats it later, to bring back what it
set, is refused. A root or operator that leaves office is revoked, for good.

Source: for the two thresholds of a new root, The Update Framework, section 5.3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ledger.checkpoint import format_policy
from ledger.control_state import LogKey
from ledger.endorsement import statement_hash, verify_endorsements
from ledger.errors import MalformedError, NotAuthorisedError, SignatureError
from ledger.keys import key_fingerprint
from ledger.ledger_types import decode_statement
from ledger.policy import parse_policy
from ledger.transitions import (
    Fields,
    check_new_key,
    new_log_key,
    office_key,
    require,
)

if TYPE_CHECKING:
    from ledger.control_state import ControlState


@dataclass(frozen=True, slots=True)
class Endorsers:
    """Who endorsed a statement; asked key by key."""

    endorsed: Fields

    def verify(self, keys: Collection[bytes], *, threshold: int) -> None:
        """Refuse a statement that too few of some keys endorsed.

        Raises:
            NotAuthorisedError: too few, or one whose signature does not verify.
        """
        try:
            found = verify_endorsements(self.endorsed, keys)
        except SignatureError as error:
            raise NotAuthorisedError("an endorsement does not verify") from error
        require(len(found) >= threshold, f"endorsed by {len(found)} of {threshold}")

    def verify_roots(self, state: ControlState) -> None:
        """Refuse a statement that fewer roots than the threshold endorsed."""
        roots = [key.public_key for key in state.roots]
        self.verify(roots, threshold=state.threshold)


def apply_statement(state: ControlState, leaf: int, fields: Fields) -> None:
    """Let an endorsed statement take effect: a transition of the control log.

    Raises:
        NotAuthorisedError: no such statement is known, it took effect before, too few
            endorsed it, or it is against the state of the ledger.
        MalformedError: the statement is not spelled exactly.
    """
    decoded = decode_statement(fields)
    rule = STATEMENTS.get(decoded[0]) if decoded else None
    if decoded is None or rule is None:
        raise NotAuthorisedError("no statement that takes endorsements")
    identity = statement_hash(fields)
    require(identity not in state.applied, "took effect before")
    rule(state, leaf, decoded[1], Endorsers(fields))
    state.applied |= {identity}


def set_root(state: ControlState, leaf: int, root: Fields, by: Endorsers) -> None:
    """Change root keys, threshold or operators; name, origins and log keys stay.

    Endorsed by the threshold in force of the keys in force, and by the new threshold
    of the new keys.
    """
    roots, operators = root["root_keys"], root["operator_keys"]
    log_keys = [str(log.vkey) for log in state.logs.values()]
    require(root["name"] == state.name, "names another ledger")
    require(root["origins"] == list(state.logs), "other origins than those in force")
    require(root["log_keys"] == log_keys, "other log keys than those in force")
    require(1 <= root["threshold"] <= len(roots), "threshold out of reach")
    require(bool(operators), "no operator key")
    by.verify_roots(state)
    by.verify(roots, threshold=root["threshold"])
    _set_office(state, leaf, "root", roots)
    _set_office(state, leaf, "operator", operators)
    state.threshold = root["threshold"]


def _set_office(
    state: ControlState,
    leaf: int,
    role: Literal["root", "operator"],
    public_keys: Sequence[bytes],
) -> None:
    require(len(set(public_keys)) == len(public_keys), "a key named twice")
    in_force = state.roots if role == "root" else state.operators
    for key in in_force:
        if key.public_key not in public_keys:
            state.set_key(leaf, replace(key, revoked_at=leaf))
    known = {key.public_key for key in in_force}
    for public_key in public_keys:
        if public_key not in known:
            check_new_key(state, public_key)
            number = 1 + _ever_in_office(state, role)
            key = office_key(role, number=number, public_key=public_key, leaf=leaf)
            state.set_key(leaf, key)


def _ever_in_office(state: ControlState, role: Literal["root", "operator"]) -> int:
    newest = (versions[-1][1] for versions in state.keys.values())
    return sum(key.is_root if role == "root" else key.is_operator for key in newest)


def announce_log_key(
    state: ControlState, leaf: int, fields: Fields, by: Endorsers
) -> None:
    """Give an open log one more key; the keys it has stay in use."""
    log = state.logs.get(fields["origin"])
    if log is None or log.closed_at is not None:
        raise NotAuthorisedError("no open log")
    by.verify_roots(state)
    vkey = new_log_key(state, fields["origin"], fields["vkey"])
    taken = {known.key_id for known in log.known}
    require(vkey.key_id not in taken, "the key id is taken")
    state.logs[fields["origin"]] = replace(log, keys=(*log.keys, LogKey(vkey, leaf)))


def retire_log_key(
    state: ControlState, leaf: int, fields: Fields, by: Endorsers
) -> None:
    """Take a key of a log out of use; another one must stay."""
    log = state.logs.get(fields["origin"])
    active = [str(vkey) for vkey in log.active] if log else []
    if log is None or fields["vkey"] not in active:
        raise NotAuthorisedError("no such key in use")
    require(len(active) > 1, "the only key in use")
    by.verify_roots(state)
    keys = tuple(
        replace(key, retired_at=leaf) if str(key.vkey) == fields["vkey"] else key
        for key in log.keys
    )
    state.logs[fields["origin"]] = replace(log, keys=keys)


def set_witness_policy(
    state: ControlState, _leaf: int, fields: Fields, by: Endorsers
) -> None:
    """Set which witnesses must cosign; no witness has a key with another role.

    An empty text asks for none any more.
    """
    by.verify_roots(state)
    log_vkeys = [vkey for log in state.logs.values() for vkey in log.active]
    state.witness_policy = fields["policy"]
    if not fields["policy"]:
        return
    try:
        policy = parse_policy(format_policy(log_vkeys, fields["policy"]))
    except MalformedError as error:
        raise NotAuthorisedError("not a witness policy") from error
    require(list(policy.logs) == log_vkeys, "a witness policy names no logs")
    for witness in policy.witnesses:
        check_new_key(state, witness.vkey.public_key)


def rotate_key(state: ControlState, leaf: int, fields: Fields, by: Endorsers) -> None:
    """Let a new key sign for the identity of an old one; the old one stays in force."""
    old = state.key(fields["old_key_fp"])
    if old is None or old.is_root or old.is_operator or old.revoked_at is not None:
        raise NotAuthorisedError("no such producer key in force")
    public_key = fields["public_key"]
    check_new_key(state, public_key)
    by.verify([old.public_key, public_key], threshold=2)
    new = replace(
        old,
        public_key=public_key,
        key_fp=key_fingerprint(public_key),
        authorised_at=leaf,
        compromised_since=None,
    )
    state.set_key(leaf, new)


STATEMENTS: Mapping[str, Callable[[ControlState, int, Fields, Endorsers], None]] = {
    "ledger.root.set": set_root,
    "ledger.log_key.announced": announce_log_key,
    "ledger.log_key.retired": retire_log_key,
    "ledger.witness_policy.set": set_witness_policy,
    "ledger.key.rotated": rotate_key,
}
