"""What the clocks of witnesses say of the times that a sealer writes down.

A quorum of witnesses signs each checkpoint within moments of its batch. So the clock of
the last leaf below it is at most a minute ahead of theirs: a sealer cannot write times
of the future, nor make what it seals today look as if it came later.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.errors import EvidenceError, MissingEvidenceError
from ledger.leaf import parse_leaf
from ledger.policy import Policy, parse_policy, read_cosigned
from ledger.public import OriginReader, placed
from ledger.verification.clocks import verify_not_later
from ledger.verification.control import policy_of
from ledger.verification.findings import Findings
from ledger.verification.places import leaf_place

if TYPE_CHECKING:
    from ledger.control import Control
    from ledger.policy import Cosigned
    from ledger.verification.evidence import Evidence
    from ledger.verification.steps import Step

_KEPT = re.compile(r"checkpoint\.([1-9][0-9]{0,18})")


def witnesses_of(control: Control) -> Policy:
    """Return the witness policy in force, with every log key there ever was.

    Older checkpoints may carry the keys of their time.
    """
    policy = parse_policy(policy_of(control))
    logs = [vkey for origin in control.origins for vkey in control.known_vkeys(origin)]
    return replace(policy, logs=tuple(logs))


def kept_sizes(names: list[str]) -> list[int]:
    """Return the sizes among file names that a checkpoint is kept for, ascending."""
    return sorted(int(match[1]) for name in names if (match := _KEPT.fullmatch(name)))


def cosigned_at(
    evidence: Evidence, origin: str, size: int, policy: Policy
) -> Cosigned | None:
    """Return the kept checkpoint of a size; None when it was retired meanwhile.

    Raises:
        MalformedError: it is none.
        SignatureError: a signature of a known key is wrong.
    """
    name = f"checkpoint.{size}"
    try:
        data = evidence.file(origin, name)
    except MissingEvidenceError:
        return None
    with placed(origin, name):
        return read_cosigned(data, policy)


def witness_time_steps(evidence: Evidence) -> list[Step]:
    """Compare the sealer's clock with the witnesses' at every older checkpoint.

    Returns no step for a ledger whose policy asks for no witness.
    """
    control = evidence.control
    policy = witnesses_of(control)
    if policy.quorum == "none":
        return []
    found: list[Step] = []
    for origin in control.origins:
        try:
            reader = evidence.newest(origin)
        except EvidenceError:
            continue  # its checkpoint is a finding of its own
        if reader is not None:
            found += _origin_steps(evidence, reader, policy)
    return found


def _origin_steps(
    evidence: Evidence, reader: OriginReader, policy: Policy
) -> list[Step]:
    origin, count = reader.origin, 0
    findings = Findings(f"{origin} witness times")
    for size in kept_sizes(evidence.files(origin)):
        if size >= reader.checkpoint.size:
            continue  # the newest one: ledger.verification.notes
        with findings.collected():
            cosigned = cosigned_at(evidence, origin, size, policy)
            if cosigned and cosigned.attested_s is not None:
                count += 1
                leaf = parse_leaf(reader.leaf(size - 1))
                verify_not_later(
                    leaf, cosigned.attested_s * 1_000, leaf_place(origin, size - 1)
                )
    return findings.steps(
        f"the sealer's clock was not ahead of theirs at {count} older checkpoints"
    )
