"""Vectors of the codec: ``python -m tests.support.codec_vectors`` writes those absent.

A vector that stands is never written again: what it says is the format. An event vector
holds the exact schema, one body and its fields as JSON; a body vector holds a body that
was altered as its name says, and whether a reader must refuse it.
"""

from __future__ import annotations

import json
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from ledger.avro import field_hints, is_nullable, schema_bytes
from ledger.codec import encode, to_json
from ledger.events.base import Event, Part, event_class, event_classes
from ledger.events.types import Bytes, Digest, Flag, Id, Real, Time

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "codec"
TIME = 1_795_253_312_254_757
SAMPLES: list[tuple[Any, Any]] = [
    (Id, bytes(range(16))),
    (Digest, "sha256:" + "ab" * 32),
    (Time, TIME),
    (Bytes, b"\x00\xff" * 4),
    (Flag, True),
    (Real, 0.25),
]


def sample(cls: type[Part]) -> dict[str, Any]:
    """Fields with every nullable field present and one item in every list and map."""
    return {name: _sample(hint, name) for name, hint in field_hints(cls).items()}


def _sample(hint: Any, name: str) -> Any:
    args = get_args(hint)
    if is_nullable(hint):
        return _sample(args[0], name)
    if get_origin(hint) is list:
        return [_sample(args[0], name)]
    if get_origin(hint) is dict:
        return {f"{name} ä": _sample(args[1], name)}
    for known, value in SAMPLES:
        if hint == known:
            return value
    if get_origin(hint) is Annotated:
        return 300 if args[0] is int else f"{name} ä"
    return list(hint)[-1].value if issubclass(hint, Enum) else sample(hint)


def event_vector(cls: type[Event]) -> dict[str, Any]:
    event = cls.validated(sample(cls))
    schema_id, body = encode(event)
    return {
        "type": cls.type_name,
        "version": cls.type_version,
        "schema": schema_bytes(cls).decode(),
        "schema_id": schema_id.hex(),
        "event": to_json(event),
        "body": body.hex(),
        "digest": sha256(body).hexdigest(),
    }


def zigzag(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def altered_bodies() -> dict[str, tuple[str, bytes, bool]]:
    """Name to type, body and whether a reader must refuse it."""
    decision = "prediction.decision.recorded"
    report = "ledger.stream.reported"
    revoked = "ledger.key.revoked"
    i, time = bytes(range(16)), zigzag(TIME)
    head = i + time + b"\x00" + i + i + b"\x00\x00\x00"
    tail = b"\x00\x00\x00\x00"
    plain = b"\x02\x04" + b"\x00\x00"
    good = head + plain + b"\x00" + tail

    def reasons(raw: bytes) -> bytes:
        return head + plain + raw + tail

    def output(raw: bytes) -> bytes:
        return head + b"\x02\x04" + b"\x02" + raw + b"\x00\x00" + tail

    def counts(raw: bytes) -> bytes:
        return i + time + raw + b"\x00"

    return {
        "as-written": (decision, good, False),
        "array-in-two-blocks": (decision, reasons(b"\x02\x02a\x02\x02b\x00"), False),
        "array-with-block-size": (decision, reasons(b"\x03\x08\x02a\x02b\x00"), False),
        "malformed-empty": (decision, b"", True),
        "malformed-cut-at-end": (decision, good[:-1], True),
        "malformed-cut-in-id": (decision, good[:9], True),
        "malformed-byte-more": (decision, good + b"\x00", True),
        "malformed-boolean-2": (
            decision,
            head + b"\x02\x04\x00\x02\x02\x00" + tail,
            True,
        ),
        "malformed-enum-negative": (
            decision,
            head + b"\x01\x04\x00\x00\x00" + tail,
            True,
        ),
        "malformed-enum-beyond": (
            decision,
            head + b"\x08\x04\x00\x00\x00" + tail,
            True,
        ),
        "malformed-union-branch-2": (
            decision,
            i + time + b"\x04" + good[len(i + time) + 1 :],
            True,
        ),
        "malformed-union-branch-negative": (
            decision,
            i + time + b"\x01" + good[len(i + time) + 1 :],
            True,
        ),
        "malformed-text-longer-than-body": (decision, output(zigzag(500) + b"x"), True),
        "malformed-text-of-4-exbibyte": (decision, output(zigzag(2**62) + b"x"), True),
        "malformed-text-length-negative": (decision, output(zigzag(-1) + b"x"), True),
        "malformed-text-not-utf8": (decision, output(b"\x04\xc3\x28"), True),
        "malformed-array-count-2-to-40": (
            decision,
            reasons(zigzag(2**40) + b"\x02a\x00"),
            True,
        ),
        "malformed-array-count-smallest": (
            decision,
            reasons(zigzag(-(2**63)) + b"\x08\x02a\x02b\x00"),
            True,
        ),
        "malformed-array-block-size-wrong": (
            decision,
            reasons(b"\x03\x0a\x02a\x02b\x00"),
            True,
        ),
        "malformed-number-not-shortest": (
            decision,
            i + time[:-1] + bytes([time[-1] | 0x80, 0]) + good[len(i + time) :],
            True,
        ),
        "malformed-number-of-11-bytes": (
            decision,
            i + b"\xff" * 10 + b"\x01" + good[len(i + time) :],
            True,
        ),
        "malformed-number-over-64-bits": (
            decision,
            i + b"\xff" * 9 + b"\x02" + good[len(i + time) :],
            True,
        ),
        "malformed-text-around-a-shorter-text": (
            revoked,
            i + time + b"\x00\x00" + b"\x08\x02a",
            True,
        ),
        "map-in-two-blocks": (report, counts(b"\x02\x02a\x02\x02\x02b\x04\x00"), False),
        "malformed-map-key-twice": (
            report,
            counts(b"\x04\x02a\x02\x02a\x04\x00"),
            True,
        ),
    }


def body_vector(name: str, body: bytes, *, refused: bool) -> dict[str, Any]:
    schema = schema_bytes(event_class(name)).decode()
    return {"type": name, "schema": schema, "body": body.hex(), "refused": refused}


def all_vectors() -> dict[str, dict[str, Any]]:
    """File name to content."""
    found = {
        f"event-{cls.type_name}.v{cls.type_version}.json": event_vector(cls)
        for cls in event_classes()
    }
    for case, (name, body, refused) in altered_bodies().items():
        found[f"body-{case}.json"] = body_vector(name, body, refused=refused)
    return found


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, vector in all_vectors().items():
        if not (FOLDER / name).exists():
            text = json.dumps(vector, indent=1, ensure_ascii=False)
            (FOLDER / name).write_text(text + "\n", encoding="utf-8")
            print(name)


if __name__ == "__main__":
    main()
