"""The words of MLflow's search language: tokens and names; pure, no database here.

What :mod:`projections.registry.filters` and :mod:`projections.registry.orders` read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ledger.errors import InvalidEventError

Scope = Literal["attributes", "tags", "params", "metrics"]
Kind = Literal["text", "number"]
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
_NO_TEXT = re.compile(r"[\ud800-\udfff]")
# A run of digits is taken whole or not at all: giving one back never helps.
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?![\w.]))
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
class Token:
    """A word of the language.

    Attributes:
        kind: number, word, back, double, single, sign or mark.
        text: as written, quotes included.
        at: where it begins, from 0.
    """

    kind: str
    text: str
    at: int


class Reader:
    """Reads names from a text, one token after the other.

    Args:
        text: what is read.
        attributes: attribute → whether it is compared as text or as a number.
        what: how errors call the text, such as ``filter``.
        hint: an example of what would do.

    Raises:
        InvalidEventError: the text is too long, or no text of the language.
    """

    def __init__(
        self, text: str, attributes: Mapping[str, Kind], *, what: str, hint: str
    ) -> None:
        if len(text) > MAX_LENGTH:
            raise InvalidEventError(f"{what}: longer than {MAX_LENGTH} characters")
        if "\0" in text:
            raise InvalidEventError(f"{what}: holds the control character U+0000")
        if _NO_TEXT.search(text):
            raise InvalidEventError(f"{what}: holds bytes that are not UTF-8")
        self._text, self._what, self._hint = text, what, hint
        self._attributes = attributes
        self._next = 0
        self._tokens = self._cut()

    def peek(self) -> Token | None:
        """Return the next token, or None at the end."""
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def take(self, expected: str) -> Token:
        """Return the next token and go on.

        Raises:
            InvalidEventError: there is none; says what was expected.
        """
        token = self.peek()
        if token is None:
            raise self.refused(len(self._text), f"expected {expected}")
        self._next += 1
        return token

    def error(self, token: Token, what: str, hint: str = "") -> InvalidEventError:
        """Return the error that names a token's place."""
        return self.refused(token.at, what, hint)

    def refused(self, at: int, what: str, hint: str = "") -> InvalidEventError:
        """Return the error that names a place of the text."""
        near = self._text[at : at + 20].strip() or "the end"
        return InvalidEventError(
            f"{self._what}, character {at + 1}, at {near!r}: {what}",
            hint=hint or self._hint,
        )

    def is_number(self, scope: Scope, key: str) -> bool:
        """Tell whether what a name stands for is a number."""
        return scope == "metrics" or (
            scope == "attributes" and self._attributes[key] == "number"
        )

    def identifier(self) -> tuple[Scope, str, Token]:
        """Return scope and key of the next name, and its first token.

        Raises:
            InvalidEventError: no such name.
        """
        token = self.take("the name of an attribute, tag, parameter or metric")
        if token.kind in {"back", "double"}:
            return self._attribute(token.text[1:-1], token)
        if token.kind != "word":
            raise self.error(token, "each part begins with a name")
        first, dot, rest = token.text.partition(".")
        if not dot:
            return self._attribute(token.text, token)
        scope = _SCOPES.get(first.lower())
        if scope is None:
            known = "attributes, tags, params or metrics"
            raise self.error(token, f"{first}. is none of {known}")
        if not rest:
            quoted = self.take("a key")
            if quoted.kind not in {"back", "double"}:
                raise self.error(quoted, "a key stands in backticks or double quotes")
            rest = quoted.text[1:-1]
        elif rest.endswith("."):
            raise self.error(token, "a key with a dot at its end needs backticks")
        return (
            self._attribute(rest, token)
            if scope == "attributes"
            else (
                scope,
                rest,
                token,
            )
        )

    def _attribute(self, key: str, token: Token) -> tuple[Scope, str, Token]:
        if key not in self._attributes:
            known = ", ".join(sorted(self._attributes))
            raise self.error(token, f"{key} is no attribute", f"one of: {known}")
        return "attributes", key, token

    def _cut(self) -> list[Token]:
        text, tokens = self._text, list[Token]()
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise self.refused(at, "this is no part of a condition")
            kind = match.lastgroup
            tokens.append(Token(kind, match[kind], match.start(kind)))
            at = match.end()
        return tokens
