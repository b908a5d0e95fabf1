"""What the ledger has recorded of versions, data and deployments, as tests need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ledger.errors import ConfigurationError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ledger.config import Config


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event, exactly: which one, and its very bytes.

    Attributes:
        id: 16-byte id of the event.
        digest: 32 bytes, SHA-256 of its body as signed.
    """

    id: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class RecordedVersion(Recorded):
    """A model version.

    Attributes:
        model: registered name.
        version: its label.
        content: ``sha256:<hex>`` of the artifact.
        scheme: how that was computed.
    """

    model: str
    version: str
    content: str
    scheme: str


@dataclass(frozen=True, slots=True)
class RecordedData(Recorded):
    """A dataset version; ``content`` and ``scheme`` as for a model version."""

    dataset: str
    content: str
    scheme: str


@dataclass(frozen=True, slots=True)
class RecordedDeployment(Recorded):
    """A deployment.

    Attributes:
        environment: where it answers.
        service: name or address of the service, if it was recorded.
    """

    environment: str
    service: str | None


@dataclass(frozen=True, slots=True)
class RecordedCriterion:
    """A limit that was set.

    Attributes:
        id: 16-byte id of the event that set it.
        metric: what is measured.
        limit: value it is held against.
        direction: ``at_least`` or ``at_most``.
        slice: part of the population; None is all.
        baseline: what the limit was taken from, such as human, trivial or current.
        baseline_value: the baseline's own value.
        dataset_version: event of the data it is to be measured on, or None.
    """

    id: bytes
    metric: str
    limit: float
    direction: str
    slice: str | None = None
    baseline: str | None = None
    baseline_value: float | None = None
    dataset_version: bytes | None = None

    def is_met(self, value: float) -> bool:
        """Tell whether a measured value keeps the limit; never so for NaN."""
        if self.direction == "at_least":
            return value >= self.limit
        return value <= self.limit


class Records(Protocol):
    """Finds what was recorded; each answer comes from a verified event."""

    def model_version(self, text: str) -> RecordedVersion:
        """Return the version named ``model@label``, or by the id of its event.

        Raises:
            NotFoundError: none is recorded and sealed under that name.
            ConflictError: the label names two contents.
        """
        ...

    def dataset_version(self, text: str) -> RecordedData:
        """Return the dataset version of an event id.

        Raises:
            NotFoundError: none is recorded and sealed under that id.
        """
        ...

    def deployment(self, text: str) -> RecordedDeployment:
        """Return the deployment of an event id.

        Raises:
            NotFoundError: none is recorded and sealed under that id.
        """
        ...

    def criteria(self, model: str) -> list[RecordedCriterion]:
        """Return the limits set for a model up to now that none has replaced."""
        ...


FINDERS: list[Callable[[Config], AbstractContextManager[Records]]] = []
"""What opens the records of a home; the package with the database enters its own."""


def open_records(config: Config) -> AbstractContextManager[Records]:
    """Open the records of a home.

    Raises:
        ConfigurationError: nothing that can look them up is installed.
    """
    if not FINDERS:
        raise ConfigurationError(
            "recorded versions are found in the database, which is not installed",
            hint="pip install 'mlledger[embedded]'",
        )
    return FINDERS[0](config)
