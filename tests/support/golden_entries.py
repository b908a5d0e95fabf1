"""Golden vectors of entries, seal leaves and verdicts; written by running this module.

``python -m tests.support.golden_entries`` writes the folders ``entry``, ``leaf`` and
``verdict`` of ``tests/vectors``. The tests compare what it would write with what lies
there, so that no change of bytes goes unseen. All keys are made from fixed texts and
protect nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.entry import (
    event_hashes,
    event_leaf,
    event_salt,
    pae,
    parse_entry,
)
from ledger.judgement import Verdict
from ledger.leaf import SealLeaf, gap_leaf
from tests.support.ledgers import TIME_US, Stream, decision, signer
from tests.support.verdict_cases import CASES, control_values

FOLDER = Path(__file__).resolve().parent.parent / "vectors"
Vector = dict[str, Any]


def all_vectors() -> Iterator[tuple[str, Vector]]:
    """Yield path below the vectors' folder and content of each file."""
    for group, made in (
        ("entry", entry_vectors()),
        ("leaf", leaf_vectors()),
        ("verdict", verdict_vectors()),
    ):
        for name, vector in made:
            yield f"{group}/{name}.json", vector


def text_of(vector: Vector) -> str:
    """Return a vector as its file holds it."""
    return json.dumps(vector, indent=1) + "\n"


def entry_vectors() -> Iterator[tuple[str, Vector]]:
    """Yield well-formed entries of each kind, then one entry altered in many ways."""
    stream = Stream(signer("a"))
    open_value = stream.open()
    data_value = stream.data(*(decision(number) for number in range(3)))
    for name, value in (
        ("open", open_value),
        ("data-three-events", data_value),
        ("data-after", stream.data()),
        ("heartbeat", stream.heartbeat()),
        ("close", stream.close()),
    ):
        yield name, _entry_vector(name, value)
    for name, value in _broken_entries(open_value, data_value, stream.close()):
        yield (
            f"malformed-{name}",
            {"case": name, "value": value.hex(), "raises": "MalformedError"},
        )


def _entry_vector(name: str, value: bytes) -> Vector:
    entry = parse_entry(value)
    header = entry.header
    return {
        "case": name,
        "value": value.hex(),
        "raises": None,
        "public_key": signer("a").public_key.hex(),
        "signed_message": pae(
            "application/vnd.mlledger.entry-header.v1", entry.header_bytes
        ).hex(),
        "signature": entry.signature.hex(),
        "header_hash": entry.header_hash.hex(),
        "header": {
            "kind": header.kind,
            "log_id": header.log_id.hex(),
            "stream_id": header.stream_id.hex(),
            "seq": header.seq,
            "prev": header.prev.hex(),
            "key_fp": header.key_fp.hex(),
            "claimed_time_ms": header.claimed_time_ms,
            "n_events": header.n_events,
            "events_root": header.events_root.hex(),
        },
        "seed": entry.seed.hex(),
        "events": [
            {
                "schema_id": event.schema_id.hex(),
                "body": event.body.hex(),
                "salt": event_salt(entry.seed, index).hex(),
                "leaf": event_leaf(
                    stream_id=header.stream_id,
                    seq=header.seq,
                    index=index,
                    schema_id=event.schema_id,
                    salt=event_salt(entry.seed, index),
                    body=event.body,
                ).hex(),
                "leaf_hash": leaf.hex(),
            }
            for index, (event, leaf) in enumerate(
                zip(entry.events, event_hashes(entry), strict=True)
            )
        ],
    }


def _with(value: bytes, at: int, new: bytes) -> bytes:
    return value[:at] + new + value[at + len(new) :]


def _resized(value: bytes) -> bytes:
    return _with(value, 244, (len(value) - 248).to_bytes(4, "big"))


