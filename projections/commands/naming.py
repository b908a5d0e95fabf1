"""``mlledger model alias ls | set | rm | history``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer import Argument, Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    MomentOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, emit, format_id, reporting
from ledger.visible import visible
from projections.commands.listing import emit_rows
from projections.commands.looking import current, marked, present, version_named
from projections.commands.opening import (
    LimitOption,
    auditing,
    bounds,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from uuid import UUID

    from ledger.options import Format
    from ledger.sdk import Entry, Ledger, ModelVersion
    from projections.database import Connection

ModelArgument = Annotated[str, Argument(metavar="MODEL", help="name of the model")]
AliasArgument = Annotated[str, Argument(metavar="ALIAS", help="such as champion")]
ByOption = Annotated[str | None, Option("--by", help="identity that signs")]
ReasonOption = Annotated[str | None, Option(help="why")]
_FLUSH_S = 30.0


def group() -> typer.Typer:
    """Return the group ``alias``."""
    made = typer.Typer(help="Names that mean a version, with their history.")
    made.command("ls")(alias_ls)
    made.command("set")(alias_set)
    made.command("rm")(alias_rm)
    made.command("history")(alias_history)
    return made


def alias_ls(
    *,
    model: ModelArgument,
    alias: Annotated[str | None, Option(help="this one alone")] = None,
    limit: LimitOption = 1_000,
    as_of: MomentOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Say which versions the aliases of a model mean, now or at --as-of."""
    form = chosen(output, json=json)
    with reporting("model alias ls", form), auditing(home) as connection:
        from projections.registry.naming import alias_at

        limits = current(bounds(as_of, known_as_of))
        found = alias_at(connection, model, alias=alias, limit=limit + 1, bounds=limits)
        columns = ("alias", "version", "time", "identity", "reason", "late")
        emit_rows(
            "model alias ls",
            marked(rows_of(found)),
            form,
            columns=columns,
            limit=limit,
            connection=connection,
        )


def alias_history(
    *,
    model: ModelArgument,
    alias: Annotated[str | None, Option(help="this one alone")] = None,
    limit: LimitOption = 1_000,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Say what the aliases of a model have meant, newest first."""
    form = chosen(output, json=json)
    with reporting("model alias history", form), auditing(home) as connection:
        from projections.registry.naming import alias_history as ask_history

        limits = bounds(as_of, known_as_of)
        found = ask_history(
            connection, model, alias=alias, limit=limit + 1, bounds=limits
        )
        columns = (
            "time",
            "valid_to",
            "alias",
            "version",
            "identity",
            "reason",
            "contradicts",
            "late",
        )
        emit_rows(
            "model alias history",
            marked(rows_of(found)),
            form,
            columns=columns,
            limit=limit,
            connection=connection,
        )


def alias_set(
    *,
    model: ModelArgument,
    alias: AliasArgument,
    version: Annotated[str, Argument(metavar="VERSION", help="label or event id")],
    reason: ReasonOption = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Point an alias at a version from now on."""
    form = chosen(output, json=json)
    with reporting("model alias set", form):
        with auditing(home) as connection:
            wanted = _version(connection, model, version)
            before = _meant(connection, model, alias)
        with recording(home) as lg:
            made = lg.set_alias(
                model, alias, wanted, previous=before, reason=reason, by=by
            )
        said("model alias set", made, f"{model}@{alias} means {wanted.version}", form)


def alias_rm(
    *,
    model: ModelArgument,
    alias: AliasArgument,
    reason: ReasonOption = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Take an alias away; its history stays."""
    form = chosen(output, json=json)
    with reporting("model alias rm", form):
        with auditing(home) as connection:
            before = present(_meant(connection, model, alias), f"{model}@{alias}")
        with recording(home) as lg:
            made = lg.delete_alias(model, alias, previous=before, reason=reason, by=by)
        said("model alias rm", made, f"{model}@{alias} means nothing now", form)


def _version(connection: Connection, model: str, version: str) -> ModelVersion:
    from uuid import UUID

    from projections.asking import ALWAYS

    try:
        name = str(UUID(version))
    except ValueError:
        name = f"{model}@{version}"
    found = version_named(connection, name, ALWAYS)
    return _version_handle(connection, found.event_id)


def _meant(connection: Connection, model: str, alias: str) -> ModelVersion | None:
    from projections.asking import ALWAYS
    from projections.registry.naming import alias_at

    found = alias_at(connection, model, alias=alias, bounds=current(ALWAYS))
    return _version_handle(connection, found[0].model_version_id) if found else None


def _version_handle(connection: Connection, key: UUID) -> ModelVersion:
    from ledger.sdk import ModelVersion
    from projections.registry.queries import model_versions

    found = present(model_versions(connection, model_version=key), f"version {key}")[0]
    return ModelVersion(
        id=key.bytes,
        digest=digest_of(connection, key),
        model=found.model,
        version=found.version,
        content=found.artifact_digest,
        scheme=found.artifact_scheme or "unknown",
    )


def digest_of(connection: Connection, key: UUID) -> bytes:
    """Return the digest by which other events refer to an event exactly."""
    from projections.integrity.queries import event_find

    return present(event_find(connection, key), f"event {key}").digest


@contextmanager
def recording(home: Path | None) -> Generator[Ledger]:
    """Give a client of the home, and have in the log what it recorded."""
    from ledger.errors import LogUnavailableError
    from ledger.sdk import init

    with init(home, quiet=True) as lg:
        yield lg
        if not lg.flush(_FLUSH_S):
            raise LogUnavailableError(
                "the log has not taken it yet; it is in the journal",
                hint="the next process sends it, or: mlledger journal flush",
            )


def said(command: str, made: Entry, text: str, form: Format) -> NoReturn:
    """Print what was recorded, and end the process."""
    data = {"event_id": format_id(made.id), "name": made.name}
    line = visible(f"{text}  (event {data['event_id']})")
    emit(Answer(command, data, text=line), form)
