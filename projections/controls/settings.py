"""How rules are set: what was recorded counts, else what their descriptions say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.errors import InvalidEventError
from projections.asking import ALWAYS, Bounds, ask
from projections.controls.rulebook import set_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from projections.controls.rulebook import Parameters, Rule
    from projections.database import Connection

PACKAGE = "projections.controls"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetting:
    """The newest setting of a rule, for all systems or for one.

    Attributes:
        event_id, time, identity: of the event that set it.
        rule: id of the rule.
        system: the system it is for; None is all.
        title, severity, digest: of the rule as it was then.
        parameters: as it was set, in texts.
        enabled: False switches it off.
        every_s: seconds between two checks; None is as the rule says.
        actor, reason: who changed it, and why.
    """

    event_id: UUID
    time: datetime
    identity: str
    rule: str
    system: str | None
    title: str
    severity: str
    digest: str
    parameters: dict[str, str] | None
    enabled: bool
    every_s: int | None
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """How a rule is set.

    Attributes:
        parameters: for every system that has none of its own.
        enabled: False: it is not checked at all.
        every_s: seconds between two checks.
        systems: systems with parameters of their own.
        off: systems for which it is switched off.
        recorded: the setting for all systems, if there is one.
    """

    parameters: Parameters
    enabled: bool = True
    every_s: int
    systems: Mapping[str, Parameters] = field(default_factory=dict[str, "Parameters"])
    off: frozenset[str] = frozenset()
    recorded: RuleSetting | None = None

    def as_texts(self) -> dict[str, str]:
        """Return all of it as a check's parameters; a system's own as system/name."""
        texts = {name: str(value) for name, value in self.parameters.items()}
        for system, own in sorted(self.systems.items()):
            texts |= {f"{system}/{name}": str(value) for name, value in own.items()}
        return texts | {f"{system}/enabled": "false" for system in sorted(self.off)}


def rule_settings(
    connection: Connection, bounds: Bounds = ALWAYS
) -> dict[str, dict[str | None, RuleSetting]]:
    """Return what was set, by rule and then by system."""
    found: dict[str, dict[str | None, RuleSetting]] = {}
    for one in ask(connection, PACKAGE, "rule_settings", RuleSetting, bounds):
        found.setdefault(one.rule, {})[one.system] = one
    return found


def in_force(rule: Rule, settings: Mapping[str | None, RuleSetting]) -> InForce:
    """Return how a rule is set; a setting that no longer fits counts as its default."""
    general = settings.get(None)
    own = {name: one for name, one in settings.items() if name is not None}
    return InForce(
        parameters=_parameters(rule, general),
        enabled=general is None or general.enabled,
        every_s=(general and general.every_s) or rule.every_s,
        systems={s: _parameters(rule, one) for s, one in own.items() if one.enabled},
        off=frozenset(s for s, one in own.items() if not one.enabled),
        recorded=general,
    )


def _parameters(rule: Rule, setting: RuleSetting | None) -> Parameters:
    """Return a rule's parameters as set; names it no longer has are left out."""
    given = {} if setting is None else (setting.parameters or {})
    known = {name: text for name, text in given.items() if name in rule.parameters}
    try:
        return set_parameters(rule, known)
    except InvalidEventError:
        return dict(rule.parameters)  # it became a number since, and was a text
