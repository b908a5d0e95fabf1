"""Who answers for what is in use, who looks at it, and whether the looking happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage

_TEAM = 5
_REVIEWS = 48


@fault("model-without-owner")
def _(w: Stage) -> None:
    """A model goes into production and belongs to nobody."""
    w.clean(model={"owner": None})


@twin("model-without-owner")
def _(w: Stage) -> None:
    """The owner leaves and hands the model over."""
    w.clean()
    owner = {"field": "owner", "before": "person:owner", "after": "person:reviewer"}
    w.on(
        14,
        lambda: w.emit(
            "registry.model.changed",
            signed_by="person:owner",
            model=w.model,
            changes=[owner],
            reason="handed over",
        ),
    )


@fault("system-without-purpose")
def _(w: Stage) -> None:
    """The system was entered without a purpose."""
    w.clean(system={"purpose": ""})


@twin("system-without-purpose")
def _(w: Stage) -> None:
    """The purpose is written down later, before anything is trained."""
    w.clean(system={"purpose": ""})
    purpose = {"field": "purpose", "before": None, "after": "advises on credit"}
    w.on(
        0.1,
        lambda: w.emit(
            "governance.system.changed",
            signed_by="person:owner",
            system=w.system,
            changes=[purpose],
        ),
    )


@fault("model-without-licence")
def _(w: Stage) -> None:
    """Nobody knows under which terms the weights may be used."""
    w.clean(version={"license": None})


@twin("model-without-licence")
def _(w: Stage) -> None:
    """An experiment that feeds no release has no license, and need not."""
    w.clean()
    w.on(
        14,
        "version",
        version="experiment",
        license=None,
        artifact_digest=w.digest("experiment"),
    )


def _reviews(w: Stage, actions: tuple[str, ...], *, opened: bool = True) -> None:
    """Put the reviews of a team on the agenda; its members take turns."""
    for number in range(_REVIEWS):
        changes = {} if opened else {"opened_at": None}
        reviewer = f"clerk-{number % _TEAM}"
        action = actions[number % len(actions)]
        w.on(12.6 + number / 16, "review", action=action, reviewer=reviewer, **changes)


@fault("reviews-never-override")
def _(w: Stage) -> None:
    """A team confirms all it gets."""
    w.clean()
    _reviews(w, ("confirm",))


@twin("reviews-never-override")
def _(w: Stage) -> None:
    """A team confirms most of what it gets."""
    w.clean()
    _reviews(w, (*("confirm",) * 7, "override"))


@fault("reviews-never-open")
def _(w: Stage) -> None:
    """A team decides and opens no case."""
    w.clean()
    _reviews(w, (*("confirm",) * 7, "override"), opened=False)


@twin("reviews-never-open")
def _(w: Stage) -> None:
    """A single person does so: too few to be shown as a team."""
    w.clean()
    for number in range(_REVIEWS):
        w.on(12.6 + number / 16, "review", opened_at=None)


@fault("break-glass-unreviewed")
def _(w: Stage) -> None:
    """A payload is opened as an emergency, and only who opened it looks at that."""
    w.clean()
    w.on(8, "opening")
    itself = {"signed_by": "person:owner", "author": "person:owner"}
    w.on(10, "access_review", **itself)


@twin("break-glass-unreviewed")
def _(w: Stage) -> None:
    """Another person looks at it the week after; a later one may still wait."""
    w.clean()
    w.on(8, "opening")
    w.on(13, "access_review")
    w.on(16, "opening")


def _control(w: Stage, *days: int) -> None:
    """Put a rule on the agenda, and the days on which it is checked."""
    rule, digest = w.name("rule"), w.digest("rule")
    w.on(
        2,
        lambda: w.emit(
            "control.rule.set",
            rule=rule,
            title="a rule",
            severity="low",
            digest=digest,
            enabled=True,
        ),
    )
    for day in days:
        w.on(day + 0.1, lambda: _checked(w, rule, digest))


def _checked(w: Stage, rule: str, digest: str) -> None:
    w.emit(
        "control.check.completed",
        rule=rule,
        rule_digest=digest,
        as_of=w.now,
        positions=[],
        population=1,
        found=0,
        opened=0,
        duration_ms=1,
    )


@fault("control-missed")
def _(w: Stage) -> None:
    """A rule is checked until somebody stops the worker."""
    w.clean()
    _control(w, *range(2, 15))


@twin("control-missed")
def _(w: Stage) -> None:
    """A rule is checked to the end, once a day."""
    w.clean()
    _control(w, *range(2, 20))
