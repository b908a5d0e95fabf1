"""Registry: models, their versions, releases and approvals."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.common import Artifact, Change, Origin, Scheme
from ledger.events.types import Digest, Line, Name, Real, Symbol, Text, Time


@event("registry.model.registered")
class ModelRegistered(FullEvent):
    """A model was entered in the ledger; what can be run are its versions."""

    model: Name = Field(description="name of the model, never reused")
    kind: Name = Field(description="kind of model, such as classifier or ruleset")
    origin: Origin = Field(description="where the model comes from")
    owner: Text | None = Field(None, description="who answers for the model")
    description: Line | None = Field(None, description="what it does, in short")


class Column(Part):
    """One column of a model's input or output."""

    name: Name = Field(description="name of the column")
    type: Name = Field(description="its type, such as float64 or string")


class ParentKind(Symbol):
    """How a model version depends on another."""

    UNKNOWN = "unknown"
    FINE_TUNED_FROM = "fine_tuned_from"
    LAYER_OF = "layer_of"
    DISTILLED_FROM = "distilled_from"
    ENSEMBLE_MEMBER = "ensemble_member"
    CALLS = "calls"


class Parent(Part):
    """Another model version this one depends on."""

    kind: ParentKind = Field(description="how it depends on it")
    version: Ref = Field(description="the other model version")


@event("registry.model_version.created")
class ModelVersionCreated(FullEvent):
    """A version of a model came to be; its identity is this event's id."""

    model: Name = Field(description="registered name of the model")
    version: Name = Field(description="label within the model, never reused")
    artifact_digest: Digest = Field(description="digest of what is loaded to predict")
    artifact_scheme: Scheme = Field(description="how the digest was made")
    artifacts: list[Artifact] = Field(
        default_factory=list[Artifact], description="the single files or parts"
    )
    run: Ref | None = Field(None, description="start event of the run that made it")
    inputs: list[Column] = Field(
        default_factory=list[Column], description="columns it takes, in order"
    )
    outputs: list[Column] = Field(
        default_factory=list[Column], description="columns it gives, in order"
    )
    parents: list[Parent] = Field(
        default_factory=list[Parent], description="model versions it depends on"
    )
    framework: Text | None = Field(None, description="library and version it needs")
    license: Text | None = Field(None, description="license, SPDX identifier if any")


class ChangeClass(Symbol):
    """How much a release changes the system.

    none: nothing that matters. predetermined: within the plan that was approved
    beforehand. substantial: it needs a new assessment. undetermined: not yet decided.
    """

    UNKNOWN = "unknown"
    NONE = "none"
    PREDETERMINED = "predetermined"
    SUBSTANTIAL = "substantial"
    UNDETERMINED = "undetermined"


@event("registry.release.created")
class ReleaseCreated(FullEvent):
    """A model version was bound to everything it is deployed with."""

    release: Name = Field(description="label of the release, never reused")
    model_version: Ref = Field(description="the model version")
    model: Name = Field(description="registered name of the model")
    version: Name = Field(description="label of the model version")
    artifact_digest: Digest = Field(description="digest of what is loaded to predict")
    configuration_digest: Digest | None = Field(
        None, description="digest of the configuration"
    )
    feature_schema_digest: Digest | None = Field(
        None, description="digest of the names and types of the features"
    )
    environment_digest: Digest | None = Field(
        None, description="digest of the installed software"
    )
    instructions_digest: Digest | None = Field(
        None, description="digest of the instructions for use"
    )
    thresholds: dict[Text, Real] = Field(
        default_factory=dict[str, float], description="decision thresholds by name"
    )
    backing_services: list[Text] = Field(
        default_factory=list[str], description="services it calls while it predicts"
    )
    secret_references: list[Text] = Field(
        default_factory=list[str],
        description="names and versions of secrets, no values",
    )
    approved_uses: list[Text] = Field(
        default_factory=list[str], description="uses it may serve"
    )
    restrictions: list[Text] = Field(
        default_factory=list[str], description="uses and conditions it may not serve"
    )
    change_class: ChangeClass = Field(description="how much it changes the system")
    digest: Digest = Field(description="manifest1 digest over the parts present")
    previous: Ref | None = Field(None, description="the release it follows")


@event("registry.approval.requested")
class ApprovalRequested(FullEvent):
    """Somebody asked that an object be let through a gate."""

    object: Ref = Field(description="event that describes the object")
    gate: Name = Field(description="name of the gate, such as production")
    digest: Digest = Field(description="content digest of the object")
    requested_of: Text | None = Field(None, description="role or person who is asked")


