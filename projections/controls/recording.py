"""Write down what checks found: the check, and each finding that it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from projections.columns import from_time
from projections.controls.findings import State
from projections.controls.rulebook import as_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.emitter import Emitter, EventRef
    from projections.controls.engine import Examined, Result
    from projections.controls.findings import Finding
    from projections.controls.known import Check, Position

_MOST_KEYS = 1_000
_MOST_EVIDENCE = 100
_MOST_CAUSE = 2_048
_MOST_NAME = 256


@dataclass(slots=True)
class Recorded:
    """What was written down.

    Attributes:
        rules_set: rules that were new or had changed.
        checks: checks.
        opened, reopened, closed: keys of findings.
    """

    rules_set: list[str] = field(default_factory=list[str])
    checks: int = 0
    opened: list[str] = field(default_factory=list[str])
    reopened: list[str] = field(default_factory=list[str])
    closed: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one result means for the findings of its rule.

    Attributes:
        opened, reopened: breaches by key.
        closed: findings that are no longer found.
    """

    opened: dict[str, Examined]
    reopened: dict[str, Examined]
    closed: dict[str, Finding]


def change_of(result: Result, known: Mapping[str, Finding], *, who: str) -> Change:
    """Return which findings a result opens, reopens and closes.

    A rule that could not be evaluated closes nothing, and what belongs to a system for
    which it is switched off stays as it is.

    Args:
        result: of one rule.
        known: all findings by key.
        who: identity that closes findings here; a risk that it accepted, for an
            exception, is borne no longer than the exception holds.
    """
    opened = {key: row for key, row in result.breaches.items() if key not in known}
    back = {
        key: row
        for key, row in result.breaches.items()
        if key in known
        and (known[key].may_come_back(result.as_of) or _was_excepted(known[key], who))
    }
    gone = {
        key: one
        for key, one in known.items()
        if _is_open_finding_of(result, one) and key not in result.breaches
    }
    return Change(
        opened=opened, reopened=back, closed={} if result.error is not None else gone
    )


def _was_excepted(one: Finding, who: str) -> bool:
    return one.reason == "accepted_risk" and one.closer == who


def _is_open_finding_of(result: Result, one: Finding) -> bool:
    return (
        one.origin == "control"
        and one.rule == result.rule.id
        and one.state is not State.CLOSED
        and one.system_id not in result.setting.off
    )


class Recorder:
    """Writes down results as events of the home's own identity.

    Args:
        emitter: takes the events.
        known: findings as they are recorded.
        checks: the newest check of each rule.
        positions: how far the tables have come.
        who: identity that closes findings.
    """

    def __init__(
        self,
        emitter: Emitter,
        *,
        known: Mapping[str, Finding],
        checks: Mapping[str, Check],
        positions: list[Position],
        who: str,
    ) -> None:
        self._emitter = emitter
        self._known = known
        self._checks = checks
        self._positions = [{"origin": p.origin, "size": p.size} for p in positions]
        self._who = who
        self.done = Recorded()

    def record(self, result: Result) -> None:
        """Write down one result: rule if new, check, findings."""
        self._set(result)
        change = change_of(result, self._known, who=self._who)
        check = self._check(result, len(change.opened))
        for key, row in change.opened.items():
            self._open(result, key, row, check)
        for key, row in change.reopened.items():
            self._reopen(key, row, check)
        for key, one in change.closed.items():
            self._close(result, key, one, check)

    def _set(self, result: Result) -> None:
        """Record the rule where it is new, or its files have changed."""
        rule, before = result.rule, result.setting.recorded
        if before is not None and before.digest == rule.digest:
            return
        self._emit(
            "control.rule.set",
            rule=rule.id,
            title=rule.title,
            severity=rule.severity,
            digest=rule.digest,
            parameters=as_texts(result.setting.parameters),
            enabled=True,
            every_s=result.setting.every_s,
            previous=None if before is None else before.event_id.bytes,
            digest_before=None if before is None else before.digest,
            parameters_before={} if before is None else before.parameters or {},
            by=self._who,
            reason="first check" if before is None else "the rule's files have changed",
        )
        self.done.rules_set.append(rule.id)

    def _check(self, result: Result, opened: int) -> EventRef:
        before = self._checks.get(result.rule.id)
        self.done.checks += 1
        return self._emit(
            "control.check.completed",
            rule=result.rule.id,
            rule_digest=result.rule.digest,
            parameters=result.setting.as_texts(),
            as_of=from_time(result.as_of),
            positions=self._positions,
            positions_before=(before and before.positions) or [],
            population=result.population,
            found=len(result.breaches),
            opened=opened,
            findings=list(result.breaches)[:_MOST_KEYS],
            duration_ms=result.duration_ms,
            error=result.error and result.error[:_MOST_CAUSE],
        )

    def _open(self, result: Result, key: str, row: Examined, check: EventRef) -> None:
        self._emit(
            "control.finding.opened",
            system_id=row.system_id,
            causation_id=check.id,
            finding=key,
            origin="control",
            rule=result.rule.id,
            rule_digest=result.rule.digest,
            severity=row.severity or result.rule.severity,
            object=row.object_id and row.object_id.bytes,
            object_name=row.object_name and row.object_name[:_MOST_NAME],
            model=row.model,
            cause=(row.cause or result.rule.title)[:_MOST_CAUSE],
            evidence=_ids(row),
        )
        self.done.opened.append(key)

    def _reopen(self, key: str, row: Examined, check: EventRef) -> None:
        self._emit(
            "control.finding.reopened",
            system_id=row.system_id,
            causation_id=check.id,
            finding=key,
            reason=f"found again: {row.cause}"[:_MOST_CAUSE],
            evidence=[check.id, *_ids(row)],
        )
        self.done.reopened.append(key)

    def _close(self, result: Result, key: str, one: Finding, check: EventRef) -> None:
        """Close what is no longer found, or what an exception covers until its end."""
        changed = one.rule_digest != result.rule.digest
        said: dict[str, Any] = {
            "reason": result.rule.closes,
            "evidence": [check.id],
            "note": "the rule has changed since it was found" if changed else None,
        }
        row = result.excepted.get(key)
        if row is not None and row.exception_id and row.excepted_until:
            said = {
                "reason": "accepted_risk",
                "evidence": [check.id, row.exception_id.bytes],
                "until": from_time(row.excepted_until),
                "note": "a recorded exception covers it",
            }
        self._emit(
            "control.finding.closed",
            system_id=one.system_id,
            causation_id=check.id,
            finding=key,
            closer=self._who,
            **said,
        )
        self.done.closed.append(key)

    def _emit(self, event_type: str, **fields: Any) -> EventRef:
        from ledger.events.base import event_class

        cls: Any = event_class(event_type)
        return self._emitter.emit(cls.record(basis="derived", **fields))


def _ids(row: Examined) -> list[bytes]:
    return [one.bytes for one in (row.evidence or ())[:_MOST_EVIDENCE]]
