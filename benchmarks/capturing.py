"""Decisions with their personal payload: twenty features, sealed to a vault."""

from __future__ import annotations

from typing import Any

from ledger.config import Config
from ledger.emitter import Emitter, EventRef
from ledger.events.prediction import DecisionRecorded
from ledger.payload.content import Payload
from ledger.payload.envelope import Sealer
from ledger.vault.opening import make_vault

FEATURES = {f"feature_{number:02}": number * 1.37 + 0.001 for number in range(20)}


def with_vault(config: Config) -> Config:
    """Give a home a vault, capture on."""
    return make_vault(config, enable=True)


class Recording:
    """Emits decisions, with payload where the home captures.

    Args:
        emitter: of the home.
        config: says whether to capture.
    """

    def __init__(self, emitter: Emitter, config: Config) -> None:
        self._emitter = emitter
        self._sealer = None
        if config.capture.enabled:
            key = bytes.fromhex(config.capture.vault_key)
            self._sealer = Sealer(key, ledger_id=config.ledger_id)

    def emit(self, fields: dict[str, Any]) -> EventRef:
        """Record one decision, as the SDK does."""
        if self._sealer is None:
            return self._emitter.emit_encoded(DecisionRecorded, fields)
        payload = Payload(fields["id"], "customer-4711", FEATURES, 0.8712)
        fields["payload_commitment"], envelope = self._sealer.seal(payload)
        return self._emitter.emit_encoded(DecisionRecorded, fields, envelope)
