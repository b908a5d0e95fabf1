"""The one place that reads a clock or draws randomness; all else takes values."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_wall_ns = time.time_ns
_lock = threading.Lock()
_last_id_ms = 0
_id_counter = 0


def now_us() -> int:
    """Return the wall clock in microseconds since 1970, UTC."""
    return _wall_ns() // 1_000


def now_ms() -> int:
    """Return the wall clock in milliseconds since 1970, UTC."""
    return _wall_ns() // 1_000_000


def monotonic() -> float:
    """Return seconds of a clock that never goes back; its zero has no meaning."""
    return time.monotonic()


def random_bytes(count: int) -> bytes:
    """Return ``count`` bytes from the operating system's random source."""
    return os.urandom(count)


def new_id() -> bytes:
    """Return a fresh 16-byte UUIDv7, ascending within this process.

    48 bits of milliseconds, a 12-bit counter within the millisecond, 62 random bits.

    Source: RFC 9562, section 5.7 and method 1 of section 6.2.
    """
    millis, counter = _tick()
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    number = millis << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | tail
    return number.to_bytes(16, "big")


@contextmanager
def scripted(now_ns: Callable[[], int]) -> Generator[None]:
    """Let a script be the wall clock of this process, for worlds that are made up.

    Args:
        now_ns: nanoseconds since 1970; called from several threads.
    """
    global _wall_ns, _last_id_ms, _id_counter
    real, (last, counter) = _wall_ns, (_last_id_ms, _id_counter)
    _wall_ns, _last_id_ms, _id_counter = now_ns, 0, 0
    try:
        yield
    finally:
        _wall_ns, _last_id_ms, _id_counter = real, last, counter


def _tick() -> tuple[int, int]:
    global _last_id_ms, _id_counter  # noqa: PLW0603  process-wide monotonic state
    with _lock:
        millis = now_ms()
        if millis > _last_id_ms:
            _last_id_ms, _id_counter = millis, 0
        else:
            _id_counter += 1
            if _id_counter > 0xFFF:
                _last_id_ms, _id_counter = _last_id_ms + 1, 0
        return _last_id_ms, _id_counter


def _after_fork() -> None:
    global _lock  # noqa: PLW0603  a lock held by another thread at fork never opens
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
