"""Foreign text made fit for an event: secrets cut, names joined, long text kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import InvalidEventError, JournalError
from ledger.secrets import Redaction, redact_mapping

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MAX_TEXT = 256


@dataclass(slots=True)
class Texts:
    """Values made fit, item by item.

    Attributes:
        fit: name → text of at most 256 characters, without secrets.
        cuts: the secrets that were cut out.
        left_out: neutral name → why that one item cannot be recorded.
    """

    fit: dict[str, str] = field(default_factory=dict[str, str])
    cuts: list[Redaction] = field(default_factory=list[Redaction])
    left_out: dict[str, Exception] = field(default_factory=dict[str, Exception])


def fitting(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text without control characters, cut to ``limit`` characters."""
    return _printable(text, keep="\n\t")[:limit]


def neutral(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text of one line, in which nothing steers a screen, cut to a limit."""
    return _printable(text, keep="")[:limit]


def texts_of(
    values: Mapping[str, object], *, where: str, store: Callable[[bytes], str]
) -> Texts:
    """Return values as texts, each for itself: one that does not fit costs no other.

    Args:
        values: name → anything; nested mappings become ``outer.inner``.
        where: the place, for the record of cuts.
        store: keeps a longer text; its digest then stands for it.

    Raises:
        JournalError: ``store`` raised it.
    """
    made = Texts()
    for key, value in values.items():
        try:
            clean, cuts = redact_mapping({key: value}, where=where)
            made.cuts.extend(cuts)
            for name, item in _flat(clean, ""):
                _take(made, name, item, store)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001  the caller is told, item by item
            made.left_out[_told(key)] = error
    return made


def text_values(
    values: Mapping[str, object], *, where: str, store: Callable[[bytes], str]
) -> tuple[dict[str, str], tuple[Redaction, ...]]:
    """Return all values as texts of at most 256 characters, without secrets.

    Args:
        values: as of :func:`texts_of`.
        where: likewise.
        store: likewise.

    Raises:
        InvalidEventError: an item does not fit; the text says which.
    """
    made = texts_of(values, where=where, store=store)
    for name, error in made.left_out.items():
        raise InvalidEventError(f"{where}: {name[:40]}: {error}") from error
    return made.fit, tuple(made.cuts)


def refuse_unfit(name: str) -> None:
    """Check a name or text by the rule of the field that takes it.

    Raises:
        InvalidEventError: it is too long or holds what no text may hold.
    """
    from pydantic import ValidationError

    try:
        _checker().validate_python(name)
    except ValidationError as error:
        if len(name) > MAX_TEXT:
            raise InvalidEventError(f"{len(name)} characters; at most 256") from error
        problem = str(error.errors(include_url=False, include_input=False)[0]["msg"])
        raise InvalidEventError(problem.removeprefix("Value error, ")) from error


def _take(made: Texts, name: str, item: object, store: Callable[[bytes], str]) -> None:
    try:
        refuse_unfit(name)
        text = _printable(str(item), keep="\n\t")
        text = text if len(text) <= MAX_TEXT else store(text.encode())
        refuse_unfit(text)
        made.fit[name] = text
    except JournalError:
        raise
    except Exception as error:  # noqa: BLE001  the caller is told, item by item
        made.left_out[_told(name)] = error


def _told(name: object) -> str:
    return neutral(str(name), 200)


@cache
def _checker() -> TypeAdapter[str]:
    from pydantic import TypeAdapter

    from ledger.events.types import Text

    return TypeAdapter(cast("Any", Text))


def _flat(values: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and len(value) > 0:  # pyright: ignore[reportUnknownArgumentType]
            inner = cast("Mapping[str, object]", value)
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", cast("object", value)


def _printable(text: str, *, keep: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode()
        for c in text
    )
