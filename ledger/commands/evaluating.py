"""What the commands that test have in common: a client, what is tested, the records."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ledger.errors import InvalidEventError, LogUnavailableError
from ledger.output import Answer, error_entry

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ledger.config import Config
    from ledger.evaluation.records import RecordedVersion, Records
    from ledger.evaluation.resampling import Measured
    from ledger.evaluation.targets import Target
    from ledger.sdk import Ledger

FINDING_EXIT = 7
TARGET_HELP = "a path, package.module:function, http://…, or model@label[=one of these]"
_FLUSH_S = 30.0
_NOT_YET = (
    "the log did not take all events yet; they are in the journal and will be sent by "
    "the next process (mlledger journal flush)"
)

DatasetOption = Annotated[
    Path, Option(help="rows: a .csv, .parquet or .npz file; its digest is recorded")
]
DatasetVersionOption = Annotated[
    str | None, Option(help="event id of the recorded dataset version it must be")
]
LabelOption = Annotated[
    str | None, Option(help="column that holds the known answers; no model is given it")
]
IgnoreOption = Annotated[
    list[str] | None, Option(help="column that no model is given; repeatable")
]
HeaderOption = Annotated[
    list[str] | None,
    Option(help="of endpoints: NAME=VARIABLE of the environment; repeatable"),
]
OutOption = Annotated[Path | None, Option(help="where the HTML report is written too")]
IdentityOption = Annotated[str | None, Option(help="whose key signs")]
SeedOption = Annotated[int | None, Option(help="of every random draw")]


@dataclass(slots=True)
class Bench:
    """A client, and what finds recorded things when they are first named.

    Attributes:
        ledger: records the result.
        config: of its home.
    """

    ledger: Ledger
    config: Config
    _headers: dict[str, str]
    _stack: ExitStack
    _records: Records | None = None

    @property
    def has_records(self) -> bool:
        """Whether something recorded was looked up already."""
        return self._records is not None

    @property
    def records(self) -> Records:
        """What the ledger has recorded; opened now."""
        if self._records is None:
            from ledger.evaluation.records import open_records

            self._records = self._stack.enter_context(open_records(self.config))
        return self._records

    def target(self, text: str) -> Target:
        """Open what a name of the command line says; its warnings go with the answer.

        Read all else first: to load a pickle is to run what stands in it.
        """
        from ledger.blobs import Blobs
        from ledger.evaluation.targets import Opener

        def find(name: str) -> RecordedVersion:
            return self.records.model_version(name)

        opener = Opener(find, Blobs(self.config.blobs), self._headers)
        return opener.open(text)

    def send(self, answer: Answer) -> None:
        """Wait until the log has everything; warn if it does not."""
        if not self.ledger.flush(_FLUSH_S):
            answer.warnings.append(_NOT_YET)
            answer.exit = answer.exit or LogUnavailableError.exit_code
            answer.errors.append(error_entry(LogUnavailableError(_NOT_YET)))


@contextmanager
def testing(
    home: Path | None, identity: str | None, headers: Sequence[str] | None
) -> Generator[Bench]:
    """Open a home for a test.

    Args:
        home: the ledger home, or None for the nearest.
        identity: whose key signs, or None for the home's producer.
        headers: ``NAME=VARIABLE``, sent to endpoints.
    """
    from ledger.config import load_config
    from ledger.sdk import init

    config = load_config(home)
    with ExitStack() as stack:
        lg = stack.enter_context(init(config.home, identity, quiet=True))
        yield Bench(lg, config, _pairs(headers or ()), stack)


def _pairs(headers: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in headers:
        name, equals, variable = text.partition("=")
        if not (name and equals and variable):
            raise InvalidEventError(
                f"--header {text}", hint="NAME=VARIABLE of the environment"
            )
        found[name] = variable
    return found


def options_given(**values: Any) -> dict[str, Any]:
    """Return the options that were given; the rest keep their defaults."""
    return {name: value for name, value in values.items() if value is not None}


def figures(measured: Sequence[Measured]) -> list[dict[str, object]]:
    """Return figures as they are printed in JSON."""
    return [
        {
            "name": one.name,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "slice": one.slice,
        }
        for one in measured
    ]


def checked(fail_on: str | None, known: Sequence[str]) -> None:
    """Check what ``--fail-on`` names.

    Raises:
        InvalidEventError: no such finding.
    """
    if fail_on is not None and fail_on not in known:
        raise InvalidEventError(
            f"--fail-on {fail_on}: no such finding", hint=f"--fail-on {known[0]}"
        )


def write_report(out: Path | None, report: bytes) -> None:
    """Write a report where the caller wants it, besides the documents of the home."""
    if out is not None:
        out.write_bytes(report)
