"""Lists of releases and deployments, page by page, the newest first."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from projections.asking import ALWAYS, Bounds, asking
from projections.registry.answers import Deployment, Release
from projections.registry.paging import Page, Paging
from projections.statements import composed, part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.database import Connection
    from projections.evidence import Evidence

_PACKAGE = "projections.registry"
_Row = TypeVar("_Row", bound="Evidence")


def release_page(
    connection: Connection,
    *,
    model: str | None = None,
    limit: int = 100,
    page_token: str = "",
    bounds: Bounds = ALWAYS,
) -> Page[Release]:
    """Return a page of releases, withdrawn ones too.

    Args:
        connection: of any role.
        model: name of the model; None: all.
        limit: at most so many rows, 1 or more.
        page_token: where the page before ended, ``next_page_token`` of the answer.
        bounds: which facts count.

    Raises:
        InvalidEventError: the token is of another question.
    """
    asked = {"model": model, "release": None, "model_version": None, "label": None}
    return _page(connection, "releases", Release, asked, limit, page_token, bounds)


def deployment_page(
    connection: Connection,
    *,
    environment: str | None = None,
    model: str | None = None,
    limit: int = 100,
    page_token: str = "",
    bounds: Bounds = ALWAYS,
) -> Page[Deployment]:
    """Return a page of deployments, ended ones too; otherwise as :func:`release_page`.

    Args:
        connection: of any role.
        environment: name of the environment; None: any.
        model: name of the model; None: any.
        limit: at most so many rows, 1 or more.
        page_token: where the page before ended, ``next_page_token`` of the answer.
        bounds: which facts count.

    Raises:
        InvalidEventError: the token is of another question.
    """
    asked = {"environment": environment, "model": model, "deployment": None}
    return _page(
        connection, "deployments", Deployment, asked, limit, page_token, bounds
    )


def _page(
    connection: Connection,
    question: str,
    kind: type[_Row],
    asked: Mapping[str, object],
    limit: int,
    page_token: str,
    bounds: Bounds,
) -> Page[_Row]:
    paging = Paging((question, asked, bounds), is_newest_first=True)
    statement = composed(
        _PACKAGE,
        "page_newest",
        found=part(_PACKAGE, question),
        columns=SQL(", ").join(
            Identifier(one.name) for one in fields(cast("Any", kind))
        ),
    )
    values = {
        **asked,
        "limit": None,
        "after": paging.place(page_token),
        "rows": limit + 1,
        "as_of": bounds.as_of,
        "known_as_of": bounds.known_as_of,
    }
    with asking(), connection.cursor(row_factory=class_row(kind)) as cursor:
        rows = cursor.execute(statement, values).fetchall()
    return paging.newest(rows, limit)
