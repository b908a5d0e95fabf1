"""What the parts of one producer share: clock, counters, names of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ledger import clock
from ledger.shipping.payloads import PayloadHandle


@dataclass(slots=True)
class Tally:
    """What a producer has done so far; written by the shipper's thread alone."""

    packed: int = 0
    appended: int = 0
    sealed: int = 0
    refused: int = 0
    resent: int = 0
    resigned: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an outbox is given by its producer.

    Attributes:
        counts: turns events by schema id into the counts of a heartbeat, by type.
        tally: counters of the producer.
        now_ms: clock.
        new_id: makes the 16-byte ids of further streams.
        on_step: told the name of each step once it is done; tests kill there.
        payloads: where envelopes go.
    """

    counts: Callable[[Mapping[bytes, int]], Mapping[str, int]]
    tally: Tally = field(default_factory=Tally)
    now_ms: Callable[[], int] = clock.now_ms
    new_id: Callable[[], bytes] = lambda: clock.random_bytes(16)
    on_step: Callable[[str], None] = lambda _step: None
    payloads: PayloadHandle = field(default_factory=PayloadHandle)
