"""The links of a decision: what leads from it to every event of its chain.

:data:`~ledger.bundle.link_rows.ROWS` is gone through once, in order, and what it finds
is held against what the decision names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.bundle.link_rows import DECISION, ROWS, Row
from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.output import format_id

if TYPE_CHECKING:
    from ledger.bundle.contents import Place
    from ledger.codec import Decoded
    from ledger.errors import EvidenceError


@dataclass(slots=True)
class Chain:
    """The events of a bundle, sorted by what they are to the decision.

    Attributes:
        found: by row, in order of time and id.
        errors: wrong and missing links.
        unlinked: events that nothing leads to.
        gaps: rows of which a reference is null or nothing was found.
    """

    found: dict[str, list[Decoded]] = field(default_factory=dict[str, "list[Decoded]"])
    errors: list[EvidenceError] = field(default_factory=list["EvidenceError"])
    unlinked: list[Place] = field(default_factory=list["Place"])
    gaps: list[str] = field(default_factory=list[str])

    def ids(self, *rows: str) -> set[bytes]:
        """Return the ids of the events of some rows."""
        return {event.id for row in rows for event in self.found.get(row, ())}

    def values(self, row: str, name: str) -> set[Any]:
        """Return what the events of a row say in a field, lists taken apart."""
        said = (event.fields.get(name) for event in self.found.get(row, ()))
        flat = (each for value in said for each in _listed(value))
        return {value for value in flat if value is not None}

    def refs(self, row: str, name: str) -> set[bytes]:
        """Return the ids that the events of a row refer to in a field."""
        said = (event.fields.get(name) for event in self.found.get(row, ()))
        return {ref["id"] for value in said for ref in _listed(value) if ref}


def follow(events: Mapping[Place, Decoded], subject: Place) -> Chain:
    """Return the chain of a decision within some events.

    Args:
        events: all that may belong to it, by place.
        subject: place of the decision.
    """
    chain, left = Chain(), dict(events)
    known = {event.id: event for event in events.values()}
    decision = left.pop(subject, None)
    if decision is None or decision.name != "prediction.decision.recorded":
        text = f"{subject}: no decision"
        chain.errors.append(IntegrityError(text, place=str(subject)))
        return chain
    chain.found[DECISION] = [decision]
    for name, row in ROWS.items():
        _take(chain, left, name, row)
        _verify_musts(chain, known, name, row)
        if row.is_expected and not chain.found[name]:
            chain.gaps.append(name)
    _verify_agreement(chain)
    chain.unlinked = list(left)
    return chain


def _take(chain: Chain, left: dict[Place, Decoded], name: str, row: Row) -> None:
    chain.found[name] = []
    while True:
        fresh = {
            place: event
            for place, event in left.items()
            if event.name in row.types and row.is_found(event, chain)
        }
        chain.found[name] += fresh.values()
        for place in fresh:
            del left[place]
        if not fresh or not row.again:
            break
    chain.found[name].sort(key=lambda event: (event.time, event.id))


def _verify_musts(
    chain: Chain, known: Mapping[bytes, Decoded], name: str, row: Row
) -> None:
    for event_id in sorted(set(row.must(chain))):
        event = known.get(event_id)
        text = f"{name} {format_id(event_id)}"
        if event is None:
            error: EvidenceError = MissingEvidenceError(
                f"{text}: referred to, and not in the bundle",
                place=text,
                expected=row.types[0],
            )
            chain.errors.append(error)
        elif event.name not in row.types:
            error = IntegrityError(
                f"{text}: referred to as {name}, and it is something else",
                place=text,
                expected=" or ".join(row.types),
                actual=event.name,
            )
            chain.errors.append(error)


def _verify_agreement(chain: Chain) -> None:
    """Check that deployment and attestation are of the release and deployment used."""
    (decision,) = chain.found[DECISION]
    used, served = decision.fields["release"], decision.fields["deployment"]
    for event in chain.found["deployment"]:
        _same(chain, "release of the deployment", event.fields["release"]["id"], used)
    for event in chain.found["process attestation"]:
        named = event.fields["deployment"]
        if event.id == decision.fields["attestation"] and named:
            _same(chain, "deployment of the attestation", named["id"], served)


def _same(chain: Chain, what: str, found: bytes, wanted: bytes) -> None:
    if found != wanted:
        chain.errors.append(
            IntegrityError(
                f"{what}: not the one the decision names",
                place=what,
                expected=format_id(wanted),
                actual=format_id(found),
            )
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
