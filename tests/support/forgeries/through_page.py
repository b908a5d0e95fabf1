"""The rows about bundles once more, through ``verify.html`` in a browser, offline."""

from __future__ import annotations

from typing import Any

from tests.support.browser_verify import verify_cases
from tests.support.forgeries.rows import Row
from tests.support.forgeries.stage import Stage


def page_failure(page: Any, row: Row, stage: Stage) -> str:
    """Return how the page's verdict differs from the row; empty when it is the same.

    The page names the step in which it finds what is wrong; that may be an earlier one
    than the package names, never a later one.
    """
    with row.start(stage) as honest:
        (verdict,) = verify_cases(page, [row.forge(honest)])
    wanted = row.code
    if str(verdict.exit) != wanted:
        return f"verify.html came to {verdict.exit}, not {wanted}: {verdict.raised}"
    broken = [s["number"] for s in verdict.steps if s["status"] != "verified"]
    if wanted in {"0", "13"}:
        return f"verify.html accused steps {broken}" if broken else ""
    place = row.place.split()
    step = int(place[1]) if place else 9
    return "" if min(broken) <= step else f"verify.html found it in {broken}"
