"""Serving: deployments, and what processes have really loaded."""

from pydantic import Field

from ledger.events.base import FullEvent, Ref, event
from ledger.events.types import Digest, Flag, Name, Real, Symbol, Text


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
