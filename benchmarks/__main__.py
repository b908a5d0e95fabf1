"""Run benchmarks by name and print a table; see the package's docstring."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
from pathlib import Path

from benchmarks.measure import Result

NAMES = (
    "emit",
    "append",
    "seal",
    "audit",
    "bundle",
    "project",
    "query",
    "end_to_end",
    "million",
)


def main() -> None:
    """Parse arguments, run, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {NAMES}")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--scale", type=float, default=1.0, help="size of each run")
    arguments = parser.parse_args()
    results: list[Result] = []
    for name in arguments.names or NAMES:
        sys.stderr.write(f"{name} …\n")
        module = importlib.import_module(f"benchmarks.{name}")
        found = module.run(arguments.scale)
        results += found
        for result in found:
            print_result(result)
    if arguments.json:
        rows = [result.row() for result in results]
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(f"{platform.platform()}, Python {platform.python_version()}\n")


def print_result(result: Result) -> None:
    """Print one figure as a line of the table."""
    row = result.row()
    limit = "" if result.limit is None else f"{result.limit:>14,.0f}"
    ratio = "" if row["ratio"] is None else f"{row['ratio']:>7.2f}"
    cpu = "" if result.cpu_us_per_event is None else f"{result.cpu_us_per_event:.1f}"
    print(
        f"{result.name:28} {result.value:>14,.1f} {result.unit:10} "
        f"{limit:>14} {ratio:>7} {cpu:>8}  {result.note}"
    )


if __name__ == "__main__":
    main()
