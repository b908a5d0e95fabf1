"""Cursors that print the SQL they ask, with its parameters, for ``--explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import psycopg
from psycopg.sql import Composable

from ledger.manner import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.abc import Params, Query


class ExplainedCursor(psycopg.Cursor[Any]):
    """Prints each statement before it is asked, and then how many rows it gave."""

    def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """See :meth:`psycopg.Cursor.execute`."""
        explain(self._text(query).strip())
        for name, value in _named(params).items():
            explain(f"--   {name} = {value}")
        super().execute(cast("Any", query), params, prepare=prepare, binary=binary)
        explain(f"-- {self.rowcount} rows\n")
        return self

    def _text(self, query: Query) -> str:
        if isinstance(query, Composable):
            return query.as_string(self)
        return query.decode() if isinstance(query, bytes) else str(query)


def _named(params: Params | None) -> Mapping[str, object]:
    """Return parameters by name; those without one by their place, from 1."""
    if params is None:
        return {}
    if isinstance(params, dict):
        return params
    return {f"${place}": value for place, value in enumerate(params, 1)}
