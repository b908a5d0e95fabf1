"""The emitter of a client that is switched off: it records nothing and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.events.base import Event
    from ledger.sdk.recorder import Reference


@dataclass(frozen=True, slots=True)
class Nowhere:
    """The reference of an event that was not recorded, for the SDK is switched off."""

    id: bytes
    digest: bytes = bytes(32)


class Silent:
    """An emitter that records nothing; for ``MLLEDGER_DISABLED=1``."""

    def __init__(self) -> None:
        self._ignored: int = 0

    def emit(self, event: Event, /) -> Reference:
        """Ignore one event."""
        self._ignored += 1
        return Nowhere(event.event_id)

    def emit_encoded(
        self,
        cls: type[Event],  # noqa: ARG002
        fields: Mapping[str, Any],
        envelope: bytes = b"",  # noqa: ARG002
        /,
    ) -> Reference:
        """Ignore one event."""
        self._ignored += 1
        return Nowhere(fields["id"])

    def emit_many(self, encoded: Sequence[tuple[bytes, bytes]], /) -> None:
        """Ignore many events."""
        self._ignored += len(encoded)

    def flush(self, timeout: float = 2.0) -> bool:  # noqa: ARG002  the port's form
        """Answer that nothing waits."""
        return True

    def close(self, timeout: float = 2.0) -> None:
        """Do nothing."""

    def stats(self) -> Mapping[str, int | float | str]:
        """Say how many events were ignored."""
        return {"disabled": 1, "ignored": self._ignored}
