"""What the SDK's calls return: exact references that another process can take up.

A handle names one recorded event by its id and by the digest of its bytes, and carries
the few facts that later calls need. ``to_dict`` gives plain values for a file or an
environment variable; ``from_dict`` reads them back in the serving process::

    deployment_json = json.dumps(deployment.to_dict())
    deployment = Deployment.from_dict(json.loads(deployment_json))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self, TypeVar, cast
from uuid import UUID

from ledger.errors import InvalidEventError

_kinds: dict[str, type[Handle]] = {}
H = TypeVar("H", bound="type[Handle]")


class DecisionId(bytes):
    """The 16-byte id of a decision; as text it is printed as a UUID."""

    __slots__ = ()

    def __str__(self) -> str:
        return str(UUID(bytes=bytes(self)))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def _handle(kind: str) -> Callable[[H], H]:
    def enter(cls: H) -> H:
        cls.kind = kind
        _kinds[kind] = cls
        return cls

    return enter


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Handle:
    """An exact reference to one recorded event.

    Attributes:
        id: 16-byte id of the event.
        digest: 32 bytes, SHA-256 of the event's body as it was signed.
    """

    kind: ClassVar[str] = ""

    id: bytes
    digest: bytes

    @property
    def uuid(self) -> str:
        """The id as it is printed everywhere outside."""
        return str(UUID(bytes=self.id))

    def __repr__(self) -> str:
        values = ((item.name, getattr(self, item.name)) for item in fields(self))
        shown = (f"{name}={_shown(name, value)}" for name, value in values)
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; :func:`from_dict` is the inverse."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"kind": self.kind} | {k: _plain(k, v) for k, v in values.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a handle of this very kind back from what ``to_dict`` gave.

        Raises:
            InvalidEventError: the values are not those of such a handle.
        """
        handle = from_dict(data)
        if not isinstance(handle, cls):
            raise InvalidEventError(f"a {handle.kind}, but a {cls.kind} is needed")
        return handle


@_handle("entry")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entry(Handle):
    """A registered name: a system, source, dataset, model, consumer or principal."""

    name: str = ""


@_handle("run")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunStart(Handle):
    """A run, by the event that started it.

    Attributes:
        environment: digest of the installed distributions, or None.
    """

    name: str
    environment: str | None = None


@_handle("dataset_version")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DatasetVersion(Handle):
    """A dataset at one content.

    Attributes:
        dataset: registered name.
        content: ``sha256:<hex>`` of the data.
        scheme: how that digest was computed.
    """

    dataset: str
    content: str
    scheme: str


@_handle("criterion")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Criterion(Handle):
    """A limit that was set before a test."""

    model: str
    metric: str
    limit: float
    direction: str
    slice: str | None = None

    def is_met(self, value: float) -> bool:
        """Tell whether a measured value keeps the limit; never so for NaN."""
        if self.direction == "at_least":
            return value >= self.limit
        return value <= self.limit


@_handle("evaluation")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evaluation(Handle):
    """A completed test; ``passed`` is None where no criterion was set."""

    passed: bool | None


@_handle("model_version")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelVersion(Handle):
    """A version of a model; its identity is the event, its content the artifact.

    Attributes:
        content: ``sha256:<hex>`` of the artifact.
        environment: digest of the distributions it was trained with, or None.
    """

    model: str
    version: str
    content: str
    scheme: str
    environment: str | None = None


@_handle("release")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Release(Handle):
    """A model version bound to its configuration.

    Attributes:
        content: ``manifest1`` digest over the parts.
        artifact: digest of the model version's artifact.
        configuration: digest of the configuration, None when there is none.
    """

    release: str
    model: str
    version: str
    content: str
    artifact: str
    artifact_scheme: str
    configuration: str | None = None


@_handle("approval_request")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ApprovalRequest(Handle):
    """A request that somebody approve an object at a gate."""

    object: Handle
    gate: str
    content: str


@_handle("approval")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Approval(Handle):
    """What a person decided about an object at a gate."""

    gate: str
    decision: str
    by: str


@_handle("deployment")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Deployment(Handle):
    """A release that is active in an environment."""

    release: Release
    environment: str
    role: str
    traffic: float


@_handle("attestation")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Attestation(Handle):
    """What a serving process has loaded.

    Attributes:
        matches: whether it equals the release; None when not everything was given.
    """

    deployment: bytes | None
    matches: bool | None


@_handle("document")
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Document(Handle):
    """A document in the home's blobs; ``content`` is its digest."""

    content: str
    size_bytes: int
    media_type: str = field(default="application/octet-stream")


def from_dict(data: Mapping[str, Any]) -> Handle:
    """Read a handle back from what its ``to_dict`` gave.

    Raises:
        InvalidEventError: the values are not those of a handle.
    """
    cls = _kinds.get(str(data.get("kind")))
    if cls is None:
        raise InvalidEventError(f"kind {data.get('kind')!r}: no handle of that kind")
    try:
        values: dict[str, Any] = {
            key: _read(key, data[key]) for key in data.keys() - {"kind"}
        }
        return cls(**values)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(f"{cls.kind}: not the values of a handle") from error


def object_content(handle: Handle) -> str:
    """Return the digest of what a handle's event is about.

    Raises:
        InvalidEventError: a handle of that kind has no content of its own.
    """
    content: object = getattr(handle, "content", None)
    if not isinstance(content, str):
        raise InvalidEventError(
            f"a {handle.kind} has no content digest",
            hint="approve a release, a model version, a dataset version or a document",
        )
    return content


def _plain(name: str, value: object) -> object:
    if isinstance(value, Handle):
        return value.to_dict()
    if isinstance(value, bytes):
        if name == "digest":
            return f"sha256:{value.hex()}"
        return str(UUID(bytes=value))
    return value


def _shown(name: str, value: object) -> str:
    """Return a value for a person: ids as everywhere outside, all else as Python."""
    is_id = isinstance(value, bytes) and (name == "digest" or len(value) == 16)
    return str(_plain(name, value)) if is_id else repr(value)


def _read(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return from_dict(cast("Mapping[str, Any]", value))
    if name == "digest":
        scheme, _, text = str(value).partition(":")
        if scheme != "sha256" or len(text) != 64:
            raise ValueError(name)
        return bytes.fromhex(text)
    if name == "id" or (name == "deployment" and value is not None):
        return UUID(str(value)).bytes
    return value
