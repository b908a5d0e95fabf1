"""Time tokens as they lie beside the checkpoints of the manifest log.

``checkpoint.<size>.tsr`` is an RFC 3161 token over the three lines of the checkpoint
of that size. It dates that tree, and with it every smaller one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint
from ledger.public import OriginReader, placed
from ledger.timestamp import Attested, read_roots, verify_imprint, verify_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.config import Config

TOKEN = re.compile(r"checkpoint\.([1-9][0-9]{0,18})\.tsr")


@dataclass(frozen=True, slots=True)
class Token:
    """A token over a checkpoint of the manifest log.

    Attributes:
        place: its file below ``public/``.
        size: number of leaves of the checkpoint.
        attested: what the token says.
        is_established: whether a root that the caller believes stands behind it; else
            its imprint alone was checked.
    """

    place: str
    size: int
    attested: Attested
    is_established: bool


def roots_of(config: Config) -> tuple[bytes, ...]:
    """Return the root certificates of the time authorities that a home believes.

    Raises:
        ConfigurationError: the file that ``[time] roots`` names is no PEM of any.
    """
    path = config.time.roots
    return read_roots(config.home / path) if path else ()


def read_token(
    reader: OriginReader, size: int, data: bytes, roots: Sequence[bytes]
) -> Token:
    """Verify a token over a checkpoint; without roots, its imprint alone.

    Raises:
        SignatureError: it speaks of another text, or no root stands behind it.
        MalformedError: it is no token.
    """
    name = token_name(size)
    text = Checkpoint(reader.origin, size, reader.root_at(size)).body.encode()
    with placed(reader.origin, name):
        if roots:
            attested = verify_token(data, text, roots=roots)
        else:
            attested = verify_imprint(data, text)
    return Token(f"{reader.origin}/{name}", size, attested, bool(roots))


def token_name(size: int) -> str:
    """Return the name of the token over the checkpoint of a size."""
    return f"checkpoint.{size}.tsr"


def token_sizes(names: Sequence[str]) -> list[int]:
    """Return the sizes among file names that a token is there for, ascending."""
    return sorted(int(match[1]) for name in names if (match := TOKEN.fullmatch(name)))
