"""Run the table and print it; ends with ``N passed, N failed``."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ledger.page_builder import build_page
from tests.support.browser_verify import open_page
from tests.support.forgeries.stage import Stage, own_server
from tests.support.forgeries.table import FORGED, HONEST, UNFOUND, Numbered
from tests.support.forgeries.through_page import page_failure

HEADS = ("No", "by", "what was forged", "found by", "code", "place")
SECTIONS: Sequence[tuple[str, Sequence[Numbered]]] = (
    ("Forgeries, each found by the check and in the place that the row names", FORGED),
    ("Said openly: what nothing finds from this evidence alone", UNFOUND),
    ("Honest ledgers, none of them accused (5 would be an accusation)", HONEST),
)
WHO = (
    "by: P producer, B broker's administrator, D database's administrator, S operator "
    "of the ledger, V host of pages and exports, O outsider. code: exit code (5 the "
    "evidence contradicts itself, 6 could not check, 13 suspect window, 0 nothing "
    "found), the sealer's verdict, a witness's HTTP status, or what a producer does."
)


def main() -> int:
    """Run every row; returns 0 when none failed."""
    warnings.simplefilter("ignore")
    failures = list[str]()
    passed = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        server = stack.enter_context(own_server(folder / "postgres"))
        stage = Stage(folder / "stage", server)
        page = stack.enter_context(browser_page(folder))
        for title, rows in SECTIONS:
            table = Table(*HEADS, title=title, title_justify="left", box=None)
            for one in rows:
                found, wrong = tried(stage, page, one)
                passed += not wrong
                failures += [f"{one}: {wrong}"] if wrong else []
                table.add_row(*cells(one, found, page), style="red" if wrong else "")
            console().print(table, "")
    print(WHO)
    if page is None:
        print("verify.html: NOT RUN, no Chromium (MLLEDGER_CHROMIUM, or on the PATH)")
    print(*(f"FAILED {failure}" for failure in failures), sep="\n")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


def console() -> Console:
    """A console that breaks no row of a table that goes into a file."""
    width = shutil.get_terminal_size((160, 50)).columns
    return Console(width=max(width, 150), highlight=False)


@contextmanager
def browser_page(folder: Path) -> Generator[Any]:
    """The page in a browser without network; None where there is no browser."""
    there = os.environ.get("MLLEDGER_CHROMIUM") or shutil.which("chromium")
    if not there and os.environ.get("CI") != "true":
        yield None
        return
    file = folder / "verify.html"
    file.write_text(build_page(), encoding="utf-8")
    with open_page(file) as page:
        yield page


def tried(stage: Stage, page: Any, one: Numbered) -> tuple[tuple[str, ...], str]:
    """Run a row; returns the places it named, and what is wrong with that."""
    try:
        found = one.row.run(stage)
        wrong = one.row.failure(found)
        if not wrong and page is not None and one.through_page:
            wrong = page_failure(page, one.row, stage)
    except Exception as error:  # noqa: BLE001  a row that breaks has failed; the rest go on
        return (), f"{type(error).__name__}: {error}"
    return found.places, wrong


def cells(one: Numbered, places: tuple[str, ...], page: Any) -> tuple[str, ...]:
    """Return the row as it stands in the table."""
    row = one.row
    by = row.check.name
    code = row.code
    if page is not None and one.through_page:
        by += ", verify.html"
    place = row.place or next(iter(places), "")
    return one.label, row.by, row.title, by, code, shortened(place)


def shortened(place: str) -> str:
    """Return a place that fits into a line."""
    return place if len(place) <= 50 else f"{place[:24]}…{place[-24:]}"


if __name__ == "__main__":
    sys.exit(main())
