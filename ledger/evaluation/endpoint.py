"""Ask an endpoint over HTTP.

``POST`` to its address, as JSON::

    {"rows": [{"age": 41, "income": 2300.0}, …]}

It answers ``200`` with one prediction a row: a class (text or integer), a score (real
number), a list of probabilities, or an object with ``label``, ``score`` or
``probabilities``::

    {"predictions": [0.73, …], "classes": ["no", "yes"]}

``classes`` is needed only where probabilities are to be read as classes. A cell without
a value is ``null``. Asked with ``"stages": true``, an endpoint may show its steps::

    {"predictions": […], "stages": [{"name": "scale", "values": [[0.1, …], …]}]}
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, cast
from urllib.parse import urlsplit

from ledger.errors import ConfigurationError, MalformedError, UnavailableError
from ledger.evaluation.answers import Answers, answers_of
from ledger.evaluation.predictors import Stage, dense

ROWS_AT_ONCE = 1_000
TIMEOUT_S = 30.0
_MAX_ANSWER = 256 << 20


class Endpoint:
    """An address that answers rows; each thread keeps a connection of its own.

    Args:
        url: ``http://…`` or ``https://…``.
        headers: name of a header → name of the environment variable that holds it.
        timeout_s: seconds that one answer may take.

    Raises:
        ConfigurationError: no such address, or the variable is not set.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        try:
            parts = urlsplit(url)
            is_address = parts.hostname and parts.port != 0
        except ValueError as error:
            raise ConfigurationError(f"{url}: not a host and port") from error
        if parts.scheme not in {"http", "https"} or not is_address:
            raise ConfigurationError(f"{url}: not an http:// or https:// address")
        if parts.username or parts.password:
            raise ConfigurationError(
                "a password in an address would be recorded",
                hint="--header Authorization=NAME_OF_A_VARIABLE",
            )
        self.where = url
        self._parts = parts
        self._headers = {"Content-Type": "application/json", **_secrets(headers or {})}
        self._timeout = timeout_s
        self._own = threading.local()
        self._opened: list[HTTPConnection] = []

    @property
    def features(self) -> tuple[str, ...] | None:
        """See :attr:`ledger.evaluation.predictors.Predictor.features`: not known."""
        return None

    def prepare(self, table: Any) -> list[dict[str, Any]]:
        """See :meth:`ledger.evaluation.predictors.Predictor.prepare`."""
        text = table.to_json(orient="records", date_format="iso")
        rows: list[dict[str, Any]] = json.loads(text)
        for row, given in zip(rows, table.to_dict(orient="records"), strict=True):
            row |= {name: v for name, v in given.items() if _is_exact(v)}
        return rows

    def answer(self, prepared: Sequence[Mapping[str, Any]]) -> Answers:
        """See :meth:`ledger.evaluation.predictors.Predictor.answer`."""
        items: list[Any] = []
        classes: list[Any] | None = None
        for first in range(0, len(prepared), ROWS_AT_ONCE):
            part = list(prepared[first : first + ROWS_AT_ONCE])
            said = self.ask({"rows": part})
            items += self._predictions(said, len(part))
            classes = cast("list[Any] | None", said.get("classes", classes))
        found = answers_of(items, rows=len(prepared), where=self.where)
        if classes is None or found.classes is not None:
            return found
        return Answers(found.labels, found.scores, tuple(map(str, classes)))

    def serve(self, prepared: Sequence[Mapping[str, Any]]) -> object:
        """See :meth:`ledger.evaluation.predictors.Predictor.serve`."""
        return self.answer(prepared)

    def stages(self, prepared: Sequence[Mapping[str, Any]]) -> Sequence[Stage] | None:
        """See :meth:`ledger.evaluation.predictors.Predictor.stages`."""
        said = self.ask({"rows": list(prepared), "stages": True})
        shown = cast("list[dict[str, Any]]", said.get("stages") or [])
        return [Stage(str(one["name"]), dense(one["values"])) for one in shown] or None

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Post one question and return the object that was answered.

        Raises:
            UnavailableError: no answer in time, or a status other than 200.
            MalformedError: the answer is no JSON object.
        """
        body = json.dumps(question, allow_nan=False).encode()
        data = self._post(body)
        try:
            found: object = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise MalformedError(
                f"{self.where}: the answer is not JSON", place=self.where
            ) from error
        if not isinstance(found, dict):
            raise MalformedError(
                f"{self.where}: the answer is no JSON object", place=self.where
            )
        return cast("dict[str, Any]", found)

    def _post(self, body: bytes) -> bytes:
        target = self._parts.path or "/"
        if self._parts.query:
            target += f"?{self._parts.query}"
        try:
            connection = self._connection()
            connection.request("POST", target, body=body, headers=self._headers)
            response = connection.getresponse()
            data = response.read(_MAX_ANSWER)
        except (OSError, HTTPException) as error:
            self._drop()
            raise UnavailableError(
                f"{self.where}: {type(error).__name__}: {error}"
            ) from error
        if response.status != 200:
            raise UnavailableError(f"{self.where}: status {response.status}")
        return data

    def _connection(self) -> HTTPConnection:
        known: HTTPConnection | None = getattr(self._own, "connection", None)
        if known is None:
            kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
            host = cast("str", self._parts.hostname)
            known = kind(host, self._parts.port, timeout=self._timeout)
            self._own.connection = known
            self._opened.append(known)
        return known

    def close(self) -> None:
        """Close the connections of all threads; the next question opens another."""
        while self._opened:
            self._opened.pop().close()
        self._own = threading.local()

    def _drop(self) -> None:
        """Close this thread's connection, whose state is not known."""
        known: HTTPConnection | None = getattr(self._own, "connection", None)
        if known is not None:
            known.close()
            self._own.connection = None

    def _predictions(self, said: Mapping[str, Any], rows: int) -> list[Any]:
        found = said.get("predictions")
        if isinstance(found, list) and len(cast("list[Any]", found)) == rows:
            return cast("list[Any]", found)
        raise MalformedError(
            f"{self.where}: one prediction per row is needed",
            place=self.where,
            expected=f"a list `predictions` of {rows}",
            actual=f"fields {', '.join(sorted(said)) or 'none'}",
        )


def _is_exact(value: object) -> bool:
    """Tell whether Python's JSON writes the value so that it is read back the same."""
    return isinstance(value, float) and math.isfinite(value)


def _secrets(headers: Mapping[str, str]) -> dict[str, str]:
    missing = [name for name in headers.values() if name not in os.environ]
    if missing:
        raise ConfigurationError(f"--header: {missing[0]} is not in the environment")
    return {name: os.environ[variable] for name, variable in headers.items()}
