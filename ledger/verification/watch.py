"""Which producers' streams ended, which are open, and which fell silent.

A producer promises a sign of life every so many seconds. Whoever misses three of them,
measured by the sealer's clock against the newest leaf of the origin, is silent. That is
not a contradiction: it says where to ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.entry import KIND_CLOSE, KIND_OPEN
from ledger.errors import MalformedError
from ledger.ledger_types import decode_bodies
from ledger.verification.steps import Step, held

if TYPE_CHECKING:
    from ledger.judgement import Judgement

MISSED = 3
_NAMED = 10


@dataclass(slots=True)
class Watched:
    """An open stream.

    Attributes:
        identity: who writes it, as it claimed when it opened.
        heartbeat_s: seconds between its signs of life; 0 promises none.
        sealed_at_ms: when its last entry was sealed.
    """

    identity: str
    heartbeat_s: int
    sealed_at_ms: int


class StreamWatch:
    """Follows the streams of one origin through its accepted entries.

    Attributes:
        open: the open streams by key fingerprint and stream id, both in hex.
        closed: number of streams that ended in good order.
    """

    def __init__(self) -> None:
        self.open: dict[str, Watched] = {}
        self.closed = 0

    def see(self, judgement: Judgement, sealed_at_ms: int) -> None:
        """Take in the judgement of the next leaf."""
        entry = judgement.entry
        if entry is None or judgement.verdict:
            return
        header = entry.header
        name = f"{header.key_fp.hex()}/{header.stream_id.hex()}"
        if header.kind == KIND_OPEN:
            self.open[name] = _opened(judgement, sealed_at_ms)
        elif header.kind == KIND_CLOSE:
            self.closed += self.open.pop(name, None) is not None
        elif name in self.open:
            self.open[name].sealed_at_ms = sealed_at_ms

    def step(self, origin: str, now_ms: int) -> Step:
        """Say what the streams looked like when the newest leaf was sealed."""
        silent = [
            f"{watched.identity or 'unnamed'} stream {name.partition('/')[2]}"
            for name, watched in self.open.items()
            if watched.heartbeat_s
            and now_ms - watched.sealed_at_ms > MISSED * 1000 * watched.heartbeat_s
        ]
        more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
        named = f": {', '.join(silent[:_NAMED])}{more}" if silent else ""
        return held(
            f"{origin} streams",
            f"{self.closed} closed, {len(self.open)} open, {len(silent)} of them "
            f"silent{named}",
        )


def _opened(judgement: Judgement, sealed_at_ms: int) -> Watched:
    fields: dict[str, object] = {}
    try:
        if judgement.entry is not None and judgement.entry.bodies:
            bodies = decode_bodies(judgement.entry)
            fields = bodies[0][1] if bodies else {}
    except MalformedError:
        fields = {}  # the projections keep it as unreadable
    identity, heartbeat = fields.get("identity", ""), fields.get("heartbeat_s", 0)
    return Watched(
        identity if isinstance(identity, str) else "",
        heartbeat if isinstance(heartbeat, int) else 0,
        sealed_at_ms,
    )
