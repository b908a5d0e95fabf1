"""A sample of decisions that neither side chose (Q41).

Who asks names the population before anybody can know the seed; the seed comes from the
log (:mod:`projections.sample_seed`); and the draw is a sort that anyone can repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from ledger.errors import InvalidEventError, NotFoundError
from projections.asking import Bounds, ask, ask_one
from projections.decisions.population import Population, parse_population
from projections.evidence import Evidence
from projections.filled import Filled, computed, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.decisions"
_DECISION = "prediction.decision.recorded"
_REQUEST = "oversight.request.received"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest(Evidence):
    """A request for a sample; ``subject`` binds the population."""

    FILLED: ClassVar[Filled] = filled(_REQUEST)
    request: str
    kind: str
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Evidence):
    """A decision that was drawn; ``draw`` is the SHA-256 of seed and id."""

    FILLED: ClassVar[Filled] = filled(
        _DECISION, rank=derived(_DECISION), draw=derived(_DECISION)
    )
    release_id: UUID
    deployment_id: UUID
    output: str | None
    adverse: bool | None
    draw: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample that neither side chose.

    Attributes:
        request_id: event of the request.
        seed: 64 hexadecimal digits.
        population: decisions it was drawn from.
        drawn: in the order of the draw.
    """

    FILLED: ClassVar[Filled] = computed(_REQUEST)
    request_id: UUID
    request: str
    wanted: str
    seed: str
    population: int
    drawn: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    population: int


def sample(connection: Connection, request: UUID, seed: str) -> Sample:
    """Return the decisions that a seed draws for a request; see mlledger sample (Q41).

    Args:
        connection: of any role.
        request: event of the request, which binds the population.
        seed: 64 hexadecimal digits, as ``mlledger sample`` takes it from the log.

    Raises:
        NotFoundError: no such request is recorded.
        InvalidEventError: the seed is none, or the request asks for no sample.
    """
    asked = sample_request_of(connection, request)
    wanted = parse_population(asked.subject)
    try:
        raw = bytes.fromhex(seed)
    except ValueError as error:
        raise InvalidEventError("seed: 64 hexadecimal digits") from error
    if len(raw) != 32:
        raise InvalidEventError("seed: 64 hexadecimal digits")
    known = Bounds(known_as_of=asked.sealed_at)
    population = _values(wanted)
    size = ask_one(
        connection, _PACKAGE, "sample_population", _Size, known, **population
    )
    drawn = ask(
        connection,
        _PACKAGE,
        "sample",
        Drawn,
        known,
        seed=raw,
        count=wanted.count,
        **population,
    )
    return Sample(
        request_id=request,
        request=asked.request,
        wanted=str(wanted),
        seed=seed.lower(),
        population=size.population if size else 0,
        drawn=tuple(drawn),
    )


def sample_request_of(connection: Connection, request: UUID) -> SampleRequest:
    """Return a request for a sample as it was recorded.

    Raises:
        NotFoundError: no such request is recorded.
    """
    found = ask_one(
        connection, _PACKAGE, "sample_request", SampleRequest, request=request
    )
    if found is None:
        raise NotFoundError(
            f"request {request}: not recorded, or not sealed and projected yet",
            hint="bring the projections up to date with: mlledger worker --once",
        )
    return found


def _values(wanted: Population) -> dict[str, Any]:
    return {
        "release": wanted.release,
        "deployment": wanted.deployment,
        "since": wanted.since,
        "until": wanted.until,
    }