class ApprovalDecision(Symbol):
    """What was decided.

    approve: may pass. reject: may not. conditional: may pass under conditions.
    """

    UNKNOWN = "unknown"
    APPROVE = "approve"
    REJECT = "reject"
    CONDITIONAL = "conditional"


class ApprovalMeaning(Symbol):
    """What the signature stands for (21 CFR 11.50)."""

    UNKNOWN = "unknown"
    REVIEW = "review"
    APPROVAL = "approval"
    RESPONSIBILITY = "responsibility"
    AUTHORSHIP = "authorship"


class SignatureKind(Symbol):
    """How the person signed.

    person_key: with a key of their own. attested_by_service: a service that
    authenticated the person vouches for it.
    """

    UNKNOWN = "unknown"
    PERSON_KEY = "person_key"
    ATTESTED_BY_SERVICE = "attested_by_service"


@event("registry.approval.decided")
class ApprovalDecided(FullEvent):
    """A person decided whether an object may pass a gate."""

    request: Ref | None = Field(None, description="the request that is answered")
    object: Ref = Field(description="event that describes the object")
    gate: Name = Field(description="name of the gate, such as production")
    digest: Digest = Field(description="content digest of the object, as approved")
    decision: ApprovalDecision = Field(description="what was decided")
    meaning: ApprovalMeaning = Field(description="what the signature stands for")
    conditions: list[Text] = Field(
        default_factory=list[str], description="conditions under which it may pass"
    )
    expires: Time | None = Field(
        None, description="until when it holds, microseconds since 1970"
    )
    mandate: Text | None = Field(None, description="on whose authority it was decided")
    signature_kind: SignatureKind = Field(description="how the person signed")
    issuer: Text | None = Field(None, description="who authenticated the person")
    auth_time: Time | None = Field(
        None, description="when the person authenticated, microseconds since 1970"
    )


@event("registry.approval.revoked")
class ApprovalRevoked(FullEvent):
    """An approval was taken back."""

    approval: Ref = Field(description="the decision that no longer holds")
    effective_at: Time = Field(description="from when it does not hold")
    reason: Text | None = Field(None, description="why")


class Lifecycle(Symbol):
    """Where a model is in its life.

    development: being made. validation: being examined. production: in use. retired:
    no longer used.
    """

    UNKNOWN = "unknown"
    DEVELOPMENT = "development"
    VALIDATION = "validation"
    PRODUCTION = "production"
    RETIRED = "retired"


@event("registry.model.changed")
class ModelChanged(FullEvent):
    """What is said of a model changed: its title, owner, place in its life."""

    model: Name = Field(description="registered name of the model, which stays")
    changes: list[Change] = Field(
        default_factory=list[Change], description="what changed"
    )
    lifecycle: Lifecycle | None = Field(None, description="where it is from now on")
    reason: Text | None = Field(None, description="why")


@event("registry.model_version.withdrawn")
class ModelVersionWithdrawn(FullEvent):
    """A model version may no longer be released; what is recorded of it stays."""

    model_version: Ref = Field(description="the model version")
    effective_at: Time = Field(description="from when")
    reason: Text = Field(description="why")


@event("registry.alias.set")
class AliasSet(FullEvent):
    """A name was pointed at a version of a model, or taken away."""

    model: Name = Field(description="registered name of the model")
    alias: Name = Field(description="the name, such as champion")
    model_version: Ref | None = Field(
        None, description="version it means from now on; none takes it away"
    )
    previous: Ref | None = Field(None, description="version it meant before")
    reason: Text | None = Field(None, description="why")


@event("registry.tag.set")
class TagSet(FullEvent):
    """A tag of a model, version, run or any other recorded thing was set or removed."""

    object: Ref = Field(description="event that describes the tagged thing")
    key: Name = Field(description="name of the tag")
    value: Text | None = Field(None, description="its value; none removes it")
    previous: Text | None = Field(None, description="its value before")


class ReleaseEnd(Symbol):
    """How a release ended.

    withdrawn: not to be deployed any more. recalled: to be taken out of use as well.
    """

    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"


@event("registry.release.withdrawn")
class ReleaseWithdrawn(FullEvent):
    """A release may no longer be used."""

    release: Ref = Field(description="the release")
    kind: ReleaseEnd = Field(description="how it ends")
    effective_at: Time = Field(description="from when")
    reason: Text = Field(description="why")
    notified: list[Text] = Field(
        default_factory=list[str], description="consumers that were told"
    )