def _broken_entries(
    opening: bytes, data: bytes, closing: bytes
) -> Iterator[tuple[str, bytes]]:
    second_body = 248 + 33 + 32 + 5 + len(parse_entry(data).bodies[0])
    yield "empty", b""
    yield "magic", _with(data, 0, b"MLLF")
    yield "version", _with(data, 4, b"\x00\x02")
    yield "header-length", _with(data, 6, b"\x00\xad")
    yield "header-magic", _with(data, 8, b"MLLS")
    yield "header-version", _with(data, 12, b"\x00\x00")
    yield "kind-0", _with(data, 14, b"\x00")
    yield "kind-5", _with(data, 14, b"\x05")
    yield "kind-open-at-seq-1", _with(data, 14, b"\x02")
    yield "kind-close-of-three-events", _with(data, 14, b"\x03")
    yield "kind-heartbeat-of-a-closed-event", _with(closing, 14, b"\x04")
    yield "kind-data-of-a-closed-event", _with(closing, 14, b"\x01")
    yield "opening-of-a-closed-event", _with(opening, 281, closing[281:313])
    yield "kind-data-at-seq-0", _with(opening, 14, b"\x01")
    yield "flags", _with(data, 15, b"\x01")
    yield "seq-2-to-the-63", _with(data, 64, b"\x80" + bytes(7))
    yield "prev-at-seq-0", _with(opening, 72, b"\x01")
    yield "time-2-to-the-63", _with(data, 136, b"\x80" + bytes(7))
    yield "events-0", _with(data, 144, bytes(4))
    yield "events-4097", _with(data, 144, b"\x00\x00\x10\x01")
    yield "events-one-fewer", _with(data, 144, b"\x00\x00\x00\x02")
    yield "events-one-more", _with(data, 144, b"\x00\x00\x00\x04")
    yield "payload-length", _with(data, 247, bytes([data[247] ^ 1]))
    yield "cut-in-signature", data[:200]
    yield "cut-in-payload", _resized(data[:-1])
    yield "trailing-byte", _resized(data + b"\x00")
    yield "schemas-0", _resized(data[:280] + b"\x00" + data[313:])
    yield (
        "schema-unused",
        _resized(data[:280] + b"\x02" + data[281:313] + b"u" * 32 + data[313:]),
    )
    yield (
        "schema-twice",
        _resized(data[:280] + b"\x02" + data[281:313] * 2 + data[313:]),
    )
    yield "schema-index", _with(data, second_body, b"\x01")
    yield (
        "schema-order",
        _resized(
            _with(
                data[:280] + b"\x02" + data[281:313] + b"u" * 32 + data[313:],
                345,
                b"\x01",
            )
        ),
    )
    two = data[:280] + b"\x02" + data[281:313] + b"u" * 32 + data[313:]
    second = second_body + 32
    third = second + 5 + len(parse_entry(data).bodies[1])
    swapped = _with(_with(two, 345, b"\x01"), third, b"\x01")
    yield "schema-order-all-used", _resized(swapped)
    twice = data[:280] + b"\x02" + data[281:313] * 2 + data[313:]
    yield "schema-twice-both-used", _resized(_with(twice, second, b"\x01"))
    frame = opening[313:]
    three = _with(opening, 144, b"\x00\x00\x00\x03") + frame * 2
    yield "opening-of-three-events", _resized(three)
    pair = _with(opening, 144, b"\x00\x00\x00\x02")
    pair = pair[:280] + b"\x02" + pair[281:313] + b"u" * 32 + pair[313:]
    yield "opening-with-another-event", _resized(pair + b"\x01" + frame[1:])
    yield "length-beyond-end", _with(data, second_body + 1, b"\xff\xff\xff\xff")
    opened_id = opening[281:313]
    yield "opened-in-data", _with(data, 281, opened_id)


