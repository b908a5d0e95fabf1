"""Who cosigned a checkpoint of ours, under which policy, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.checkpoint import format_policy
from ledger.errors import ConfigurationError, MalformedError
from ledger.leaf import parse_leaf
from ledger.note import parse_vkey
from ledger.output import format_time
from ledger.policy import (
    Cosigned,
    Policy,
    parse_policy,
    verify_cosigned,
)
from ledger.public import OriginReader, placed
from ledger.verification.clocks import verify_not_later
from ledger.verification.places import leaf_place

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control
    from ledger.note import Vkey
    from ledger.public import Public
    from ledger.verification.control import ControlReader

NO_WITNESS = "no witness in the policy: proves nothing against the ledger's operator"


@dataclass(frozen=True, slots=True)
class WitnessTerms:
    """What a reader knows of witnesses that the ledger does not tell.

    Attributes:
        outside: public keys of those that others than the ledger's operator run.
        now_s: the reader's clock, seconds since 1970; None checks no time.
        max_age_s: how old a quorum's signatures may be; None for any age.
    """

    outside: frozenset[bytes] = frozenset()
    now_s: int | None = None
    max_age_s: int | None = None


ANY_TERMS = WitnessTerms()
"""What holds for a reader who was told nothing: no witness is from outside."""


def terms_of(
    config: Config, *, now_s: int | None = None, max_age_s: int | None = None
) -> WitnessTerms:
    """Return what a ledger home says of witnesses.

    Args:
        config: the ledger home.
        now_s: the reader's clock, seconds since 1970; None checks no time.
        max_age_s: how old a quorum's signatures may be; None for any age.

    Raises:
        ConfigurationError: a verifier key in ``mlledger.toml`` is none.
    """
    try:
        outside = frozenset(
            parse_vkey(item.vkey).public_key
            for item in config.witnesses
            if item.outside
        )
    except MalformedError as error:
        raise ConfigurationError(f"[[witness]]: {error}") from error
    return WitnessTerms(outside, now_s, max_age_s)


@dataclass(frozen=True, slots=True)
class Listed:
    """The keys whose lines an origin's notes may carry.

    Attributes:
        active: log keys in use, of which one at least signs what is new.
        known: every log key the origin ever had.
        witnesses: keys of every witness that a policy ever listed.
        policy: in force now, with the active keys of this origin alone.
    """

    active: tuple[Vkey, ...]
    known: tuple[Vkey, ...]
    witnesses: tuple[Vkey, ...]
    policy: Policy

    @classmethod
    def of(cls, control: ControlReader, origin: str) -> Listed:
        """Return what the control log lists for an origin."""
        active = control.control.active_vkeys(origin)
        texts = [text for _, text in control.policies if text]
        policies = [parse_policy(format_policy([], text)) for text in texts]
        witnesses = dict.fromkeys(w.vkey for p in policies for w in p.witnesses)
        return cls(
            active=active,
            known=control.control.known_vkeys(origin),
            witnesses=tuple(witnesses),
            policy=parse_policy(format_policy(active, control.control.witness_policy)),
        )


def published_reader(
    public: Public, control: ControlReader, origin: str, *, enforce: bool
) -> OriginReader:
    """Return a reader at ``checkpoint``, cosigned as the policy in force asks.

    Args:
        public: the published ledger.
        control: the control log, refreshed.
        origin: such as ``acme/p0``.
        enforce: False to take the checkpoint without its quorum.

    Raises:
        MissingEvidenceError: it is absent, or too few witnesses signed it.
        MalformedError, SignatureError: as :func:`ledger.policy.verify_cosigned`.
    """
    vkeys = control.control.active_vkeys(origin)
    if not (enforce and control.control.witness_policy):
        return OriginReader(public, vkeys)
    data = public.read(origin, "checkpoint")
    with placed(origin, "checkpoint"):
        found = verify_cosigned(data, Listed.of(control, origin).policy)
    return OriginReader(public, vkeys, checkpoint=found.checkpoint)


def policy_words(control: Control, outside: frozenset[bytes]) -> str:
    """Return how many witnesses the policy in force has, and how many from outside.

    Args:
        control: the verified control log.
        outside: public keys of witnesses that others than the ledger's operator run.
    """
    policy = parse_policy(format_policy([], control.witness_policy))
    count = sum(item.vkey.public_key in outside for item in policy.witnesses)
    return f"{len(policy.witnesses)} witnesses, {count} outside the operator"


def witness_words(found: Cosigned, policy: Policy, outside: frozenset[bytes]) -> str:
    """Return who signed a checkpoint, how many of them from outside, and when last.

    Args:
        found: the checkpoint, verified.
        policy: it was verified under.
        outside: public keys of witnesses that others than the ledger's operator run.
    """
    if not policy.witnesses:
        return f"{NO_WITNESS}; 0 outside the operator"
    keys = {item.name: item.vkey.public_key for item in policy.witnesses}
    signed = [keys[item.witness] for item in found.cosignatures]
    words = (
        f"{len(signed)} of {len(keys)} witnesses signed size {found.checkpoint.size}, "
        f"{sum(key in outside for key in signed)} outside the operator"
    )
    if found.attested_s is None:
        return words
    return f"{words}; a quorum by {format_time(found.attested_s * 1_000_000)}"


def verify_not_before(found: Cosigned, reader: OriginReader) -> None:
    """Check that no quorum signed leaves long before they were sealed.

    Args:
        found: a checkpoint, its signatures verified.
        reader: of its origin, at that checkpoint or a later one.

    Raises:
        IntegrityError: one did, by more than the minute that clocks may differ.
    """
    last = found.checkpoint.size - 1
    if found.attested_s is not None and last >= 0:
        leaf = parse_leaf(reader.leaf(last))
        place = leaf_place(reader.origin, last)
        verify_not_later(leaf, found.attested_s * 1_000, place)
