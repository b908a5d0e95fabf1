"""One model of the healthy year, and what is done with it from day to day."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from projections.golden.faults.stage import Stage

if TYPE_CHECKING:
    from ledger.emitter import EventRef
    from projections.golden.world import World

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
_FIRST = (
    *("system", "role", "expert", "source", "dataset", "whole", "train", "test"),
    *("train_quality", "test_quality", "feature_view", "model", "plan", "criterion"),
    *("program", "image"),
)
_TRAIN = ("run", "read", "ended", "version", "evaluation")
_OFFICERS = 6
_BATCH_ROWS = 5_000


class Household(Stage):
    """A system, its model, and everybody who keeps it well.

    Args:
        world: the ledger in the making.
        number: which of the models it is, from 0; what happens when depends on it.
        begins_us: day 0, microseconds since 1970.

    Attributes:
        build: number of the newest build of program and image.
        packages, configuration: numbers of the installed packages and the settings.
        counted_us, counted: since when the portal counts, and what it has counted.
    """

    def __init__(self, world: World, number: int, begins_us: int) -> None:
        super().__init__(world, f"household-{number:02}", begins_us)
        self.number = number
        self.build = self.packages = self.configuration = 1
        self.counted_us, self.counted = begins_us, 0
        self._unknown: list[bytes] = []
        self._opened = False

    def digest(self, what: str) -> str:
        """Return a digest; that of packages and settings changes with a release."""
        versions = {"packages": self.packages, "configuration": self.configuration}
        number = versions.get(what)
        return super().digest(what if number is None else f"{what}.{number}")

    def versioned(self, what: str) -> str:
        """Return a digest of this generation; of what is built, of the newest build."""
        built = {"commit", "train.py", "serving code", "training_program"}
        images = {"serving_image", "training_program sbom", "serving_image sbom"}
        if what in built | images:
            return self.digest(f"{what} of build {self.build}")
        return super().versioned(what)

    # What happens -----------------------------------------------------------------

    def move_in(self) -> None:
        """Enter everything in the inventory, and put the first version to work."""
        for step in _FIRST:
            self.tell(step)
        self._train()
        for step in ("training_sketch", "validation", "benchmark", "reproduction"):
            self.tell(step)
        self._release()
        for step in ("deployment", "attested", "observed"):
            self.tell(step)

    def retrain(self, *, emergency: bool = False) -> None:
        """Train on the newest rows, compare, release, approve, take over.

        In an emergency the approval is left for the day after.
        """
        self.generation += 1
        data = self.versioned("train")
        self.tell("train", digest=data)
        self.tell("train_quality")
        self._train(digest=data)
        self.tell("comparison")
        self._release(approved=not emergency)
        self.tell("deployment", emergency=emergency)
        self.scale()
        self.tell("deactivated")

    def approve(self) -> None:
        """Approve the release in use, as its emergency asks for."""
        self.tell("approval")

    def scale(self) -> None:
        """Let some processes start; how many differs from day to day."""
        for process in range(1 + self._draw("processes") % 3):
            self.tell("attested", host=f"pod-{self.generation}-{process}")

    def work(self) -> None:
        """Answer a working day's applications: in bulk, and one by one."""
        self._batch()
        for _ in range(2):
            fallback = self._draw(f"path {len(self.decisions)}") % 50 == 0
            self.tell("decision", path="fallback" if fallback else "model")
            self._unknown.append(self.decisions[-1])
            self.counted += 1
        if self._draw("review") % 3 == 0:
            self._look_at_one()

    def learn(self) -> None:
        """Learn what came true of the decisions of the days before."""
        while len(self._unknown) > 4:
            self.tell("outcome", decision=self._unknown.pop(0))

    def week(self) -> None:
        """Measure, as the plan says; once in a while something is out of bounds."""
        self.tell("serving_sketch")
        self.tell("training_sketch")
        self.tell("latency")
        self.tell("observed")
        if self._opened:
            self._opened = False
            self.tell("access_review")
        drifted = self._draw("drift") % 20 == 0
        value = 0.25 if drifted else 0.03
        self.tell("drift", value=value, breach=drifted)
        if drifted:
            self.tell("model_review", trigger="breach", next_due=self.now + 90 * DAY_US)

    def month(self) -> None:
        """Build anew, open a payload in an emergency, review, count."""
        self._opened = True
        self.tell("opening")
        self.build += 1
        for step in ("program", "image"):
            self.tell(step)
        later = self.now + 90 * DAY_US
        self.tell("model_review", next_due=later)
        self.tell("data_review", next_due=later)
        counted, self.counted = self.counted, 0
        since, self.counted_us = self.counted_us, self.now
        self.tell(
            "count",
            deployment=None,
            period_from=since,
            period_to=self.counted_us,
            count=counted,
        )

    def half_year(self) -> None:
        """Validate again, and hand the model over to somebody else."""
        self.tell("validation", next_due=self.now + 365 * DAY_US)
        before, after = "person:owner", "person:reviewer"
        change = {"field": "owner", "before": before, "after": after}
        self.emit(
            "registry.model.changed",
            signed_by=before,
            model=self.model,
            changes=[change],
            reason="handed over",
        )
        old = self.refs["expert"]
        self.tell("expert", principal=after, handed_over_from="person:author")
        self.emit("governance.role.revoked", grant=old, effective_at=self.now)

    def announce(self) -> None:
        """Let the source say that it will change in a month."""
        change = ("schema", "schedule", "location")[self.number % 3]
        self.emit(
            "data.source.changed",
            source=self.name("source"),
            change=change,
            effective_at=self.now + 30 * DAY_US,
            announced_at=self.now,
            reason="the owner's yearly change",
        )

    def renew(self) -> None:
        """Change libraries and settings; the next release has both, and a new build."""
        self.packages += 1
        self.configuration += 1
        self.build += 1
        for step in ("program", "image"):
            self.tell(step)

    def shadow(self) -> EventRef:
        """Let the newest release run in its own shadow; returns the deployment."""
        in_use = dict(self.refs)
        made = self.tell("deployment", role="shadow", traffic=0.0)
        self.tell("attested", host="shadow")
        self.refs = in_use
        return made

    def end(self, deployment: EventRef) -> None:
        """End a deployment that ran beside the one in use."""
        self.tell("deactivated", deployment=deployment, reason="seen enough")

    # Parts of it ------------------------------------------------------------------

    def _train(self, **read: Any) -> None:
        for step in _TRAIN:
            self.tell(step, **(read if step == "read" else {}))

    def _release(self, *, approved: bool = True) -> None:
        """Release; of every other model a pipeline does, and its author asks."""
        piped = self.number % 2 == 1
        self.tell("release", **({"signed_by": "service:ci"} if piped else {}))
        self.tell("request")
        if approved:
            self.tell("approval")

    def _batch(self) -> None:
        rows = _BATCH_ROWS + self._draw("rows") % 1_000
        self.emit(
            "prediction.batch.recorded",
            signed_by="service:server",
            basis="observed",
            release=self.refs["release"],
            deployment=self.refs["deployment"],
            rows=rows,
            started_at=self.now - HOUR_US,
            ended_at=self.now,
            errors=0,
        )
        self.counted += rows

    def _look_at_one(self) -> None:
        number = self._draw("officer")
        action = "override" if number % 9 == 0 else "confirm"
        reviewer = f"officer-{number % _OFFICERS}"
        self.tell("review", action=action, reviewer=reviewer)

    def _draw(self, what: str) -> int:
        """Return a number that looks drawn, and is the same whenever this is told."""
        text = f"{self.key} {self.generation} {what}"
        return int.from_bytes(sha256(text.encode()).digest()[:4], "big")
