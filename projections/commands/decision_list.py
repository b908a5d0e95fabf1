"""``mlledger decision ls``."""

from __future__ import annotations

from typing import Annotated

from typer import Option

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
from projections.commands.opening import (
    LimitOption,
    TokenOption,
    auditing,
    bounds,
    identifier,
    rows_of,
)


def ls(  # noqa: PLR0913  options
    *,
    release: Annotated[str | None, Option(help="of this release (event id)")] = None,
    deployment: Annotated[str | None, Option(help="of this deployment")] = None,
    model: Annotated[str | None, Option(help="of this model (name)")] = None,
    limit: LimitOption = 20,
    page_token: TokenOption = "",
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List decisions, newest first."""
    form = chosen(output, json=json)
    with reporting("decision ls", form), auditing(home) as connection:
        from projections.decisions.queries import decision_list
        from projections.registry.paging import Paging

        limits = bounds(as_of, known_as_of)
        paging = Paging(
            ("decision ls", release, deployment, model, limits), is_newest_first=True
        )
        found = paging.newest(
            decision_list(
                connection,
                release=identifier(release) if release else None,
                deployment=identifier(deployment) if deployment else None,
                model=model,
                before=paging.before(page_token),
                limit=limit + 1,
                bounds=limits,
            ),
            limit,
        )
        columns = ("decision_id", "time", "model", "version", "environment", "output")
        rows = rows_of(found, key="decision_id")
        emit_rows(
            "decision ls",
            rows,
            form,
            columns=columns,
            token=found.next_page_token,
            connection=connection,
        )
