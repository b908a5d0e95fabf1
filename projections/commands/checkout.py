"""``mlledger model checkout``: start over from the training of a model version."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_id, reporting
from ledger.visible import visible
from projections.commands.opening import opened
from projections.commands.reproducing import (
    NotebookOption,
    RepositoryOption,
    verified_run,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ledger.config import Config
    from ledger.reproduce.checkout import Checkout
    from ledger.reproduce.recorded import RecordedRun
    from projections.database import Connection


def model_checkout(
    *,
    model: Annotated[
        str, Argument(metavar="MODEL[@VERSION|@ALIAS]", help="newest without a name")
    ],
    folder: Annotated[
        Path | None, Option(help="where; by default MODEL-VERSION here")
    ] = None,
    with_data: Annotated[
        list[str] | None,
        Option(
            metavar="[NAME=]DATA",
            help="train on this instead: a path, a data set, an id of its version",
        ),
    ] = None,
    repository: RepositoryOption = None,
    notebook: NotebookOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Make a folder with code, inputs, environment and settings of a model's training.

    Ready to be changed and run; the new run records from which it is derived.
    ``--with-data`` changes the data alone.
    """
    form = chosen(output, json=json)
    with reporting("model checkout", form):
        from ledger.reproduce.checkout import check_out
        from ledger.reproduce.prepare import Wishes

        with _training_of(home, model) as (config, connection, recorded, title):
            done = check_out(
                config,
                recorded,
                folder or Path(title.replace("@", "-").replace("/", "-")),
                title=title,
                wishes=Wishes(repository=repository, notebook=notebook),
                other_data=_other_data(config, connection, with_data or []),
            )
        emit(_checkout_answer(recorded, done, title), form)


@contextmanager
def _training_of(
    home: Path | None, model: str
) -> Generator[tuple[Config, Connection, RecordedRun, str]]:
    from ledger.errors import NotFoundError
    from projections.lineage.recorded import version_named

    name, _, label = model.partition("@")
    with opened(home) as (config, database), database.connect("auditor") as connection:
        version = version_named(connection, name, label or None)
        title = f"{name}@{version.version}"
        if version.run_id is None:
            raise NotFoundError(f"{title}: no training run is recorded")
        run = verified_run(config, connection, str(version.run_id))
        yield config, connection, run, title


def _other_data(
    config: Config, connection: Connection, texts: Sequence[str]
) -> dict[str, Path]:
    """Return what ``--with-data`` says; data without a name has an empty one."""
    found: dict[str, Path] = {}
    for text in texts:
        name, mark, data = text.partition("=")
        chosen_data = data if mark else text
        path = Path(chosen_data)
        if not path.exists():
            path = _recorded_data(config, connection, chosen_data)
        found[name if mark else ""] = path
    return found


def _recorded_data(config: Config, connection: Connection, name: str) -> Path:
    """Return where a data set version lies: by its event id, or a data set's newest."""
    from uuid import UUID

    from ledger.errors import NotFoundError
    from ledger.reproduce.inputs import lies_at
    from projections.lineage.queries import dataset_versions

    try:
        found = dataset_versions(connection, dataset_version=UUID(name), limit=1)
    except ValueError:
        found = dataset_versions(connection, dataset=name, limit=1)
    if not found:
        raise NotFoundError(f"{name}: no such path, data set or version of one")
    path = lies_at(config, found[0].digest, found[0].scheme or "")
    if path is None:
        raise NotFoundError(
            f"{name}: no file with {found[0].digest} is at hand",
            hint="name the path of a copy",
        )
    return path


def _checkout_answer(run: RecordedRun, done: Checkout, title: str) -> Answer:
    from ledger.reproduce.checkout import README

    gaps = [f"{gap.kind}: {gap.why}" for gap in done.prepared.gaps]
    data: dict[str, object] = {
        "model": title,
        "derived_from": format_id(run.id),
        "folder": str(done.folder),
        "start_in": str(done.cwd),
        "command": done.command,
        "changed": dict(done.changed),
        "missing": gaps,
        "notes": list(done.prepared.notes),
    }
    lines = [f"{title} is in {done.folder}; how to run it: {README}"]
    lines += [f"  note: {text}" for text in done.prepared.notes]
    lines += [f"  input {name} replaced by {to}" for name, to in done.changed.items()]
    lines += [f"  missing: {text}" for text in gaps]
    return Answer("model checkout", data, text="\n".join(map(visible, lines)))
