"""Parts of a release, by content: configuration, schema, instructions, thresholds.

Secrets are cut out first, so the digest is of the text without them: a rotated password
changes no release, and none is ever hashed. The cuts are named beside the digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ledger.errors import InvalidEventError
from ledger.sdk.content import content_of
from ledger.secrets import Redaction, redact_mapping, redact_text

Part = Mapping[str, Any] | str | Path | bytes
Store = Callable[[bytes], str]


def part_digest(
    value: Part | None, *, name: str, store: Store, cuts: list[Redaction]
) -> str | None:
    """Return the digest of one part of a release.

    Args:
        value: a mapping, digested as RFC 8785 JSON; a path of a file or folder; bytes;
            or a digest, ``sha256:<hex>``, that was computed before.
        name: the part's name, for the record of cuts.
        store: keeps what was digested, except folders, and returns its digest.
        cuts: takes what was cut out.

    Raises:
        InvalidEventError: a value in the mapping is none that JSON knows.
        OSError: the file cannot be read.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        clean, found = redact_mapping(value, where=name)
        cuts.extend(found)
        return store(canonical_json(clean, name=name))
    if isinstance(value, str) and is_digest(value):
        return value
    if isinstance(value, (str, Path)):
        if Path(value).is_dir():
            return content_of(Path(value)).digest
        value = Path(value).read_bytes()
    return store(_clean_bytes(value, name, cuts))


def canonical_json(value: object, *, name: str) -> bytes:
    """Return a value as RFC 8785 JSON.

    Raises:
        InvalidEventError: a value is none that JSON knows.
    """
    import rfc8785

    try:
        return rfc8785.dumps(_json_value(value))
    except ValueError as error:  # a lone surrogate in a key too
        raise InvalidEventError(
            f"{name}: {error}", hint="use numbers, text, lists and mappings"
        ) from error


def cut_references(cuts: Sequence[Redaction]) -> list[str]:
    """Return the names of values that were cut out, for ``secret_references``."""
    return [f"cut: {cut.where} ({cut.kind})"[:256] for cut in cuts]


def is_digest(text: str) -> bool:
    """Tell whether a text is ``sha256:`` and 64 lower-case hexadecimal digits."""
    scheme, _, digits = text.partition(":")
    return scheme == "sha256" and len(digits) == 64 and not set(digits) - _HEX


_HEX = frozenset("0123456789abcdef")


def _clean_bytes(data: bytes, name: str, cuts: list[Redaction]) -> bytes:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    clean, found = redact_text(text, where=name)
    cuts.extend(found)
    return clean.encode()


def _json_value(value: object) -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): _json_value(item) for key, item in items}
    if isinstance(value, (list, tuple)):
        return [_json_value(item) for item in cast("Sequence[object]", value)]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    item: Any = getattr(value, "item", None)
    return item() if item is not None else str(value)
