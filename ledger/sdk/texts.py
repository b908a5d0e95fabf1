"""Foreign text made fit for an event: secrets cut, names joined, long text kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from ledger.errors import InvalidEventError
from ledger.secrets import Redaction, redact_mapping

MAX_TEXT = 256


def fitting(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text without control characters, cut to ``limit`` characters."""
    return _printable(text)[:limit]


def text_values(
    values: Mapping[str, object], *, where: str, store: Callable[[bytes], str]
) -> tuple[dict[str, str], tuple[Redaction, ...]]:
    """Return values as texts of at most 256 characters, without secrets.

    Args:
        values: name → anything; nested mappings become ``outer.inner``.
        where: the place, for the record of cuts.
        store: keeps a longer text; its digest then stands for it.

    Raises:
        InvalidEventError: a name is longer than 256 characters.
    """
    clean, cuts = redact_mapping(values, where=where)
    texts: dict[str, str] = {}
    for name, value in _flat(clean, ""):
        if len(name) > MAX_TEXT:
            raise InvalidEventError(
                f"{where}: {name[:40]}…: a name of {len(name)} characters; at most 256"
            )
        text = _printable(str(value))
        texts[name] = text if len(text) <= MAX_TEXT else store(text.encode())
    return texts, cuts


def _flat(values: Mapping[str, object], prefix: str) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and len(value) > 0:  # pyright: ignore[reportUnknownArgumentType]
            inner = cast("Mapping[str, object]", value)
            rows += _flat(inner, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", cast("object", value)))
    return rows


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode()
        for c in text
    )
