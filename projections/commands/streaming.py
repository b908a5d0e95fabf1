"""Print an answer of any size as it is read: counts first, then row after row."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ledger.output import json_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.database import Connection
    from projections.evidence import Bounds

STREAMED = "decisions_by_release"
_PAGE = 1_000


def stream_all(
    connection: Connection, values: Mapping[str, Any], bounds: Bounds
) -> NoReturn:
    """Print every decision of releases as NDJSON, with the counts before them.

    Args:
        connection: of any role.
        values: parameters of the question; a limit is not one of a stream.
        bounds: which facts count.
    """
    from projections.commands.answering import stated
    from projections.decisions.queries_release import (
        Wanted,
        count_decisions,
        stream_decisions,
    )

    names = ("release", "model_version", "deployment", "since", "until")
    wanted = Wanted(**{name: values[name] for name in names if name in values})
    counts = count_decisions(connection, wanted, bounds=bounds)
    sys.stdout.write(json_line({"counts": stated(connection, counts, bounds)}) + "\n")
    rows = iter(stream_decisions(connection, wanted, bounds=bounds))
    written = 0
    while page := list(islice(rows, _PAGE)):
        for row in cast("list[object]", stated(connection, page, bounds)):
            sys.stdout.write(json_line(row) + "\n")
        written += len(page)
    whole = written == sum(one.decisions for one in counts)
    said = (
        [] if whole else [f"{written} decisions were read, not all that were counted"]
    )
    summary: dict[str, object] = {"rows": written, "exit": 0, "errors": []}
    summary["warnings"] = said
    sys.stdout.write(json_line({"summary": summary, "complete": whole}) + "\n")
    sys.stdout.flush()
    raise SystemExit(0)
