"""Plain changes of bytes, the same for the same number; for what atheris cannot reach.

The quick test mutates with these alone, so that it needs nothing installed.
"""

from __future__ import annotations

import random

TELLING = (
    b"\x00",
    b"\xff" * 4,
    b"\x7f" + b"\xff" * 7,
    b"\x80" + b"\x00" * 7,
    b"\n",
    b"\n\n",
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"{}",
    b"\\ud800",
    b"[" * 40,
    b"9" * 40,
    b"1" * 400,
    "\N{ARABIC-INDIC DIGIT SEVEN}".encode(),
)
"""Bytes at which parsers stumble."""


def mutated(data: bytes, number: int) -> bytes:
    """Return bytes with one to four changes; the number says which."""
    chance = random.Random(number)
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(_CHANGES)(data, chance)
    return data


def _flip(data: bytes, chance: random.Random) -> bytes:
    at, bit = chance.randrange(len(data) or 1), 1 << chance.randrange(8)
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :] if data else data


def _set(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) or 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + 1 + chance.randrange(min(64, len(data) + 1)) :]


def _end(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(TELLING) + data[at:]


def _replace(data: bytes, chance: random.Random) -> bytes:
    at, new = chance.randrange(len(data) + 1), chance.choice(TELLING)
    return data[:at] + new + data[at + len(new) :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    part = data[at : at + 1 + chance.randrange(200)]
    return data[:at] + part * chance.randint(2, 4) + data[at + len(part) :]


_CHANGES = (_flip, _flip, _set, _set, _cut, _end, _insert, _replace, _repeat)
