"""MLflow's filter language: strict parsing into conditions; pure, no database here.

::

    tags.team = 'risk' AND metrics.auc >= 0.8 AND params.`learning rate` != '0.1'
    name ILIKE 'credit%' AND attributes.run_id IN ('…', '…')

Conditions are joined by ``AND`` alone; one is ``[entity.]key comparator value``. An
entity is ``attributes`` (or nothing), ``tags`` (``tag``), ``params`` (``parameter``)
or ``metrics`` (``metric``). A key that is no plain word stands in backticks or double
quotes. A value is text in single or double quotes, or a number. Metrics and numeric
attributes compare with ``= != > >= < <=``; everything else with ``= != LIKE ILIKE IN``.
As in MLflow, what has no such tag, parameter or metric meets no condition on it, not
even ``!=``.

Source: MLflow, "Search Runs" and "Search Registered Models".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.errors import InvalidEventError

Scope = Literal["attributes", "tags", "params", "metrics"]
Kind = Literal["text", "number"]
MAX_CONDITIONS = 50
MAX_LENGTH = 10_000
_SCOPES: Mapping[str, Scope] = {
    "attribute": "attributes",
    "attributes": "attributes",
    "attr": "attributes",
    "run": "attributes",
    "tag": "tags",
    "tags": "tags",
    "param": "params",
    "params": "params",
    "parameter": "params",
    "parameters": "params",
    "metric": "metrics",
    "metrics": "metrics",
}
_NUMERIC = frozenset({"=", "!=", ">", ">=", "<", "<="})
_TEXTUAL = frozenset({"=", "!=", "LIKE", "ILIKE", "IN"})
_DANGLING = re.compile(r"(?<!\\)(?:\\\\)*\\$")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<word>[A-Za-z_][\w/-]*(?:\.[\w/-]+)*\.?)
      | (?P<back>`[^`]*`)
      | (?P<double>"(?:[^"\\]|\\.)*")
      | (?P<single>'(?:[^'\\]|\\.|'')*')
      | (?P<sign>!=|>=|<=|=|>|<)
      | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes:
        scope: attributes, tags, params or metrics.
        key: name of the attribute, tag, parameter or metric.
        op: comparator, in capitals.
        text: value of a textual comparison.
        number: value of a numeric comparison.
        values: values of ``IN``.
    """

    scope: Scope
    key: str
    op: str
    text: str | None = None
    number: float | None = None
    values: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return it as the statements of :mod:`projections.registry.search` read it."""
        return {
            "scope": self.scope,
            "key": self.key,
            "op": self.op,
            "value": self.text,
            "number": self.number,
            "list": list(self.values),
        }


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_filter(text: str, *, attributes: Mapping[str, Kind]) -> list[Condition]:
    """Parse a filter.

    Args:
        text: the filter; an empty one has no conditions.
        attributes: attribute → whether it is compared as text or as a number.

    Raises:
        InvalidEventError: the filter is not of that language; names the place.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidEventError(f"filter: longer than {MAX_LENGTH} characters")
    if "\0" in text:
        raise InvalidEventError("filter: holds the control character U+0000")
    parser = _Parser(text, _tokens(text), attributes)
    conditions = parser.conditions()
    if len(conditions) > MAX_CONDITIONS:
        raise InvalidEventError(f"filter: more than {MAX_CONDITIONS} conditions")
    return conditions


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise _refused(text, at, "this is no part of a condition")
        kind = match.lastgroup
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return tokens


