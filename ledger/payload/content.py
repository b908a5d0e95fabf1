"""What a payload says: its one spelling as bytes, and the commitment to it.

The content is the JSON object ``{"decision_id", "features", "output", "schema",
"subject"}`` in the one spelling of RFC 8785. The commitment that a decision carries is
HMAC-SHA-256 under a salt of 32 random bytes, fresh for each decision: without the salt
no guess at the content can be tested, and under one salt no other content fits.

Numbers that JSON cannot hold (NaN and the infinities) become the texts ``"NaN"``,
``"Infinity"`` and ``"-Infinity"``. No error text repeats what a payload says.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any, cast
from uuid import UUID

from ledger.errors import IntegrityError, InvalidEventError, MalformedError

SCHEMA = "mlledger.payload/1"
SALT = 32
MAX_CONTENT = 256 << 10
"""Largest content in bytes: event and envelope share one frame of the journal."""
MAX_SUBJECT = 256
_NO_PAYLOAD = (AttributeError, InvalidEventError, RecursionError, TypeError, ValueError)
_KEYS = {"decision_id", "features", "output", "schema", "subject"}
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Payload:
    """The personal data behind one decision.

    Attributes:
        decision_id: 16 bytes.
        subject: the caller's identifier of the person, 1 to 256 characters.
        features: what the model was given, as JSON values.
        output: what it answered exactly, as a JSON value.
    """

    decision_id: bytes
    subject: str
    features: Any
    output: Any

    def __repr__(self) -> str:
        """Name the decision alone: a payload must not end up in a log file."""
        return f"Payload(decision_id={UUID(bytes=self.decision_id)})"


def encode_payload(payload: Payload) -> bytes:
    """Return the content bytes; :func:`parse_payload` is the inverse.

    Raises:
        InvalidEventError: the subject does not fit, or a value has no JSON form.
    """
    if not (isinstance(payload.subject, str) and 0 < len(payload.subject) <= 256):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidEventError(
            f"payload: subject: a text of 1 to {MAX_SUBJECT} characters is needed",
            hint="without it nobody could find the payload to erase it",
        )
    content = canonical(
        {
            "decision_id": str(UUID(bytes=payload.decision_id)),
            "features": payload.features,
            "output": payload.output,
            "schema": SCHEMA,
            "subject": payload.subject,
        }
    )
    if len(content) > MAX_CONTENT:
        raise InvalidEventError(
            f"payload: {len(content)} bytes, at most {MAX_CONTENT} are kept",
            hint="capture the features that the model used, not documents",
        )
    return content


def parse_payload(content: bytes) -> Payload:
    """Return what content bytes say; they must be in their one spelling.

    Raises:
        MalformedError: they are no payload, or written in another way.
    """
    try:
        data = json.loads(content)
        if data.keys() != _KEYS or data["schema"] != SCHEMA:
            raise MalformedError("payload: other members than a payload has")
        payload = Payload(
            UUID(data["decision_id"]).bytes,
            data["subject"],
            data["features"],
            data["output"],
        )
        written = encode_payload(payload)
    except _NO_PAYLOAD as error:
        # The cause would repeat what the payload says.
        raise MalformedError("payload: not the JSON of a payload") from (
            error if isinstance(error, InvalidEventError) else None
        )
    if written != content:
        raise MalformedError("payload: not in its only accepted spelling")
    return payload


def commitment(salt: bytes, content: bytes) -> bytes:
    """Return the 32-byte commitment to content under a 32-byte salt.

    Source: RFC 2104; log.md 1.10.
    """
    return hmac.digest(salt, content, "sha256")


def verify_commitment(*, salt: bytes, content: bytes, committed: bytes) -> None:
    """Check that a decision committed to this very content.

    Args:
        salt: 32 bytes.
        content: from :func:`encode_payload`.
        committed: ``payload_commitment`` of the sealed decision.

    Raises:
        IntegrityError: it committed to something else.
    """
    if len(salt) != SALT or not hmac.compare_digest(
        commitment(salt, content), committed
    ):
        raise IntegrityError("the payload is not the one the decision committed to")


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return an object as RFC 8785 JSON; numpy and pandas values become plain ones.

    Features are mostly flat, plain and ASCII: there the interpreter's own encoder
    writes the same bytes, at a fifth of the time. A test compares the two.

    Raises:
        InvalidEventError: a value has no JSON form; the text names its type alone.
    """
    if all(_is_flat(item) for item in value.values()):
        text = _quick(value)
        if text.isascii() and not any(part in text for part in _UNLIKE):
            return text.encode()
    return _slow(_plain(value, 0))


_quick = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode
_TEXT = frozenset({str})
_SCALARS = frozenset({str, int, float, bool, type(None)})
# What RFC 8785 writes in another way: a whole fraction, an exponent, a number that is
# none. A text that holds such letters only takes the slow way.
_UNLIKE = (".0,", ".0]", ".0}", "e-", "e+", "NaN", "Infinity")
_EXACT = 1 << 53


def _is_flat(value: Any) -> bool:
    kind = cast("type[object]", type(value))
    if kind is dict:
        if set(map(type, value)) - _TEXT:
            return False
        value = list(value.values())
    elif kind is not list:
        value = [value]
    kinds = set(map(type, value))
    if int in kinds and not all(-_EXACT < n < _EXACT for n in value if type(n) is int):
        return False
    return kinds <= _SCALARS


def _slow(value: Any) -> bytes:
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, ValueError):
        raise InvalidEventError(
            "payload: a number beyond 2^53 or a text that is no Unicode",
            hint="give such a number as text",
        ) from None


def _plain(value: Any, depth: int) -> Any:
    """Return a value made of JSON's own types."""
    kind = cast("type[object]", type(value))
    if kind is float:
        return _number(value)
    if kind in _SCALARS:
        return value
    if depth > _DEEPEST:
        raise InvalidEventError(f"payload: nested deeper than {_DEEPEST} levels")
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value)
        return {_name(key): _plain(item, depth + 1) for key, item in items.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in cast("Sequence[Any]", value)]
    return _plain(_changed(value), depth + 1)


def _changed(value: Any) -> Any:
    """Return what a value of another library, or of a derived class, stands for."""
    for method in ("to_dict", "tolist", "item"):  # a pandas row; numpy's values
        if (change := getattr(value, method, None)) is not None:
            return change()
    if isinstance(value, (str, int, float)):
        return _base(value)
    raise InvalidEventError(
        f"payload: a value of type {type(value).__name__} has no JSON form",
        hint="give texts, numbers, lists and mappings",
    )


def _number(value: float) -> float | str:
    if isfinite(value):
        return value
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _base(value: str | float) -> str | int | float:
    """Return a value of a derived class, such as an enumeration's, as its base."""
    if isinstance(value, str):
        return str.__str__(value)
    return int(value) if isinstance(value, int) else float(value)


def _name(key: object) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise InvalidEventError(
        f"payload: a key of type {type(key).__name__}, but names are texts"
    )
