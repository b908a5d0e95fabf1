"""Pages of an answer: each ends with a token from which the next one begins.

A token names the place of the last row by what it is sorted by, so that rows which come
in between neither repeat nor hide others. It fits the very question that gave it.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from uuid import UUID

from ledger.errors import InvalidEventError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_Row = TypeVar("_Row")
_Timed = TypeVar("_Timed", bound="Timed")
_MOST = 100_000
_HINT = "begin again without a page token"


class Timed(Protocol):
    """A row that is placed by its time and event id."""

    @property
    def event_id(self) -> UUID | None:
        """Id of its event."""
        ...

    @property
    def time(self) -> datetime | None:
        """When it was said to have happened."""
        ...


class Page(list[_Row]):
    """Rows of an answer, and where it goes on.

    Attributes:
        next_page_token: what the next page is asked for with; empty at the end.
    """

    def __init__(self, rows: Iterable[_Row], next_page_token: str = "") -> None:
        super().__init__(rows)
        self.next_page_token = next_page_token


@dataclass(frozen=True, slots=True)
class Paging:
    """The pages of one question.

    Attributes:
        question: everything that makes it this question, such as filter and order.
        is_newest_first: whether a place is a time and an event id.
        parts: how many texts a place has, 2 or more.
    """

    question: Sequence[object]
    is_newest_first: bool = False
    parts: int = field(default=2)

    def token(self, place: Sequence[str]) -> str:
        """Return the token of the page that begins after a place."""
        text = json.dumps({"asked": self._digest(), "after": list(place)})
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def place(self, token: str) -> list[str] | None:
        """Return the place that a token names; None where there is no token.

        Raises:
            InvalidEventError: it is no token, or one of another question.
        """
        if not token:
            return None
        found = _parsed(token)
        if found.get("asked") != self._digest():
            raise InvalidEventError(
                "page token: it belongs to another filter, order or time",
                hint=f"repeat the question that gave it, or {_HINT}",
            )
        place = found.get("after")
        if not self._fits(place):
            raise _refused()
        return cast("list[str]", place)

    def before(self, token: str) -> tuple[datetime, UUID] | None:
        """Return time and event id of the place that a token names, newest first.

        Raises:
            InvalidEventError: it is no token, or one of another question.
        """
        place = self.place(token)
        if place is None:
            return None
        return datetime.fromisoformat(place[0]), UUID(place[1])

    def newest(self, rows: Sequence[_Timed], limit: int) -> Page[_Timed]:
        """Return the page of rows that were asked for with one more than the limit."""
        if len(rows) <= limit:
            return Page(rows)
        last = rows[limit - 1]
        return Page(rows[:limit], self.token([str(last.time), str(last.event_id)]))

    def _digest(self) -> str:
        text = json.dumps([self.is_newest_first, *map(str, self.question)])
        return sha256(text.encode()).hexdigest()[:16]

    def _fits(self, place: object) -> bool:
        if not isinstance(place, list):
            return False
        texts = [one for one in cast("list[object]", place) if isinstance(one, str)]
        if len(texts) != self.parts or any("\0" in one for one in texts):
            return False
        if self.is_newest_first:
            try:
                datetime.fromisoformat(texts[0])
                UUID(texts[1])
            except ValueError:
                return False
        return True


def _parsed(token: str) -> dict[str, Any]:
    if len(token) > _MOST:
        raise _refused()
    padded = token + "=" * (-len(token) % 4)
    try:
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _refused() from error
    if not isinstance(found, dict):
        raise _refused()
    return cast("dict[str, Any]", found)


def _refused() -> InvalidEventError:
    return InvalidEventError("page token: not one that a search gave", hint=_HINT)
