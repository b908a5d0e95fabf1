"""What a bundle holds, as values: the parts of its logs and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["event", "decision", "report", "range", "answer"]
CONTROL, MANIFEST = "control", "manifest"
QUESTIONS = ("approvals", "decision_chain", "integrity_of_range", "live_at")
_OF_THE_LEDGER = ("integrity_of_range",)
"""Questions that read the control and manifest logs too."""


def is_read(question: str, log: str) -> bool:
    """Tell whether a question is answered from a log."""
    own = log.partition("/")[0] in {CONTROL, MANIFEST}
    return question in _OF_THE_LEDGER or not own


class Place(NamedTuple):
    """Where an event is.

    Attributes:
        log: origin without the ledger's name, such as ``p0``.
        leaf: zero-based number of its entry's seal leaf.
        index: zero-based number within the entry.
    """

    log: str
    leaf: int
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]

    def __str__(self) -> str:
        return f"{self.log} leaf {self.leaf} event {self.index}"


class Range(NamedTuple):
    """A range of leaves, both ends included."""

    log: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One event shown without the others of its entry.

    Attributes:
        leaf: of its entry.
        index: number within the entry.
        schema_id: 32 bytes.
        salt: 16 bytes.
        body: Avro body as signed.
    """

    leaf: int
    index: int
    schema_id: bytes
    salt: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class LogPart:
    """What a bundle holds of one log.

    Attributes:
        checkpoint: the note, verbatim.
        leaves: seal leaves by index, ascending.
        proof: range proof of the leaves, hash after hash.
        events: disclosed events, by leaf and index.
        events_proof: their range proofs, entry after entry.
        records: whole record values by leaf, ascending; a null value is empty.
        consistency: with what the manifest says of the log.
    """

    checkpoint: bytes
    leaves: Mapping[int, bytes]
    proof: bytes = b""
    events: tuple[Disclosed, ...] = ()
    events_proof: bytes = b""
    records: Mapping[int, bytes] = field(default_factory=dict[int, bytes])
    consistency: bytes = b""


@dataclass(frozen=True, slots=True)
class Contents:
    """A bundle taken apart.

    Attributes:
        kind: what it proves.
        logs: parts by log, such as ``p0``.
        subject: the event it is about, or None.
        manifest: place of the enclosed manifest, or None.
        ranges: of a range or answer, by log.
        question: of an answer.
        parameters: of an answer, as texts.
        schemas: exact bytes by schema id.
        token: the time-stamp token over the manifest's checkpoint; empty without one.
        partition_proof: tlog-proof of the subject's leaf.
        manifest_proof: tlog-proof of the manifest's leaf.
        answer: rows of an answer, RFC 8785 JSON.
        report: bytes of a report; None when there is none.
    """

    kind: Kind
    logs: Mapping[str, LogPart]
    subject: Place | None = None
    manifest: Place | None = None
    ranges: tuple[Range, ...] = ()
    question: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    schemas: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    token: bytes = b""
    partition_proof: bytes = b""
    manifest_proof: bytes = b""
    answer: bytes = b""
    report: bytes | None = None
