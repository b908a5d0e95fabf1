"""The rules of this package: what each looks for, and how strictly.

A rule is two files of one name in ``projections/controls/rules``: a query that returns
every object it tests, breached or not, and a description in YAML.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import ConfigurationError, InvalidEventError, NotFoundError
from projections.controls.rule_text import rule_description, rule_ids, rule_text

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = int | float | str
Parameters = dict[str, Value]
DAY_S = 86_400
SEVERITIES = ("info", "low", "medium", "high", "critical")
_NEEDED = ("title", "severity", "means", "do", "object")
_KNOWN = {*_NEEDED, "provision", "parameters", "closes", "every_s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: its name, which is that of its files.
        title: what it looks for, in at most 80 characters.
        severity: how much its findings matter, ``info`` to ``critical``.
        means: what a finding means, to a layperson.
        do: what to do about one.
        provision: laws and standards it serves; those that were not read at their
            source say so.
        object: kind of object it tests, such as ``deployment``.
        parameters: names and values of what can be set.
        closes: why a finding that is no longer found is closed: ``stopped`` (it no
            longer happens) or ``declared`` (what was missing is recorded now).
        every_s: seconds between two checks, unless it was set otherwise.
        digest: ``sha256:`` of its query and its description.
    """

    id: str
    title: str
    severity: str
    means: str
    do: str
    provision: tuple[str, ...]
    object: str
    parameters: Parameters
    closes: str
    every_s: int
    digest: str


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by id, sorted.

    Raises:
        ConfigurationError: a description is not as it should be.
    """
    return {name: _rule(name) for name in rule_ids()}


def rule_named(name: str) -> Rule:
    """Return one rule.

    Raises:
        NotFoundError: no such rule; names the nearest.
    """
    known = rules()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "mlledger control ls names the rules"
    raise NotFoundError(f"{name}: no such rule", hint=hint)


def chosen_rules(names: list[str] | None) -> list[Rule]:
    """Return the rules of some names; none or an empty list means all of them."""
    return [rule_named(name) for name in names] if names else list(rules().values())


def set_parameters(rule: Rule, given: Mapping[str, object]) -> Parameters:
    """Return a rule's parameters with some of them set, each of its default's type.

    Args:
        rule: the rule.
        given: values by name; texts are read as numbers where the default is one.

    Raises:
        InvalidEventError: no such parameter, or not a number.
    """
    values = dict(rule.parameters)
    for name, value in given.items():
        if name not in values:
            allowed = ", ".join(values) or "none"
            raise InvalidEventError(
                f"{rule.id}: no parameter {name!r}", hint=f"its parameters: {allowed}"
            )
        values[name] = _like(rule.parameters[name], value, f"{rule.id}.{name}")
    return values


def as_texts(parameters: Mapping[str, Value]) -> dict[str, str]:
    """Return parameters as events carry them."""
    return {name: str(value) for name, value in parameters.items()}


def _like(default: Value, value: object, name: str) -> Value:
    if isinstance(default, str):
        return str(value)
    kind = type(default) if isinstance(default, float) else _number
    try:
        return kind(str(value))
    except ValueError as error:
        raise InvalidEventError(f"{name}: {value!r} is not a number") from error


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _rule(name: str) -> Rule:
    try:
        import yaml
    except ImportError as error:
        raise ConfigurationError(
            "rules need PyYAML", hint="pip install 'mlledger[postgres]'"
        ) from error
    description = rule_description(name)
    try:
        found = cast("object", yaml.safe_load(description))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"rule {name}: not YAML: {error}") from error
    head = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    _check(name, head)
    text = f"{rule_text(name)}\n{description}\n"
    return Rule(
        id=name,
        **{key: str(head[key]).strip() for key in _NEEDED},
        provision=tuple(map(str, head.get("provision") or ())),
        parameters=dict(head.get("parameters") or {}),
        closes=str(head.get("closes", "stopped")),
        every_s=int(head.get("every_s", DAY_S)),
        digest=f"sha256:{sha256(text.encode()).hexdigest()}",
    )


def _check(name: str, head: dict[str, Any]) -> None:
    """Refuse a description that lacks something or says something unknown."""
    lacking = [key for key in _NEEDED if not head.get(key)]
    unknown = sorted(set(head) - _KNOWN)
    wrong = [
        *(f"{key} is missing" for key in lacking),
        *(f"{key} is unknown" for key in unknown),
        *(["severity"] if head.get("severity") not in SEVERITIES else []),
        *(["title is too long"] if len(str(head.get("title"))) > 80 else []),
        *(
            ["closes"]
            if head.get("closes", "stopped") not in {"stopped", "declared"}
            else []
        ),
    ]
    if wrong:
        raise ConfigurationError(f"rule {name}: {', '.join(wrong)}")
