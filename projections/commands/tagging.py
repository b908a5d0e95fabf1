"""``mlledger model tag ls | set | rm``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from typer import Argument

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import reporting
from projections.commands.listing import emit_rows
from projections.commands.looking import present, version_named
from projections.commands.naming import digest_of, recording, said
from projections.commands.opening import auditing, bounds, rows_of

if TYPE_CHECKING:
    from ledger.sdk import Handle
    from projections.asking import Bounds
    from projections.database import Connection

ObjectArgument = Annotated[
    str,
    Argument(metavar="OBJECT", help="MODEL, MODEL@VERSION, or an event id of anything"),
]
KeyArgument = Annotated[str, Argument(metavar="KEY", help="name of the tag")]


def group() -> typer.Typer:
    """Return the group ``tag``."""
    made = typer.Typer(help="Tags of models, versions, runs and releases.")
    made.command("ls")(tag_ls)
    made.command("set")(tag_set)
    made.command("rm")(tag_rm)
    return made


def tag_ls(
    *,
    object: ObjectArgument,  # noqa: A002  the word of the event type
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List the tags of a model, a version, or anything with an event id."""
    form = chosen(output, json=json)
    with reporting("model tag ls", form), auditing(home) as connection:
        from projections.registry.naming import tags

        limits = bounds(as_of, known_as_of)
        found = tags(connection, _object(connection, object, limits), bounds=limits)
        columns = ("key", "value", "time", "identity")
        rows = rows_of(found)
        emit_rows("model tag ls", rows, form, columns=columns, connection=connection)


def tag_set(
    *,
    object: ObjectArgument,  # noqa: A002  the word of the event type
    key: KeyArgument,
    value: Annotated[str, Argument(metavar="VALUE", help="its value")],
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Set a tag from now on."""
    form = chosen(output, json=json)
    with reporting("model tag set", form):
        with auditing(home) as connection:
            tagged, before = _tagged(connection, object, key)
        with recording(home) as lg:
            made = lg.set_tag(tagged, key, value, previous=before)
        said("model tag set", made, f"{object}: {key} = {value}", form)


def tag_rm(
    *,
    object: ObjectArgument,  # noqa: A002  the word of the event type
    key: KeyArgument,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Remove a tag from now on; its history stays."""
    form = chosen(output, json=json)
    with reporting("model tag rm", form):
        with auditing(home) as connection:
            tagged, before = _tagged(connection, object, key)
        present(before, f"tag {key} of {object}")
        with recording(home) as lg:
            made = lg.delete_tag(tagged, key, previous=before)
        said("model tag rm", made, f"{object}: {key} is removed", form)


def _tagged(connection: Connection, name: str, key: str) -> tuple[Handle, str | None]:
    """Return what is to be tagged, and the value that the tag has now."""
    from ledger.sdk import Entry
    from projections.asking import ALWAYS
    from projections.registry.naming import tags

    found = _object(connection, name, ALWAYS)
    known = {one.key: one.value for one in tags(connection, found)}
    digest = digest_of(connection, found)
    return Entry(id=found.bytes, digest=digest, name=name), known.get(key)


def _object(connection: Connection, name: str, limits: Bounds) -> UUID:
    from projections.registry.queries import model_list

    try:
        return UUID(name)
    except ValueError:
        pass
    if "@" in name:
        return version_named(connection, name, limits).event_id
    models = present(model_list(connection, model=name, bounds=limits), name)
    return present(models[0].event_id, f"registration of model {name}")
