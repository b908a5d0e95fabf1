"""Plans of a deletion: which payloads go, which stay and why; pure functions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ledger.vault.rules import Duty, Rules, duty

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ledger.vault.store import Held


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload that stays, and why: a duty, or because its time is not up."""

    held: Held
    duty: Duty | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deletion is going to do.

    Attributes:
        key_ids: data keys that are destroyed.
        deleted: payloads that go.
        kept: payloads that stay, under a new key if others of their key go.
    """

    key_ids: tuple[bytes, ...]
    deleted: tuple[Held, ...]
    kept: tuple[Kept, ...]

    @property
    def duties(self) -> list[Kept]:
        """The payloads that a duty or hold keeps."""
        return [item for item in self.kept if item.duty]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is deleted.

    Attributes:
        cause: ``request`` or ``schedule``.
        request: event id of the request, or None.
        rule: retention rule, on schedule.
        text: in words, without naming a person.
    """

    cause: str
    request: bytes | None = None
    rule: str | None = None
    text: str | None = None


def planned(
    key_ids: Sequence[bytes],
    held: Sequence[Held],
    stays: Collection[Held],
    rules: Rules,
    now: int,
) -> Plan:
    """Return the plan for everything that lies under some data keys.

    Args:
        key_ids: the keys.
        held: what lies under them.
        stays: what of it is not to go, duties apart.
        rules: what is in force.
        now: microseconds since 1970.
    """
    kept = [Kept(h, duty(rules, h, now_us=now)) for h in held]
    kept = [item for item in kept if item.duty or item.held in stays]
    # A decision stays or goes whole: copies that were never accepted go with it.
    names = {item.held.decision_id for item in kept}
    deleted = tuple(h for h in held if h.decision_id not in names)
    going = {h.key_id for h in deleted} or ({*key_ids} if not held else set[bytes]())
    return Plan(
        tuple(key_id for key_id in key_ids if key_id in going),
        deleted,
        tuple(item for item in kept if item.held.key_id in going or item.duty),
    )


def written(plan: Plan, reason: Reason) -> dict[str, Any]:
    """Return a plan as it is written down: ids alone, nothing personal."""
    stays = [item for item in plan.kept if item.held.key_id in plan.key_ids]
    return {
        "key_ids": [key_id.hex() for key_id in plan.key_ids],
        "deleted": sorted({held.decision_id.hex() for held in plan.deleted}),
        "stays": sorted({item.held.decision_id.hex() for item in stays}),
        "duties": [
            {
                "decision": item.held.decision_id.hex(),
                "rule": item.duty.rule,
                "provision": item.duty.provision,
                "until": item.duty.until_us,
            }
            for item in plan.duties
            if item.duty
        ],
        "reason": {
            **asdict(reason),
            "request": reason.request.hex() if reason.request else None,
        },
    }


def made_ms(held: Held) -> int:
    """Return when a decision's id was made, which is part of it (UUIDv7)."""
    return int.from_bytes(held.decision_id[:6], "big")
