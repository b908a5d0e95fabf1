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
from collections.abc import Mapping
from dataclasses import dataclass

from ledger.errors import InvalidEventError
from projections.registry.filter_words import Kind, Reader, Scope, Token

MAX_CONDITIONS = 50
_NUMERIC = frozenset({"=", "!=", ">", ">=", "<", "<="})
_TEXTUAL = frozenset({"=", "!=", "LIKE", "ILIKE", "IN"})
_DANGLING = re.compile(r"(?<!\\)(?:\\\\)*\\$")
_EXAMPLE = "such as: tags.team = 'risk' AND metrics.auc >= 0.8"


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


def quoted(value: str) -> str:
    """Return a text as a filter spells it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def parse_filter(text: str, *, attributes: Mapping[str, Kind]) -> list[Condition]:
    """Parse a filter.

    Args:
        text: the filter; an empty one has no conditions.
        attributes: attribute → whether it is compared as text or as a number.

    Raises:
        InvalidEventError: the filter is not of that language; names the place.
    """
    parser = _Parser(text, attributes, what="filter", hint=_EXAMPLE)
    conditions = parser.conditions()
    if len(conditions) > MAX_CONDITIONS:
        raise InvalidEventError(f"filter: more than {MAX_CONDITIONS} conditions")
    return conditions


class _Parser(Reader):
    """Reads conditions from tokens, one after the other."""

    def conditions(self) -> list[Condition]:
        if not self._tokens:
            return []
        found = [self._condition()]
        while (token := self.peek()) is not None:
            if token.kind != "word" or token.text.upper() != "AND":
                raise self.error(token, "conditions are joined by AND alone")
            self._next += 1
            found.append(self._condition())
        return found

    def _condition(self) -> Condition:
        scope, key, start = self.identifier()
        is_number = self.is_number(scope, key)
        op = self._comparator(key, _NUMERIC if is_number else _TEXTUAL)
        if op == "IN":
            return Condition(scope, key, op, values=self._values())
        token = self.take("a value")
        if is_number:
            return Condition(scope, key, op, number=self._number(token, start))
        value = self._quoted(token)
        if op in {"LIKE", "ILIKE"} and _DANGLING.search(value):
            raise self.error(token, "a pattern ends with an escape and nothing after")
        return Condition(scope, key, op, text=value)

    def _comparator(self, key: str, allowed: frozenset[str]) -> str:
        token = self.take("a comparator")
        op = token.text.upper()
        if token.kind not in {"sign", "word"} or op not in _NUMERIC | _TEXTUAL:
            raise self.error(token, "this is no comparator")
        if op not in allowed:
            known = " ".join(sorted(allowed))
            raise self.error(token, f"{key} does not compare with {op}", known)
        return op

    def _values(self) -> tuple[str, ...]:
        self._mark("(")
        values = [self._quoted(self.take("a value"))]
        while (token := self.take(", or )")).text == ",":
            values.append(self._quoted(self.take("a value")))
        if token.text != ")":
            raise self.error(token, "values of IN are separated by commas")
        return tuple(values)

    def _mark(self, mark: str) -> None:
        token = self.take(mark)
        if token.text != mark or token.kind != "mark":
            raise self.error(token, f"expected {mark}")

    def _quoted(self, token: Token) -> str:
        if token.kind not in {"single", "double"}:
            raise self.error(token, "text stands in quotes")
        inner = token.text[1:-1]
        if token.kind == "single":
            inner = inner.replace("''", "'")
        return re.sub(r"\\(['\"\\])", r"\1", inner)

    def _number(self, token: Token, start: Token) -> float:
        if token.kind != "number":
            raise self.error(token, f"{start.text} is compared with a number")
        number = float(token.text)
        if not math.isfinite(number):
            raise self.error(token, "the number is too large")
        return number
