"""Serving: deployments, and what processes have really loaded."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.types import Count, Digest, Flag, Name, Real, Symbol, Text


class Role(Symbol):
    """What a deployment does with the traffic it gets.

    champion: its answers count. challenger: its answers count for a share. shadow: its
    answers are recorded and not used. canary: it answers a small share on trial.
    """

    UNKNOWN = "unknown"
    CHAMPION = "champion"
    CHALLENGER = "challenger"
    SHADOW = "shadow"
    CANARY = "canary"


@event("serving.deployment.activated")
class DeploymentActivated(FullEvent):
    """A release began to run in an environment; the event's id is the deployment's."""

    release: Ref = Field(description="the release")
    release_digest: Digest = Field(description="digest of the release")
    environment: Name = Field(description="name of the environment, such as production")
    service: Text | None = Field(None, description="service or endpoint that answers")
    role: Role = Field(description="what it does with the traffic it gets")
    traffic: Real = Field(ge=0, le=1, description="share of the traffic, 0 to 1")
    emergency: Flag = Field(
        description="whether gates were passed over in an emergency"
    )
    reason: Text | None = Field(None, description="why")


@event("serving.deployment.changed")
class DeploymentChanged(FullEvent):
    """The role or share of traffic of a deployment changed."""

    deployment: Ref = Field(description="activation event of the deployment")
    role: Role = Field(description="what it does from now on")
    traffic: Real = Field(ge=0, le=1, description="share of the traffic from now on")
    reason: Text | None = Field(None, description="why")


@event("serving.deployment.deactivated")
class DeploymentDeactivated(FullEvent):
    """A deployment ended."""

    deployment: Ref = Field(description="activation event of the deployment")
    reason: Text | None = Field(None, description="why")


@event("serving.process.attested")
class ProcessAttested(FullEvent):
    """A serving process measured what it has really loaded."""

    deployment: Ref | None = Field(None, description="deployment it belongs to")
    release_digest: Digest | None = Field(
        None, description="digest of the release it was told to load"
    )
    artifact_digest: Digest | None = Field(
        None, description="digest of the model artifact in memory"
    )
    configuration_digest: Digest | None = Field(
        None, description="digest of the configuration in use"
    )
    code_digest: Digest | None = Field(None, description="digest of the serving code")
    packages_digest: Digest | None = Field(
        None, description="digest over names and versions of installed distributions"
    )
    host: Text | None = Field(None, description="pseudonym of the host")
    python: Text | None = Field(None, description="Python version")
    matches: Flag | None = Field(
        None, description="whether artifact and configuration equal the release's"
    )


class EnvironmentKind(Symbol):
    """What an environment is for."""

    UNKNOWN = "unknown"
    DEVELOPMENT = "development"
    CI = "ci"
    TRAINING = "training"
    TEST = "test"
    PRODUCTION = "production"
    EDGE = "edge"
    OTHER = "other"


class Gate(Part):
    """What a release must have passed before it runs in an environment."""

    gate: Name = Field(description="name of the gate, as approvals name it")
    materiality: Text | None = Field(
        None, description="tier of systems it is for; none is all"
    )
    approvals: Count = Field(description="how many persons must approve, authors aside")
    evidence: list[Text] = Field(
        default_factory=list[str],
        description="event types that must exist for the release or its version",
    )


@event("serving.environment.registered")
class EnvironmentRegistered(FullEvent):
    """An environment was entered, with its gates; the newest entry counts."""

    environment: Name = Field(description="name of the environment, such as prod")
    kind: EnvironmentKind = Field(description="what it is for")
    member_state: Text | None = Field(None, description="country it serves, ISO 3166")
    gates: list[Gate] = Field(
        default_factory=list[Gate], description="what must be passed; empty is nothing"
    )
    owner: Text | None = Field(None, description="who answers for it")


@event("serving.deployment.observed")
class DeploymentObserved(FullEvent):
    """An orchestrator, gateway or foreign registry was seen to run something."""

    observer: Name = Field(description="who saw it, such as the orchestrator's name")
    environment: Name = Field(description="name of the environment")
    service: Name = Field(description="service or endpoint")
    deployment: Ref | None = Field(None, description="recorded deployment, if known")
    release_digest: Digest | None = Field(None, description="release it claims to run")
    artifact_digest: Digest | None = Field(None, description="model artifact it runs")
    configuration_digest: Digest | None = Field(
        None, description="configuration it runs with"
    )
    image_digest: Digest | None = Field(None, description="image it runs")
    packages_digest: Digest | None = Field(
        None, description="digest over names and versions of what is installed"
    )
    backing_services: list[Text] = Field(
        default_factory=list[str], description="services it was seen to call"
    )
    replicas: Count | None = Field(None, description="how many processes")
