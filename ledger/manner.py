"""How a command speaks beside its answer: quietly, in detail, with its workings.

A process runs one command, so what its caller asked for is kept here, once. All of it
goes to stderr; stdout carries data alone.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.visible import visible_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@dataclass(slots=True)
class _Manner:
    """What the caller asked for with ``-q``, ``-v`` and ``--explain``."""

    quiet: bool = False
    verbose: bool = False
    explaining: bool = False


_manner = _Manner()


@contextmanager
def speaking(*, quiet: bool, verbose: bool, explaining: bool) -> Generator[None]:
    """Speak in that manner until left.

    Args:
        quiet: neither progress nor hints; warnings and errors all the same.
        verbose: with what is opened, and where a defect arose.
        explaining: with the SQL that is asked and the offsets that are read.
    """
    before = _manner.quiet, _manner.verbose, _manner.explaining
    _manner.quiet, _manner.verbose, _manner.explaining = quiet, verbose, explaining
    try:
        yield
    finally:
        _manner.quiet, _manner.verbose, _manner.explaining = before


def is_verbose() -> bool:
    """Tell whether details are wanted."""
    return _manner.verbose


def is_explaining() -> bool:
    """Tell whether the SQL and the offsets are wanted."""
    return _manner.explaining


def note(message: str) -> None:
    """Write a progress line or hint; nothing when quiet."""
    if not _manner.quiet:
        warn(message)


def warn(message: str) -> None:
    """Write what does not work, also when quiet."""
    sys.stderr.write(visible_lines(message) + "\n")


def detail(message: str) -> None:
    """Write what is done on the way, when verbose."""
    if _manner.verbose:
        warn(message)


def explain(text: str) -> None:
    """Write what an answer rests on: a statement, or where the log was read."""
    if _manner.explaining:
        warn(text)


def interactive() -> bool:
    """Tell whether stderr is a terminal on which progress may be drawn."""
    return sys.stderr.isatty() and not os.environ.get("CI") and not _manner.quiet


@contextmanager
def progress(title: str, total: int | None = None) -> Generator[Callable[[int], None]]:
    """Show progress; yields a function that takes the amount done more."""
    if not interactive():
        yield lambda _amount: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda amount: bar.update(task, advance=amount)
