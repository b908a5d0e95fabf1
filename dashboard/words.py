"""The words of every page and report: marks, outcomes, names of links.

No sentence claims more than was computed: a failed check is a contradiction, not an
accusation; a match says up to when, and who else has seen the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.standing import WITNESSES, clock_time

if TYPE_CHECKING:
    from datetime import datetime

MARKS = {
    "verified": "✔ verified",
    "failed": "✖ failed",
    "not_checked": "? not checked",
    "not_established": "– not established",
}
FAILED = (
    "Verification failed: the evidence contradicts itself (alteration, corruption or "
    "defect; not decided)."
)
UNCHECKED = (
    "Could not be checked completely: something that is needed is absent. "
    "This is not a contradiction."
)
NOT_ASKED = "Not checked against the log."
RECORDED = "Complete as recorded; says nothing about what was never logged."
LINKS = {
    "decision": "Decision",
    "deployment": "Deployment",
    "deployment change": "Change of the deployment",
    "process attestation": "What the process had loaded",
    "release": "Release",
    "approval": "Approval",
    "model version": "Model version",
    "model": "Model",
    "evaluation": "Evaluation",
    "criterion": "Limit set for a test",
    "run": "Training run",
    "run update": "Measured in the run",
    "run end": "End of the run",
    "input": "Data the run read",
    "dataset version": "Data set version",
    "dataset": "Data set",
    "source": "Source of the data",
    "system": "AI system",
    "statement": "Statement by a person",
    "reply": "Statement in reply",
    "payload deletion": "Deletion of the personal payload",
    "document": "Document",
}
"""What people call the links of a chain."""

GLOSSARY = {
    "claimed": "as the program or person that signed the event says, by its own clock",
    "sealed": "the moment from which on the record cannot be changed unnoticed, by the "
    "sealer's clock; whoever runs the sealer sets that clock",
    "projected": "copied from the log into the database that these pages read",
    "origin, leaf, event": "a place in the log: which of its parts, which entry of it, "
    "which event of that entry",
    "checkpoint": "a signed statement of how long an origin is and what it holds",
    "witness": "somebody else who signs checkpoints too, so that the operator cannot "
    "show two histories",
    "signed as": "whose key signed the event",
    "declared, observed": "how the event knows: its producer says so, or saw it happen",
    "✔ verified": "read again from the log and found to agree, step by step",
    "✖ failed": "the evidence contradicts itself; alteration, corruption or defect",
    "? not checked": "nobody has asked, or something that is needed is absent",
    "– gap": "nothing is recorded where something could be",
}
"""What the words of the pages mean, for who is no programmer."""

STEPS = {
    "parse": "The record in the log is the one that was sealed",
    "events": "The event is under the root its producer signed",
    "signature": "The producer's signature is valid",
    "leaf": "The sealer's verdict on the entry, recomputed",
    "inclusion": "The entry is in the tree of the signed checkpoint",
    "key": "The key was authorised for this when it signed",
    "manifest": "Three times: claimed, sealed, attested not later than",
    "decode": "The bytes say what the page shows",
}
"""What the steps of a verification mean."""


def marked(sentence: str) -> str:
    """Return the sentence of :func:`outcome` behind its mark: ✔, ✖ or ?."""
    if sentence.startswith(FAILED):
        return f"✖ {sentence}"
    return f"{'?' if sentence in (NOT_ASKED, UNCHECKED) else '✔'} {sentence}"


def outcome(
    exit_code: int | None, matched: datetime | None, witnesses: str = WITNESSES
) -> str:
    """Return the sentence for the outcome of checking a chain.

    Args:
        exit_code: 0, 5, 6 or 13 as of the verification; None when nobody checked.
        matched: seal time up to which the database stands.
        witnesses: how many there are, and how many of them outside the operator.
    """
    if exit_code is None:
        return NOT_ASKED
    if exit_code == 5:
        return FAILED
    if exit_code == 6:
        return UNCHECKED
    match = f"Matches the log to {clock_time(matched)}; {witnesses}."
    if exit_code == 13:
        match += (
            " Part of it was sealed in a window in which its key counts as compromised."
        )
    return f"{match} {RECORDED}"
