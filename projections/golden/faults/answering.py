"""Who answers, how often, and whether what is recorded of it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import clock
from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage

_DAY_US = 86_400_000_000


@fault("champion-two")
def _(w: Stage) -> None:
    """The old release is not ended when the new one begins."""
    w.clean()
    w.successor(16, deactivated=None)


@twin("champion-two")
def _(w: Stage) -> None:
    """The new release runs in the shadow of the old one."""
    w.clean(count={"signed_by": "service:monitor"}, traffic=(2.5, 16))
    w.successor(16, deactivated=None, deployment={"role": "shadow", "traffic": 0.0})
    for day in range(16, 20):
        w.on(day + 0.5, "decision", mode="shadow")


@fault("champion-none")
def _(w: Stage) -> None:
    """The release is taken down, and nothing takes its place."""
    w.clean(traffic=(2.5, 17))
    w.on(17, "deactivated", reason="maintenance")


@twin("champion-none")
def _(w: Stage) -> None:
    """The model is retired, with all that belongs to it."""
    w.clean(traffic=(2.5, 17))
    w.on(17, "deactivated", reason="retired")
    retired = {"lifecycle": "retired", "reason": "replaced by a rule"}
    w.on(
        17,
        lambda: w.emit(
            "registry.model.changed",
            signed_by="person:owner",
            model=w.model,
            changes=[{"field": "lifecycle", "after": "retired"}],
            **retired,
        ),
    )


@fault("silent-stream")
def _(w: Stage) -> None:
    """Decisions stop coming for a week."""
    w.clean(traffic=(2.5, 12), every=1.0)


@twin("silent-stream")
def _(w: Stage) -> None:
    """Decisions stop coming over a holiday that was announced."""
    w.clean(traffic=(2.5, 12), every=1.0)
    closed = {"title": "company holiday", "text": "no applications are taken"}
    w.on(
        11,
        lambda: w.emit(
            "monitoring.context.noted",
            signed_by="person:owner",
            begins=w.when(12),
            ends=w.when(19),
            systems=[w.system],
            **closed,
        ),
    )


@fault("gap-in-stream")
def _(w: Stage) -> None:
    """The operator declares that a producer lost events."""
    w.clean()
    w.on(
        14,
        lambda: w.world.as_operator(
            "ledger.gap.declared",
            cause="the disk of a machine was lost",
            count=12,
            declared_by=w.name("service"),
        ),
    )


@twin("gap-in-stream")
def _(w: Stage) -> None:
    """Nothing is missing."""
    w.clean()


@fault("late-events")
def _(w: Stage) -> None:
    """Decisions are delivered four days after they were made."""
    w.clean()
    w.on(14, lambda: w.tell("decision", time=w.now - 4 * _DAY_US))


@twin("late-events")
def _(w: Stage) -> None:
    """Decisions are delivered the same evening."""
    w.clean()
    w.on(14, lambda: w.tell("decision", time=w.now - _DAY_US // 3))


@fault("count-differs")
def _(w: Stage) -> None:
    """The portal showed five decisions more than are recorded."""
    w.clean(count=None)
    w.on(
        19.6,
        lambda: w.tell("count", count=w.decided[w.refs["deployment"].id] + 5),
    )


@twin("count-differs")
def _(w: Stage) -> None:
    """The portal corrects its count."""
    w.clean(count=None)
    end = w.when(19)
    w.on(19.6, lambda: w.tell("count", count=1, period_to=end))
    w.on(
        19.7,
        lambda: w.tell(
            "count", count=w.decided[w.refs["deployment"].id], period_to=end
        ),
    )


@fault("use-outside-approval")
def _(w: Stage) -> None:
    """The score for credit is used to choose tenants."""
    w.clean()
    w.on(14, "decision", use="tenant selection")


@twin("use-outside-approval")
def _(w: Stage) -> None:
    """A release for two uses serves both."""
    w.clean(release={"approved_uses": ["credit", "tenant selection"]})
    w.on(14, "decision", use="tenant selection")


@fault("decisions-by-withdrawn-release")
def _(w: Stage) -> None:
    """The release is withdrawn, and its process goes on."""
    w.clean()
    w.on(14, lambda: _withdraw(w, "release"))


@twin("decisions-by-withdrawn-release")
def _(w: Stage) -> None:
    """The old release is withdrawn once the new one has taken over."""
    w.clean()
    w.successor(16)
    w.on(16.1, lambda: _withdraw(w, "release.1"))


def _withdraw(w: Stage, release: str) -> None:
    w.emit(
        "registry.release.withdrawn",
        signed_by="person:owner",
        release=w.refs[release],
        kind="recalled",
        effective_at=w.now,
        reason="wrong for young applicants",
    )


@fault("decision-repeated")
def _(w: Stage) -> None:
    """A clerk asks again until the answer is the wanted one."""
    w.clean()
    case = clock.new_id()
    for minute, output in enumerate(("refer", "refer", "accept")):
        w.on(14 + minute / 1_440, "decision", case_id=case, output=output)


@twin("decision-repeated")
def _(w: Stage) -> None:
    """A case is decided anew, and the decision says which one it replaces."""
    w.clean()
    case = clock.new_id()
    w.on(14, "decision", case_id=case, output="refer")
    w.on(
        15,
        lambda: w.tell(
            "decision",
            case_id=case,
            output="accept",
            replaces_decision_id=w.decisions[-1],
        ),
    )


@fault("decision-bypassed")
def _(w: Stage) -> None:
    """What the model referred, somebody accepts past it."""
    w.clean()
    case = clock.new_id()
    w.on(14, "decision", case_id=case, output="refer")
    w.on(14.1, "decision", case_id=case, output="accept", path="manual")


@twin("decision-bypassed")
def _(w: Stage) -> None:
    """What the model referred, a person reviews and then accepts."""
    w.clean()
    case = clock.new_id()
    w.on(14, "decision", case_id=case, output="refer")
    w.on(14.05, "review", action="override", final_output="accept")
    w.on(14.1, "decision", case_id=case, output="accept", path="manual")
