"""Whether bytes are DER at any depth: one spelling for each value.

Parsers of certificates and tokens look only at what they need. What they pass over
could be respelled, and two readers would disagree about it; so all of it is walked.

Source: ITU-T X.690, sections 8, 10 and 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from ledger.errors import MalformedError

_MOST_NESTED = 64
_MOST_WIDE = 4
_SET = 0x31


def verify_der(data: bytes) -> None:
    """Check that bytes are one value in DER.

    Args:
        data: at most what memory holds; nothing is copied twice.

    Raises:
        MalformedError: they are not, or hold a type that neither certificates nor
            tokens use.
    """
    if _verify(data, 0, 0) != len(data):
        raise MalformedError("bytes follow the DER value")


def _verify(data: bytes, start: int, depth: int) -> int:
    """Check the value at a place; returns where it ends."""
    if depth >= _MOST_NESTED or start + 2 > len(data):
        raise MalformedError(f"DER ends too early at byte {start}")
    tag, (at, end) = data[start], _span(data, start + 1)
    if tag & 0x1F == 0x1F:
        raise MalformedError(f"a DER tag of several bytes at byte {start}")
    check = _UNIVERSAL.get(tag) if tag < 0x40 else _anything
    if check is None or not check(data[at:end]):
        raise MalformedError(f"not as DER spells it at byte {start}")
    if tag & 0x20:
        _verify_inside(data[at:end], tag, depth + 1)
    return end


def _verify_inside(content: bytes, tag: int, depth: int) -> None:
    at, parts = 0, list[bytes]()
    while at < len(content):
        end = _verify(content, at, depth)
        parts.append(content[at:end])
        at = end
    if tag == _SET and any(before > after for before, after in pairwise(parts)):
        raise MalformedError("a DER set out of order")


def _span(data: bytes, at: int) -> tuple[int, int]:
    """Return begin and end of the content whose length stands at a place."""
    length, width = data[at], 0
    if length >= 0x80:
        width = length & 0x7F
        length = int.from_bytes(data[at + 1 : at + 1 + width], "big")
        shortest = length >= 0x80 and length >= 1 << 8 * (width - 1)
        if not 1 <= width <= _MOST_WIDE or not shortest:
            raise MalformedError("a DER length that is not in its shortest form")
    begin = at + 1 + width
    if begin + length > len(data):
        raise MalformedError(f"DER ends too early at byte {at}")
    return begin, begin + length


def _anything(_content: bytes) -> bool:
    return True


def _integer(content: bytes) -> bool:
    if len(content) < 2:
        return len(content) == 1
    is_padded = content[0] == 0 and content[1] < 0x80
    return not is_padded and not (content[0] == 0xFF and content[1] >= 0x80)


def _bits(content: bytes) -> bool:
    """Bits that are not used are zero."""
    unused = content[0] if content else 8
    if unused > 7 or len(content) == 1:
        return unused == 0
    return content[-1] & ((1 << unused) - 1) == 0


def _identifier(content: bytes) -> bool:
    starts = [0, *(at + 1 for at, byte in enumerate(content) if byte < 0x80)]
    shortest = all(content[at : at + 1] != b"\x80" for at in starts)
    return bool(content) and content[-1] < 0x80 and shortest


def _ascii(content: bytes) -> bool:
    return content.isascii()


_UNIVERSAL: Mapping[int, Callable[[bytes], bool]] = {
    0x01: lambda content: content in {b"\x00", b"\xff"},
    0x02: _integer,
    0x03: _bits,
    0x04: _anything,
    0x05: lambda content: not content,
    0x06: _identifier,
    0x0A: _integer,
    0x0C: _anything,
    0x13: _ascii,
    0x14: _anything,
    0x16: _ascii,
    0x17: _ascii,
    0x18: _ascii,
    0x1C: _anything,
    0x1E: _anything,
    0x30: _anything,
    _SET: _anything,
}
"""Per universal tag, what its content must be like."""
