"""References between events: an id, and the digest of the very bytes it means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import IntegrityError
from ledger.output import format_id

if TYPE_CHECKING:
    from ledger.bundle.content import Reader


def verify_references(reader: Reader) -> None:
    """Check that every reference to an enclosed event names its very bytes.

    Raises:
        IntegrityError: one names another content.
    """
    digests = {event.id: event.digest() for event in reader.events.values()}
    for place, event in reader.events.items():
        for path, reference in references(event.fields, ""):
            digest = digests.get(reference["id"])
            if digest and reference["digest"] != f"sha256:{digest.hex()}":
                raise IntegrityError(
                    f"{place}: {path} names another content of event "
                    f"{format_id(reference['id'])}",
                    place=str(place),
                    expected=f"sha256:{digest.hex()}",
                    actual=str(reference["digest"]),
                )


def references(value: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every reference in the fields of an event, with the way to it."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        if items.keys() == {"id", "digest"} and isinstance(items["id"], bytes):
            yield path, items
            return
        for key, item in items.items():
            yield from references(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(cast("list[object]", value)):
            yield from references(item, f"{path}[{number}]")