def leaf_vectors() -> Iterator[tuple[str, Vector]]:
    """Yield a leaf of each sort, then leaves no rule could have made."""
    value = Stream(signer("a")).open()
    base: dict[str, Any] = {
        "verdict": Verdict.ACCEPTED,
        "offset": 7,
        "broker_timestamp_ms": TIME_US // 1000,
        "aux": 0,
        "registry_size": 5,
        "sealed_at_ms": TIME_US // 1000 + 900,
        "record_hash": sha256(value).digest(),
        "env": value[8:244],
    }
    null = base | {"verdict": Verdict.MALFORMED, "env": b""}
    good = {
        "accepted": SealLeaf(**base),
        "duplicate": SealLeaf(**base | {"verdict": Verdict.DUPLICATE, "aux": 3}),
        "verdict-malformed-with-env": SealLeaf(**base | {"verdict": Verdict.MALFORMED}),
        "null-value": SealLeaf(**null | {"record_hash": sha256(b"").digest()}),
        "gap": gap_leaf(first=8, last=11, registry_size=5, sealed_at_ms=1),
        "largest-numbers": SealLeaf(
            **base
            | {
                "offset": 2**64 - 1,
                "broker_timestamp_ms": 2**64 - 1,
                "registry_size": 2**64 - 1,
                "sealed_at_ms": 2**64 - 1,
            }
        ),
    }
    for name, leaf in good.items():
        yield name, _leaf_vector(name, leaf)
    for name, data in _broken_leaves(good):
        yield (
            f"malformed-{name}",
            {"case": name, "leaf": data.hex(), "raises": "MalformedError"},
        )


def _leaf_vector(name: str, leaf: SealLeaf) -> Vector:
    return {
        "case": name,
        "leaf": leaf.to_bytes().hex(),
        "raises": None,
        "verdict": int(leaf.verdict),
        "offset": leaf.offset,
        "broker_timestamp_ms": leaf.broker_timestamp_ms,
        "aux": leaf.aux,
        "registry_size": leaf.registry_size,
        "sealed_at_ms": leaf.sealed_at_ms,
        "record_hash": leaf.record_hash.hex(),
        "env": leaf.env.hex(),
    }


def _broken_leaves(good: dict[str, SealLeaf]) -> Iterator[tuple[str, bytes]]:
    accepted, gap = good["accepted"].to_bytes(), good["gap"].to_bytes()
    yield "empty", b""
    yield "magic", _with(accepted, 0, b"MLLH")
    yield "version", _with(accepted, 4, b"\x00\x02")
    yield "verdict-2", _with(accepted, 6, b"\x00\x02")
    yield "verdict-26", _with(accepted, 6, b"\x00\x1a")
    yield "cut", accepted[:-1]
    yield "trailing-byte", accepted + b"\x00"
    yield "env-length-235", _with(accepted, 80, b"\x00\xeb")
    yield "env-one-short", _with(accepted[:-1], 80, b"\x00\xeb")
    yield "accepted-without-env", _with(accepted[:82], 80, b"\x00\x00")
    yield "accepted-with-aux", _with(accepted, 31, b"\x01")
    yield "gap-backwards", _with(gap, 31, b"\x07")
    yield "gap-with-record-hash", _with(gap, 48, b"\x01")
    yield "gap-with-timestamp", _with(gap, 23, b"\x01")


def verdict_vectors() -> Iterator[tuple[str, Vector]]:
    """Yield the control log all cases share, then the cases."""
    yield "control", {"control": [value.hex() for value in control_values()]}
    for case in CASES:
        yield (
            case.name,
            {
                "case": case.name,
                "origin": case.origin,
                "records": [
                    {
                        "value": _value(step.value),
                        "registry_size": step.registry_size,
                        "verdict": int(step.verdict),
                        "aux": step.aux,
                    }
                    for step in case.steps()
                ],
            },
        )


def _value(value: bytes | None) -> str | dict[str, Any] | None:
    if value is None:
        return None
    if len(value) > 100_000:
        return {"repeat": value[:1].hex(), "times": len(value)}
    return value.hex()


def main() -> None:
    """Write the files."""
    for path, vector in all_vectors():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_text(text_of(vector), encoding="utf-8")


if __name__ == "__main__":
    main()
