"""What a parser under test is, and the promise that every one of them makes."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import LedgerError, MalformedError

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
Check = Callable[[bytes], object]
MOST_SECONDS = 1.0
"""Processor time that no input may take."""


class BrokenPromiseError(AssertionError):
    """A parser accepted what it should not, or took too long."""


@dataclass(frozen=True, slots=True)
class Parser:
    """One target.

    Attributes:
        name: of the target and of its folder of vectors.
        about: which parsers it drives, in words.
        check: parses bytes, and of what is accepted checks that it spells back.
        seeds: inputs to start from, honest ones and forged ones.
        errors: the documented errors; anything else is a finding.
        most: bytes of an input.
        mutate: makes another input of one and a number, where plain changes of bytes
            would not get past a checksum.
        slow: seconds that one input may take, of processor time.
    """

    name: str
    about: str
    check: Check
    seeds: Callable[[], Iterable[bytes]]
    errors: tuple[type[LedgerError], ...] = (MalformedError,)
    most: int = 4_096
    mutate: Callable[[bytes, int], bytes] | None = None
    slow: float = MOST_SECONDS

    def examine(self, data: bytes) -> str:
        """Return what becomes of an input: ``accepted``, or the name of an error.

        Raises:
            BrokenPromiseError: see :attr:`check`, or it took too long.
            Exception: whatever is not documented.
        """
        begun = time.process_time()
        try:
            self.check(data)
            said = "accepted"
        except self.errors as error:
            str(error)
            said = type(error).__name__
        if (taken := time.process_time() - begun) > self.slow:
            raise BrokenPromiseError(f"{self.name}: {taken:.1f} s for one input")
        return said


def same(written: object, given: object) -> None:
    """Check that what was accepted spells back to the very same."""
    if written != given:
        raise BrokenPromiseError(f"a second spelling: {given!r} is {written!r}"[:2_000])


def parts(**checks: Check) -> Check:
    """Return a check whose first byte says which of several is meant."""
    listed = list(checks.values())

    def check(data: bytes) -> None:
        if data:
            listed[data[0] % len(listed)](data[1:])

    return check


def numbered(**seeds: Iterable[bytes]) -> list[bytes]:
    """Return seeds for :func:`parts`, in the same order of names."""
    return [
        bytes([number]) + seed
        for number, made in enumerate(seeds.values())
        for seed in made
    ]


def values(folder: str, key: str, decode: Callable[[str], bytes]) -> list[bytes]:
    """Return one value of each vector of a folder that has it."""
    paths = sorted((VECTORS / folder).glob("*.json"))
    found = [json.loads(path.read_bytes()).get(key) for path in paths]
    return [decode(text) for text in found if isinstance(text, str)]


def of_text(text: str) -> bytes:
    """Return the bytes of a text as a command line may hold them."""
    return text.encode("utf-8", "surrogateescape")


def as_text(data: bytes) -> str:
    """Return bytes as a command line gives them: what is not UTF-8 is kept."""
    return data.decode("utf-8", "surrogateescape")


def of_base64(text: str) -> bytes:
    """Return the bytes that a vector holds in base64."""
    return b64decode(text)
