"""Policies: which logs and witnesses a reader trusts, and how many must have signed.

A policy is a text of lines, as in this one with a quorum of two::

    log acme/p0+9bfb0a35+AV3j…
    witness north north.example/w1+0f3a…+BKs…
    witness south south.example/w1+77be…+BCy…
    witness east east.example/w1+c01d…+BP0…
    group outside 2 north south east
    quorum outside

A checkpoint is valid when a listed log of its origin signed it and the witnesses that
cosigned it come to the quorum. Witness and group names mean nothing outside the policy.

Our own ``public/policy`` has no ``quorum`` line before a witness policy is set: a
policy without witnesses, groups and quorum counts as one with ``quorum none``.

Source: C2SP tlog-policy, tlog-cosignature v1.0.0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, parse_checkpoint, verify_log_signatures
from ledger.errors import QuorumError, SignatureError, StaleError
from ledger.note import Note, Vkey, is_signed_by, verify_cosignature
from ledger.policy_lines import Group, PolicyLines, Witness, read_lines

__all__ = [
    "MAX_SKEW_S",
    "Cosignature",
    "Cosigned",
    "Group",
    "Policy",
    "Witness",
    "compose_policy",
    "parse_policy",
    "read_cosigned",
    "verify_cosigned",
    "verify_quorum",
]

MAX_SKEW_S = 60
"""Seconds by which a witness's clock may run ahead of the reader's."""
_GROUP = "ledger-quorum"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who must have signed a checkpoint.

    Attributes:
        logs: log keys, in the order of the text; several may share an origin.
        witnesses: in the order of the text.
        quorum: ``none``, or the name of a witness or group.
        groups: in the order of the text; each names witnesses and earlier groups.
    """

    logs: tuple[Vkey, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    quorum: str = "none"
    groups: tuple[Group, ...] = ()

    def __str__(self) -> str:
        lines = [f"log {vkey}" for vkey in self.logs]
        lines += [str(item) for item in (*self.witnesses, *self.groups)]
        return "".join(f"{line}\n" for line in [*lines, f"quorum {self.quorum}"])

    def log_vkeys(self, origin: str) -> tuple[Vkey, ...]:
        """Return the listed keys of an origin, none for a log that is not listed."""
        return tuple(vkey for vkey in self.logs if vkey.name == origin)

    def is_satisfied(self, names: Collection[str]) -> bool:
        """Tell whether the witnesses of these policy names come to the quorum."""
        if self.quorum == "none":
            return True
        reached = {item.name for item in self.witnesses if item.name in names}
        for group in self.groups:
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        return self.quorum in reached


@dataclass(frozen=True, slots=True)
class Cosignature:
    """That a witness signed a checkpoint.

    Attributes:
        witness: its name in the policy.
        time_s: seconds since 1970, by the clock of the witness.
    """

    witness: str
    time_s: int


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint whose signatures by known keys were all verified.

    Attributes:
        checkpoint: the tree head.
        log_vkeys: the listed log keys that signed it, one or more.
        cosignatures: the listed witnesses that signed it, earliest first.
        satisfied: whether they come to the quorum.
        attested_s: smallest time by which a quorum had signed: the tree was there no
            later, if the quorum holds one honest clock. None without a quorum.
        fresh_s: largest time since which a quorum has signed: it was the largest tree
            they knew as of then. None without a quorum.
    """

    checkpoint: Checkpoint
    log_vkeys: tuple[Vkey, ...]
    cosignatures: tuple[Cosignature, ...]
    satisfied: bool
    attested_s: int | None = None
    fresh_s: int | None = None


def parse_policy(text: str | bytes) -> Policy:
    """Parse a policy; comments and empty lines are let go.

    Args:
        text: the whole file; names in it are UTF-8, comments need not be.

    Raises:
        MalformedError: a line of another form or without its newline, a control
            character, a name or key defined twice, an undefined name, a threshold out
            of range, not exactly one quorum line, or a limit exceeded.

    Source: C2SP tlog-policy, "Policy file syntax and structure".
    """
    lines: PolicyLines = read_lines(text)
    return Policy(
        logs=tuple(lines.logs),
        witnesses=tuple(lines.witnesses),
        quorum=lines.final_quorum(),
        groups=tuple(lines.groups),
    )


def compose_policy(witnesses: Sequence[Witness], quorum: str) -> str:
    """Return the text of a policy in which so many of some witnesses must sign.

    Args:
        witnesses: one or more, each with a name of its own.
        quorum: ``any``, ``all``, ``none`` or a number from 1 to their count.

    Raises:
        MalformedError: names, keys or quorum do not make a policy.
    """
    names = " ".join(witness.name for witness in witnesses)
    group = [] if quorum == "none" else [f"group {_GROUP} {quorum} {names}"]
    last = "none" if quorum == "none" else _GROUP
    lines = [*map(str, witnesses), *group, f"quorum {last}"]
    text = "".join(f"{line}\n" for line in lines)
    parse_policy(text)
    return text


def verify_cosigned(
    data: bytes,
    policy: Policy,
    *,
    now_s: int | None = None,
    max_age_s: int | None = None,
) -> Cosigned:
    """Check a checkpoint against a policy: log signature, quorum, age.

    Args:
        data: the whole note.
        policy: from elsewhere, never from beside the note.
        now_s: the reader's clock, seconds since 1970; None checks no time.
        max_age_s: how old the quorum's signatures may be, 0 or more; None for any age.

    Raises:
        MalformedError: it does not parse.
        SignatureError: see :func:`read_cosigned`.
        QuorumError: too few witnesses signed.
        StaleError: no quorum signed within ``max_age_s``.
        ValueError: ``max_age_s`` without ``now_s``.
    """
    found = read_cosigned(data, policy, now_s=now_s)
    verify_quorum(found, policy, now_s=now_s, max_age_s=max_age_s)
    return found


def verify_quorum(
    found: Cosigned,
    policy: Policy,
    *,
    now_s: int | None = None,
    max_age_s: int | None = None,
) -> None:
    """Check who signed a checkpoint, and when last; see :func:`verify_cosigned`.

    Raises:
        QuorumError: too few witnesses signed.
        StaleError: no quorum signed within ``max_age_s``.
        ValueError: ``max_age_s`` without ``now_s``.
    """
    if not found.satisfied:
        raise QuorumError(
            f"{found.checkpoint.origin}: {len(found.cosignatures)} of "
            f"{len(policy.witnesses)} witnesses signed size {found.checkpoint.size}, "
            f"which does not come to the quorum {policy.quorum}",
            expected=f"quorum {policy.quorum}",
            actual=", ".join(item.witness for item in found.cosignatures) or "none",
        )
    if max_age_s is not None:
        _verify_age(found, now_s, max_age_s)


def read_cosigned(data: bytes, policy: Policy, *, now_s: int | None = None) -> Cosigned:
    """As :func:`verify_cosigned`, but leave quorum and age to the caller.

    Signature lines of keys that the policy does not list are ignored.

    Raises:
        MalformedError: it does not parse.
        SignatureError: no listed key of its origin signed; a line of a listed key does
            not verify or stands there twice; a witness's time is in the future.
    """
    checkpoint, note = parse_checkpoint(data)
    logs = policy.log_vkeys(checkpoint.origin)
    if not logs:
        raise SignatureError(
            f"{checkpoint.origin}: the policy lists no log of that origin",
            expected=", ".join(sorted({vkey.name for vkey in policy.logs})),
            actual=checkpoint.origin,
        )
    signed = verify_log_signatures(note, logs)
    found = sorted(_cosignatures(note, policy.witnesses, now_s), key=_time)
    return Cosigned(
        checkpoint=checkpoint,
        log_vkeys=signed,
        cosignatures=tuple(found),
        satisfied=policy.is_satisfied({item.witness for item in found}),
        attested_s=_time_of_quorum(found, policy),
        fresh_s=_time_of_quorum(found[::-1], policy),
    )


def _time(cosignature: Cosignature) -> int:
    return cosignature.time_s


def _time_of_quorum(ordered: Iterable[Cosignature], policy: Policy) -> int | None:
    """Return the time at which a quorum is complete, taking signers in this order."""
    names: set[str] = set()
    if policy.quorum == "none":
        return None
    for cosignature in ordered:
        names.add(cosignature.witness)
        if policy.is_satisfied(names):
            return cosignature.time_s
    return None


def _verify_age(found: Cosigned, now_s: int | None, max_age_s: int) -> None:
    if now_s is None:
        raise ValueError("an age is measured against a clock")
    place = found.checkpoint.origin
    if found.fresh_s is None:
        raise StaleError(
            f"{place}: no quorum of witnesses, so nothing tells its age",
            expected=f"signed within {max_age_s} s",
        )
    if (age_s := now_s - found.fresh_s) > max_age_s:
        raise StaleError(
            f"{place}: a quorum of witnesses last signed {age_s} s ago",
            expected=f"within {max_age_s} s",
            actual=f"{age_s} s",
            hint="ask for a newer checkpoint; one that is withheld may hide a fork",
        )


def _cosignatures(
    note: Note, witnesses: Iterable[Witness], now_s: int | None
) -> Iterable[Cosignature]:
    for witness in witnesses:
        if not is_signed_by(note, witness.vkey):
            continue
        time_s = verify_cosignature(note, witness.vkey)
        if now_s is not None and time_s > now_s + MAX_SKEW_S:
            raise SignatureError(
                f"witness {witness.name} signed in the future",
                expected=f"a time of {now_s + MAX_SKEW_S} s or less",
                actual=f"{time_s} s",
            )
        yield Cosignature(witness.name, time_s)
