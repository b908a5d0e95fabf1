"""What was not the same when a run was repeated, and what that makes of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ledger.reproduce.recorded import RecordedRun, Series

Verdict = Literal["identical", "equivalent", "different", "not_possible"]
_HOST = ("implementation", "python", "os", "machine", "cpu", "cpu_count")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was not the same.

    Attributes:
        kind: library, python, machine, code, seed, parameter, input, input_cell,
            output, metric, outcome, or missing.
        name: which one.
        expected: as recorded, None when there was none.
        actual: as found, None when there is none.
    """

    kind: str
    name: str
    expected: str | None = None
    actual: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return it as a field of ``pipeline.run.reproduced``."""
        return {
            "kind": self.kind[:256],
            "name": self.name[:256],
            "expected": None if self.expected is None else self.expected[:2048],
            "actual": None if self.actual is None else self.actual[:2048],
        }

    def line(self) -> str:
        """Return it as a person reads it."""
        was = "none" if self.expected is None else self.expected
        found = "none" if self.actual is None else self.actual
        return f"{self.kind:10} {self.name}: {was} → {found}"


@dataclass(frozen=True, slots=True)
class Locks:
    """The lists of distributions of both runs; None where a list is not at hand."""

    recorded: str | None
    repeated: str | None


def judge(
    recorded: RecordedRun, repeated: RecordedRun, *, tolerance: float | None
) -> Verdict:
    """Return how two runs of the same program compare.

    identical: every output has the same bytes and every metric the same values, and
    there is at least one of either. equivalent: every metric is within the tolerance,
    and there is at least one. Otherwise different.

    Args:
        recorded: the run that was recorded.
        repeated: the run that repeats it.
        tolerance: relative, 0 or more; None asks for the same bytes.
    """
    same_end = recorded.outcome == repeated.outcome
    same_outputs = (recorded.outputs or {}) == (repeated.outputs or {})
    anything = bool(recorded.outputs or recorded.metrics)
    if same_end and same_outputs and anything and not _metrics(recorded, repeated, 0.0):
        return "identical"
    if tolerance is None or not recorded.metrics or not same_end:
        return "different"
    return "different" if _metrics(recorded, repeated, tolerance) else "equivalent"


def differences(
    recorded: RecordedRun, repeated: RecordedRun, locks: Locks
) -> list[Difference]:
    """Return all that differs: circumstances first, then results."""
    return [
        *libraries(locks),
        *_machine(recorded, repeated),
        *_code(recorded, repeated),
        *_pairs("seed", recorded.seeds, repeated.seeds),
        *_pairs("parameter", recorded.parameters, repeated.parameters),
        *_pairs("input", _digests(recorded), _digests(repeated)),
        *_pairs("output", recorded.outputs or {}, repeated.outputs or {}),
        *_metrics(recorded, repeated, 0.0),
        *_outcome(recorded, repeated),
    ]


def libraries(locks: Locks) -> list[Difference]:
    """Return the distributions whose version or origin differs."""
    if locks.recorded is None or locks.repeated is None:
        return []
    return _pairs("library", versions(locks.recorded), versions(locks.repeated))


def versions(lock: str) -> dict[str, str]:
    """Return distribution → version (and origin) of a list of ``name==version``."""
    found: dict[str, str] = {}
    for line in lock.splitlines():
        name, _, version = line.partition("==")
        found[name] = f"{found[name]}; {version}" if name in found else version
    return found


def _pairs(
    kind: str, before: Mapping[str, object], after: Mapping[str, object]
) -> list[Difference]:
    return [
        Difference(kind, name, _text(before.get(name)), _text(after.get(name)))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _machine(recorded: RecordedRun, repeated: RecordedRun) -> Iterable[Difference]:
    before, after = recorded.environment or {}, repeated.environment or {}
    for name in _HOST:
        if before.get(name) != after.get(name):
            kind = "python" if name in {"python", "implementation"} else "machine"
            yield Difference(
                kind, name, _text(before.get(name)), _text(after.get(name))
            )


def _code(recorded: RecordedRun, repeated: RecordedRun) -> Iterable[Difference]:
    before, after = recorded.code or {}, repeated.code or {}
    for name in ("commit", "diff_digest", "entry_digest"):
        if before.get(name) != after.get(name):
            yield Difference(
                "code", name, _text(before.get(name)), _text(after.get(name))
            )


def _digests(run: RecordedRun) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in run.inputs:
        found[one.name] = f"{found.get(one.name, '')} {one.digest}".strip()
    return found


def _metrics(
    recorded: RecordedRun, repeated: RecordedRun, tolerance: float
) -> list[Difference]:
    before, after = recorded.metrics, repeated.metrics
    found: list[Difference] = []
    for name in sorted({*before, *after}):
        one, other = before.get(name, ()), after.get(name, ())
        if not _close(one, other, tolerance):
            found.append(Difference("metric", name, *_apart(one, other)))
    return found


def _close(one: Series, other: Series, tolerance: float) -> bool:
    if [step for step, _ in one] != [step for step, _ in other]:
        return False
    pairs = zip(one, other, strict=True)
    return all(_equal(a, b, tolerance) for (_, a), (_, b) in pairs)


def _equal(one: float, other: float, tolerance: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or math.isclose(one, other, rel_tol=tolerance)


def _apart(one: Series, other: Series) -> tuple[str | None, str | None]:
    """Return the first two values that differ, with their step."""
    for a, b in zip(one, other, strict=False):
        if a[0] != b[0] or not _equal(a[1], b[1], 0.0):
            return _point(a), _point(b)
    return f"{len(one)} values" if one else None, f"{len(other)} values"


def _point(point: tuple[int | None, float]) -> str:
    step, value = point
    return repr(value) if step is None else f"{value!r} at step {step}"


def _outcome(recorded: RecordedRun, repeated: RecordedRun) -> list[Difference]:
    if recorded.outcome == repeated.outcome:
        return []
    found = repeated.outcome or "no end was recorded"
    text = f"{found}: {repeated.error}" if repeated.error else found
    return [Difference("outcome", "the run", recorded.outcome, text)]
