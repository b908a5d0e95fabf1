"""Fields out of a chain: each value with its status and the log entry it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dashboard.reports.model import Evidence, Field, Status, not_recorded
from projections.chain_steps import STEPS

if TYPE_CHECKING:
    from projections.chain import Chain, Link

_EMPTY: tuple[object, ...] = (None, "", [], {})


class Facts:
    """What a chain says, asked field by field; what it does not say is a gap.

    Args:
        chain: of a decision; gaps in it count as absent.
    """

    def __init__(self, chain: Chain) -> None:
        self._links = [link for link in chain.links if link.missing is None]
        self._gaps = [link for link in chain.links if link.missing is not None]

    def links(self, kind: str) -> list[Link]:
        """Return the recorded links of a kind, in the order of the chain."""
        return [link for link in self._links if link.kind == kind]

    def first(self, kind: str) -> Link | None:
        """Return the first recorded link of a kind, or None."""
        return next(iter(self.links(kind)), None)

    def field(
        self, path: str, title: str, kind: str, column: str, *, fills: str = ""
    ) -> Field:
        """Return one column of the links of a kind; several values are a conflict.

        Args:
            path: stable name of the field.
            title: what a person reads.
            kind: of the chain's links.
            column: of the link's fields, or ``event_id``, ``time``, ``sealed_at``.
            fills: event type that fills the place; by default that of the kind.
        """
        said = [(link, value_of(link, column)) for link in self.links(kind)]
        said = [(link, value) for link, value in said if value not in _EMPTY]
        if not said:
            return not_recorded(path, title, fills=fills or STEPS[kind].types[0])
        values = _distinct(value for _, value in said)
        if len(values) > 1:
            links = [link for link, _ in said]
            return made(path, title, values, links, status="conflicting")
        return made(path, title, values[0], [said[0][0]])

    def fields(
        self, path: str, title: str, kind: str, columns: Sequence[str]
    ) -> list[Field]:
        """Return one field for each link of a kind and for each gap in it.

        Where the kind has neither, one gap stands for all.
        """
        found = [
            made(f"{path}.{link.event_id}", title, summary(link, columns), [link])
            for link in self.links(kind)
        ]
        gaps = [link for link in self._gaps if link.kind == kind]
        found += [
            not_recorded(f"{path}.gap-{number}", title, fills=link.missing or "")
            for number, link in enumerate(gaps, 1)
        ]
        return found or [not_recorded(path, title, fills=STEPS[kind].types[0])]

    def derived(
        self,
        path: str,
        title: str,
        needed: Sequence[tuple[Link | None, str]],
        rule: Callable[[], Any],
        *,
        also: Sequence[Link] = (),
    ) -> Field:
        """Return what follows from several links, or a gap when one of them is absent.

        Args:
            path: stable name of the field.
            title: what a person reads.
            needed: links, each with the event type that would fill its place.
            rule: computes the value when all are there; None is a gap as well.
            also: further links the rule looks at.
        """
        for link, fills in needed:
            if link is None:
                return not_recorded(path, title, fills=fills)
        value = rule()
        if value is None:
            return not_recorded(path, title, fills=needed[-1][1])
        links = [link for link, _ in needed if link]
        return made(path, title, value, [*links, *also], status="derived")


def made(
    path: str,
    title: str,
    value: Any,
    links: Sequence[Link],
    *,
    status: Status | None = None,
) -> Field:
    """Return a field with its evidence; a person's statement is ``stated``."""
    first = links[0]
    known: Status = "stated" if first.basis == "stated" else "recorded"
    return Field(
        path,
        title,
        value,
        status or known,
        evidence=tuple(evidence(link) for link in links),
        basis=first.basis,
        asserted_by=first.identity,
        as_of=printed(first.time),
    )


def evidence(link: Link) -> Evidence:
    """Return where a link is in the log."""
    position = link.position
    return Evidence(
        event_id=str(link.event_id),
        type=link.type or "",
        origin=position.origin if position else "",
        leaf=position.leaf if position else -1,
        index=position.index if position else -1,
        integrity=link.integrity,
    )


def value_of(link: Link, column: str) -> Any:
    """Return what a link says in a column, times and ids as text."""
    if column == "event_id":
        return str(link.event_id)
    if column in {"time", "sealed_at"}:
        return printed(getattr(link, column))
    return link.fields.get(column)


def summary(link: Link, columns: Sequence[str]) -> dict[str, Any]:
    """Return several columns of a link, without those that say nothing."""
    said = {column: compact(value_of(link, column)) for column in columns}
    return {column: value for column, value in said.items() if value not in _EMPTY}


def compact(value: Any) -> Any:
    """Return a nested value without the members that say nothing."""
    if isinstance(value, dict):
        items = {key: compact(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return {key: item for key, item in items.items() if item not in _EMPTY}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [compact(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def printed(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_before(one: Link | None, other: Link | None) -> bool:
    """Tell whether both are there and the first is claimed not to be the later."""
    first, second = (printed(link.time) if link else None for link in (one, other))
    return first is not None and second is not None and first <= second


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
