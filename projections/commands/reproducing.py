"""``mlledger run reproduce``: do a recorded run again and compare."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_id, interactive, note, reporting
from ledger.visible import visible
from projections.commands.opening import identifier, opened, opened_log

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ledger.config import Config
    from ledger.reproduce.manifest import RunLike
    from ledger.reproduce.recorded import RecordedRun
    from ledger.reproduce.repeat import Repetition
    from ledger.verification import LedgerVerifier
    from projections.database import Connection

NOT_POSSIBLE, DIFFERENT = 6, 7
_EXITS = {
    "identical": 0,
    "equivalent": 0,
    "different": DIFFERENT,
    "not_possible": NOT_POSSIBLE,
}
_WORDS = {
    "identical": "✔ identical: every output has the same bytes, every metric its value",
    "equivalent": "✔ equivalent: every metric is within the tolerance",
    "different": "✖ different",
    "not_possible": "? not possible: something that is needed is not there",
}

RepositoryOption = Annotated[
    Path | None, Option(help="a repository that holds the recorded commit")
]
NotebookOption = Annotated[
    Path | None, Option(help="the notebook that it was, relative to the repository")
]


def run_reproduce(  # noqa: PLR0913  one keyword an option
    *,
    run: Annotated[str, Argument(metavar="RUN", help="event id of its start")],
    folder: Annotated[
        Path | None, Option(help="where to work, kept; by default a temporary folder")
    ] = None,
    tolerance: Annotated[
        float | None, Option(min=0.0, help="relative, of metrics; default: same bytes")
    ] = None,
    data: Annotated[
        list[str] | None, Option(metavar="NAME=PATH", help="where an input lies now")
    ] = None,
    env: Annotated[
        list[str] | None, Option(metavar="NAME[=VALUE]", help="variable it gets")
    ] = None,
    repository: RepositoryOption = None,
    notebook: NotebookOption = None,
    present_environment: Annotated[
        bool, Option("--present-environment", help="use what is installed here")
    ] = False,
    present_data: Annotated[
        bool, Option("--present-data", help="run with inputs as they are now")
    ] = False,
    offline: Annotated[
        bool, Option("--offline", help="install from local wheels and caches alone")
    ] = False,
    timeout: Annotated[float | None, Option(min=1.0, help="seconds at most")] = None,
    keep: Annotated[bool, Option("--keep", help="leave the folder there")] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Run a recorded run again and compare: identical, equivalent or different.

    Commit and difference, distributions, inputs, seeds and command are those that were
    recorded. The new run and the outcome are recorded; models, releases and
    deployments that the program would record are not. Exit code: 0 identical or
    equivalent, 7 different, 6 not possible.
    """
    form = chosen(output, json=json)
    with reporting("run reproduce", form):
        from ledger.reproduce.launch import parse_variables
        from ledger.reproduce.prepare import Wishes
        from ledger.reproduce.repeat import Order, repeat

        order = Order(
            folder=folder,
            keep=keep,
            tolerance=tolerance,
            variables=parse_variables(env or []),
            timeout=timeout,
            wishes=Wishes(
                repository=repository,
                data=_named_paths(data or []),
                notebook=notebook,
                present_environment=present_environment,
                present_data=present_data,
                offline=offline,
            ),
        )
        with _recorded(home, run) as (config, recorded):
            done = repeat(config, recorded, order, say=_say)
        emit(_answer(recorded, done, tolerance), form)


def repeatable(run: RunLike, home: Path | None) -> dict[str, object]:
    """Return whether a run can be repeated as far as its record tells, and the gaps.

    Args:
        run: as recorded.
        home: ledger home, whose documents it needs.
    """
    from ledger.blobs import Blobs
    from ledger.config import load_config
    from ledger.reproduce.manifest import missing

    gaps = missing(run, holds=Blobs(load_config(home).blobs).has)
    return {
        "possible": not any(gap.blocking for gap in gaps),
        "missing": [f"{gap.kind}: {gap.why}" for gap in gaps],
    }


def _say(text: str) -> None:
    if interactive():
        note(text)


@contextmanager
def _recorded(home: Path | None, run: str) -> Generator[tuple[Config, RecordedRun]]:
    """Read a run; its connection is closed before it is repeated."""
    with opened(home) as (config, database):
        with database.connect("auditor") as connection:
            found = verified_run(config, connection, run)
        yield config, found


def verified_run(config: Config, connection: Connection, run: str) -> RecordedRun:
    """Return a run by the id of its start, which is verified in the log."""
    from projections.lineage.recorded import recorded_run

    with opened_log(config) as log:
        verifier = _verifier(config, log)
        return recorded_run(connection, identifier(run), verifier=verifier)


def _verifier(config: Config, log: Any) -> LedgerVerifier:
    from ledger.public import PublicFolder
    from ledger.verification import LedgerVerifier, roots_of, terms_of

    return LedgerVerifier(
        log=log,
        public=PublicFolder(config.public),
        ledger_id=config.ledger_id,
        tsa_roots=roots_of(config),
        terms=terms_of(config),
    )


def _named_paths(texts: Sequence[str]) -> dict[str, Path]:
    """Return what ``--data NAME=PATH`` says as a mapping."""
    from ledger.errors import InvalidEventError, NotFoundError

    found: dict[str, Path] = {}
    for text in texts:
        name, mark, path = text.partition("=")
        if not mark:
            raise InvalidEventError(f"--data {text}: expected NAME=PATH")
        found[name] = Path(path)
        if not found[name].exists():
            raise NotFoundError(f"--data: {path}: no such file or folder")
    return found


def _answer(run: RecordedRun, done: Repetition, tolerance: float | None) -> Answer:
    repeated = done.repeated
    data: dict[str, object] = {
        "run": format_id(run.id),
        "name": run.name,
        "verdict": done.verdict,
        "tolerance": tolerance,
        "reproduction": format_id(repeated.id) if repeated else None,
        "differences": [item.as_dict() for item in done.differences],
        "outputs": repeated.outputs if repeated else None,
        "held_back": done.held_back,
        "notes": list(done.notes),
        "folder": str(done.folder) if done.folder else None,
        "printed": list(done.printed),
        "event_id": format_id(done.event),
    }
    lines = [_WORDS[done.verdict]]
    lines += [f"  {item.line()}" for item in done.differences]
    lines += [f"  note: {text}" for text in done.notes]
    lines += [f"  it printed: {text}" for text in done.printed]
    lines.append(f"run        {data['run']}  {run.name}")
    lines.append(f"repeated   {data['reproduction'] or 'no'}")
    lines.append(f"recorded   {data['event_id']}")
    code = _EXITS[done.verdict]
    return Answer("run reproduce", data, exit=code, text="\n".join(map(visible, lines)))
