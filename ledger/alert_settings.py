"""The ``[[alert]]`` tables of ``mlledger.toml``: who is told of what, and how."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from ledger.errors import ConfigurationError

Channel = Literal["webhook", "slack", "email"]
TOPICS = (
    "model",
    "version",
    "release",
    "deployment",
    "finding",
    "review",
    "incident",
    "withdrawal",
)
SEVERITIES = ("info", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """One route of alerts.

    Attributes:
        name: of the route, for ever: deliveries are recorded under it.
        kind: ``webhook`` (CloudEvents, signed), ``slack`` (text) or ``email``.
        url: where to post to, or ``smtp://host:port`` / ``smtps://host:port``;
            ``env:NAME`` and ``file:PATH`` keep an address that is itself a secret out
            of the settings.
        secret: ``env:NAME`` or ``file:PATH`` of the key that signs a webhook.
        sender: address that e-mail comes from.
        to: addresses that e-mail goes to.
        topics: what is told of; empty is everything.
        systems: AI systems it is about; empty is all.
        min_severity: of findings and incidents.
    """

    name: str = ""
    kind: Channel = "webhook"
    url: str = ""
    secret: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    min_severity: str = "info"


def parse_alerts(value: object) -> tuple[AlertConfig, ...]:
    """Return the routes of the ``[[alert]]`` tables.

    Raises:
        ConfigurationError: naming the setting, and what it can be.
    """
    tables = cast("list[object]", value) if isinstance(value, list) else [None]
    routes = tuple(_route(table) for table in tables)
    names = [route.name for route in routes]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"alert.name: {name!r} names two routes")
    return routes


def _route(value: object) -> AlertConfig:
    if not isinstance(value, dict):
        raise ConfigurationError("alert: expected tables, each headed [[alert]]")
    table = cast("dict[str, Any]", value)
    blank = AlertConfig()
    known = {item.name: getattr(blank, item.name) for item in fields(blank)}
    given: dict[str, Any] = {}
    for key, found in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean alert.{near[0]}?" if near else ", ".join(known)
            raise ConfigurationError(f"alert.{key}: unknown setting", hint=hint)
        given[key] = _value(key, found, is_list=isinstance(known[key], tuple))
    return _checked(AlertConfig(**given))


def _value(key: str, found: object, *, is_list: bool) -> object:
    if is_list and isinstance(found, list):
        items = cast("list[object]", found)
        if all(isinstance(item, str) and item for item in items):
            return tuple(items)
    if not is_list and isinstance(found, str):
        return found
    wanted = "a list of texts" if is_list else "a text"
    raise ConfigurationError(f"alert.{key}: expected {wanted}, found {found!r}")


def _checked(route: AlertConfig) -> AlertConfig:
    if not route.name:
        raise ConfigurationError("alert.name: is needed; deliveries carry it")
    place = f"alert {route.name!r}"
    for setting, value, choices in (
        ("kind", route.kind, get_args(Channel)),
        ("min_severity", route.min_severity, SEVERITIES),
        *(("topics", topic, TOPICS) for topic in route.topics),
    ):
        if value not in choices:
            raise ConfigurationError(
                f"{place}: {setting}: {value!r} is not one of {', '.join(choices)}"
            )
    needed = {"email": ("url", "sender", "to"), "webhook": ("url", "secret")}
    for setting in needed.get(route.kind, ("url",)):
        if not getattr(route, setting):
            raise ConfigurationError(f"{place}: {setting}: is needed for {route.kind}")
    _check_address(place, route)
    return route


def _check_address(place: str, route: AlertConfig) -> None:
    if route.url.startswith(("env:", "file:")):
        return
    schemes = ("smtp", "smtps") if route.kind == "email" else ("http", "https")
    if not _is_address(route.url, schemes):
        raise ConfigurationError(
            f"{place}: url: not an address of {' or '.join(schemes)}"
        )
    if route.kind == "webhook" and not route.secret.startswith(("env:", "file:")):
        raise ConfigurationError(
            f"{place}: secret: name it as env:NAME or file:PATH, not itself"
        )


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an IPv6 bracket that is not closed, a port that is none
        return False