class _Parser:
    """Reads conditions from tokens, one after the other."""

    def __init__(
        self, text: str, tokens: Sequence[_Token], attributes: Mapping[str, Kind]
    ) -> None:
        self._text = text
        self._tokens = tokens
        self._attributes = attributes
        self._next = 0

    def conditions(self) -> list[Condition]:
        if not self._tokens:
            return []
        found = [self._condition()]
        while (token := self._peek()) is not None:
            if token.kind != "word" or token.text.upper() != "AND":
                raise self._error(token, "conditions are joined by AND alone")
            self._next += 1
            found.append(self._condition())
        return found

    def _condition(self) -> Condition:
        scope, key, start = self._identifier()
        is_number = scope == "metrics" or (
            scope == "attributes" and self._attributes[key] == "number"
        )
        op = self._comparator(key, _NUMERIC if is_number else _TEXTUAL)
        if op == "IN":
            return Condition(scope, key, op, values=self._values())
        token = self._take("a value")
        if is_number:
            return Condition(scope, key, op, number=self._number(token, start))
        value = self._quoted(token)
        if op in {"LIKE", "ILIKE"} and _DANGLING.search(value):
            raise self._error(token, "a pattern ends with an escape and nothing after")
        return Condition(scope, key, op, text=value)

    def _identifier(self) -> tuple[Scope, str, _Token]:
        token = self._take("the name of an attribute, tag, parameter or metric")
        if token.kind in {"back", "double"}:
            return self._attribute(token.text[1:-1], token)
        if token.kind != "word":
            raise self._error(token, "a condition begins with a name")
        first, dot, rest = token.text.partition(".")
        if not dot:
            return self._attribute(token.text, token)
        scope = _SCOPES.get(first.lower())
        if scope is None:
            known = "attributes, tags, params or metrics"
            raise self._error(token, f"{first}. is none of {known}")
        if not rest:
            quoted = self._take("a key")
            if quoted.kind not in {"back", "double"}:
                raise self._error(quoted, "a key stands in backticks or double quotes")
            rest = quoted.text[1:-1]
        elif rest.endswith("."):
            raise self._error(token, "a key with a dot at its end needs backticks")
        return (
            self._attribute(rest, token)
            if scope == "attributes"
            else (
                scope,
                rest,
                token,
            )
        )

    def _attribute(self, key: str, token: _Token) -> tuple[Scope, str, _Token]:
        if key not in self._attributes:
            known = ", ".join(sorted(self._attributes))
            raise self._error(token, f"{key} is no attribute", f"one of: {known}")
        return "attributes", key, token

    def _comparator(self, key: str, allowed: frozenset[str]) -> str:
        token = self._take("a comparator")
        op = token.text.upper()
        if token.kind not in {"sign", "word"} or op not in _NUMERIC | _TEXTUAL:
            raise self._error(token, "this is no comparator")
        if op not in allowed:
            known = " ".join(sorted(allowed))
            raise self._error(token, f"{key} does not compare with {op}", known)
        return op

    def _values(self) -> tuple[str, ...]:
        self._mark("(")
        values = [self._quoted(self._take("a value"))]
        while (token := self._take(", or )")).text == ",":
            values.append(self._quoted(self._take("a value")))
        if token.text != ")":
            raise self._error(token, "values of IN are separated by commas")
        return tuple(values)

    def _mark(self, mark: str) -> None:
        token = self._take(mark)
        if token.text != mark or token.kind != "mark":
            raise self._error(token, f"expected {mark}")

    def _quoted(self, token: _Token) -> str:
        if token.kind not in {"single", "double"}:
            raise self._error(token, "text stands in quotes")
        inner = token.text[1:-1]
        if token.kind == "single":
            inner = inner.replace("''", "'")
        return re.sub(r"\\(['\"\\])", r"\1", inner)

    def _number(self, token: _Token, start: _Token) -> float:
        if token.kind != "number":
            raise self._error(token, f"{start.text} is compared with a number")
        number = float(token.text)
        if not math.isfinite(number):
            raise self._error(token, "the number is too large")
        return number

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, expected: str) -> _Token:
        token = self._peek()
        if token is None:
            raise _refused(self._text, len(self._text), f"expected {expected}")
        self._next += 1
        return token

    def _error(self, token: _Token, what: str, hint: str = "") -> InvalidEventError:
        return _refused(self._text, token.at, what, hint)


def _refused(text: str, at: int, what: str, hint: str = "") -> InvalidEventError:
    near = text[at : at + 20].strip() or "the end"
    return InvalidEventError(
        f"filter, character {at + 1}, at {near!r}: {what}",
        hint=hint or "such as: tags.team = 'risk' AND metrics.auc >= 0.8",
    )
