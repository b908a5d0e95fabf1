"""What a time-stamp token says and its parser does not tell: a fraction, an algorithm.

A token is DER, which :mod:`rfc3161_client` has parsed strictly before these functions
walk it: length and nesting hold already. Two things are read here. The fraction of the
second, without which an upper bound would be up to a second too low; and the name of
the signature algorithm, which no signature covers and OpenSSL does not look at, so
that a token could be respelled and still verify.

Source: RFC 3161, section 2.4.2; RFC 5652, section 5.3.
"""

from __future__ import annotations

import re
from datetime import datetime

from ledger.errors import MalformedError

_TIME = re.compile(rb"(\d{14})(?:\.(\d*[1-9]))?Z")
_SHA256, _SHA384, _SHA512 = (
    bytes.fromhex(f"60864801650304020{number}") for number in (1, 2, 3)
)
_ANY = frozenset((_SHA256, _SHA384, _SHA512))
_DIGESTS = _ANY | {bytes.fromhex("2b0e03021a")}
"""What may be named for the whole token: SHA-1 as well, beside the signer's."""
_NULL = b"\x05\x00"
_SIGNATURES = {
    bytes.fromhex("2a864886f70d010101"): _ANY,  # rsaEncryption
    bytes.fromhex("2a864886f70d01010a"): _ANY,  # RSASSA-PSS
    bytes.fromhex("2a864886f70d01010b"): frozenset((_SHA256,)),
    bytes.fromhex("2a864886f70d01010c"): frozenset((_SHA384,)),
    bytes.fromhex("2a864886f70d01010d"): frozenset((_SHA512,)),
    bytes.fromhex("2a8648ce3d040302"): frozenset((_SHA256,)),
    bytes.fromhex("2a8648ce3d040303"): frozenset((_SHA384,)),
    bytes.fromhex("2a8648ce3d040304"): frozenset((_SHA512,)),
}
"""RSA and ECDSA by object identifier, and the digests that go with each."""


def token_time_ms(token: bytes) -> int:
    """Return the time that a token states, a fraction rounded up.

    Args:
        token: DER of a TimeStampResp that has been parsed.

    Returns:
        Milliseconds since 1970.

    Raises:
        MalformedError: its time is spelled otherwise than RFC 3161 demands.
    """
    content = _parts(_parts(_signed_data(token)[2])[1])[0]
    stated = _content(_parts(_content(content))[4])
    match = _TIME.fullmatch(stated)
    if match is None:
        raise MalformedError("the token's time is not spelled as RFC 3161 asks")
    try:
        second = datetime.strptime(f"{match[1].decode()}+0000", "%Y%m%d%H%M%S%z")
    except ValueError as error:
        raise MalformedError("the token's time is no time") from error
    fraction = (match[2] or b"0").ljust(3, b"0")
    up = int(fraction[:3]) + bool(fraction[3:].strip(b"0"))
    return int(second.timestamp()) * 1_000 + up


def check_algorithms(token: bytes) -> None:
    """Check that the token's signer names an algorithm that fits its digest.

    Raises:
        MalformedError: more than one signer, or algorithms that do not go together.
    """
    for algorithm in _parts(_signed_data(token)[1]):
        name, *parameters = _parts(algorithm)
        if _content(name) not in _DIGESTS or parameters not in ([], [_NULL]):
            raise MalformedError("a digest algorithm that none is, or with parameters")
    signers = _parts(_signed_data(token)[-1])
    if len(signers) != 1:
        raise MalformedError(f"{len(signers)} signers of one token")
    parts = _parts(signers[0])
    # version, sid, digest algorithm, [0] signed attributes, signature algorithm, …
    digest, signature = (_content(_parts(parts[place])[0]) for place in (2, 4))
    if digest not in _SIGNATURES.get(signature, ()):
        raise MalformedError("signature and digest algorithm do not go together")


def _signed_data(token: bytes) -> list[bytes]:
    """Return the parts of SignedData: version, digests, content, …, signers."""
    content_info = _parts(token)[1]
    return _parts(_parts(_parts(content_info)[1])[0])


def _parts(der: bytes) -> list[bytes]:
    """Return the elements inside one constructed element, each with its head.

    Raises:
        MalformedError: it does not hold whole elements.
    """
    inside, parts, at = _content(der), list[bytes](), 0
    while at < len(inside):
        head, length = _head(inside, at)
        parts.append(inside[at : at + head + length])
        at += head + length
    if not parts or at != len(inside):
        raise MalformedError("the token holds a broken element")
    return parts


def _content(der: bytes) -> bytes:
    head, length = _head(der, 0)
    return der[head : head + length]


def _head(der: bytes, at: int) -> tuple[int, int]:
    """Return how long head and content of the element at a place are."""
    if at + 2 > len(der):
        raise MalformedError("the token holds a broken element")
    first = der[at + 1]
    if first < 0x80:
        return 2, first
    count = first & 0x7F
    return 2 + count, int.from_bytes(der[at + 2 : at + 2 + count], "big")
