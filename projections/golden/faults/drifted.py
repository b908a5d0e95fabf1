"""What runs is not what was released: artefact, configuration, packages, image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@fault("artefact-differs-from-release")
def _(w: Stage) -> None:
    """A process on another machine has loaded yesterday's file."""
    w.clean()
    w.on(14, "attested", artifact_digest=w.digest("another model"), matches=False)


@twin("artefact-differs-from-release")
def _(w: Stage) -> None:
    """More processes start, and each has loaded the released file."""
    w.clean()
    for hour in range(4):
        w.on(14 + hour / 24, "attested", host=f"scaled-{hour}")


@fault("configuration-drift")
def _(w: Stage) -> None:
    """Somebody changes a threshold in the running service."""
    w.clean()
    w.on(14, "attested", configuration_digest=w.digest("a new threshold"))


@twin("configuration-drift")
def _(w: Stage) -> None:
    """A new configuration comes with a release of its own."""
    w.clean()
    w.successor(16, release={"configuration_digest": w.digest("a new threshold")})


@fault("packages-drift")
def _(w: Stage) -> None:
    """A library is updated inside the running service."""
    w.clean()
    w.on(14, "attested", packages_digest=w.digest("an update"))


@twin("packages-drift")
def _(w: Stage) -> None:
    """Machines differ, the installed packages do not."""
    w.clean()
    w.on(14, "attested", host="another machine", python="3.11.9")


@fault("code-changed-in-place")
def _(w: Stage) -> None:
    """A file of the service is edited on the machine."""
    w.clean()
    w.on(14, "attested", code_digest=w.digest("a quick fix"))


@twin("code-changed-in-place")
def _(w: Stage) -> None:
    """New code comes with a new deployment."""
    w.clean()
    w.successor(16)


@fault("image-changed-in-place")
def _(w: Stage) -> None:
    """A tag moves, and the orchestrator pulls another image."""
    w.clean()
    w.on(14, "observed", image_digest=w.digest("latest"))


@twin("image-changed-in-place")
def _(w: Stage) -> None:
    """The orchestrator is asked again, and sees more of the same."""
    w.clean()
    w.on(14, "observed", replicas=5)


@fault("backing-service-drift")
def _(w: Stage) -> None:
    """The service begins to call a model of somebody else."""
    w.clean()
    services = ["postgres:customers", "http:scores.example"]
    w.on(14, "observed", backing_services=services)


@twin("backing-service-drift")
def _(w: Stage) -> None:
    """It calls fewer services than it may."""
    w.clean()
    w.on(14, "observed", backing_services=[])


@fault("deployment-without-release")
def _(w: Stage) -> None:
    """The orchestrator sees a model service that nobody registered."""
    w.clean()
    unknown = {
        "service": w.name("experiment"),
        "deployment": None,
        "release_digest": None,
        "artifact_digest": w.digest("a notebook's model"),
    }
    w.on(14, "observed", **unknown)


@twin("deployment-without-release")
def _(w: Stage) -> None:
    """The orchestrator knows no deployment, but the service is a recorded one."""
    w.clean()
    w.on(14, "observed", deployment=None)
