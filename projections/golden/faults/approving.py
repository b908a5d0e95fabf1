"""Who let a release into production, and whether they could."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@fault("approval-missing")
def _(w: Stage) -> None:
    """An emergency is deployed, and nobody approves it afterwards."""
    w.clean(approval=None, request=None, deployment={"emergency": True})


@twin("approval-missing")
def _(w: Stage) -> None:
    """An emergency is deployed, and approved the day after."""
    w.clean(approval=None, deployment={"emergency": True, "reason": "outage"})
    w.on(3, "approval")


@fault("approval-self")
def _(w: Stage) -> None:
    """The author of the release approves it; the mandate is there."""
    w.clean(
        role={"principal": "person:author"}, approval={"signed_by": "person:author"}
    )


@twin("approval-self")
def _(w: Stage) -> None:
    """The author signs as well, and a second person approves."""
    w.clean()
    w.on(1.4, "role", principal="person:author")
    w.on(1.6, "approval", signed_by="person:author", meaning="authorship")


_BY_PIPELINE = {"signed_by": "service:ci"}


@fault("approval-second-person-unknown")
def _(w: Stage) -> None:
    """A pipeline signs all that is made, names nobody, and a person approves."""
    w.clean(release=_BY_PIPELINE, request=None)


@twin("approval-second-person-unknown")
def _(w: Stage) -> None:
    """A pipeline signs all that is made, and says who started it; another approves."""
    w.clean(release={**_BY_PIPELINE, "actor": "person:author"}, request=None)


@fault("approval-expired")
def _(w: Stage) -> None:
    """The approval holds for two weeks, the release runs for three."""
    w.clean(approval={"expires": w.when(15)})


@twin("approval-expired")
def _(w: Stage) -> None:
    """It is approved anew before the first approval ends."""
    w.clean(approval={"expires": w.when(15)})
    w.on(14, "approval", expires=w.when(40))


@fault("approval-out-of-mandate")
def _(w: Stage) -> None:
    """The mandate ended before the approval."""
    w.clean(role={"until": w.when(1)})


@twin("approval-out-of-mandate")
def _(w: Stage) -> None:
    """The mandate ends after the approval, which stays good."""
    w.clean(role={"until": w.when(10), "max_materiality": "critical"})
