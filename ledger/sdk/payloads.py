"""Capture of the personal payload behind a decision: off unless it is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ledger.errors import ConfigurationError, InvalidEventError

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.payload.envelope import Sealer


class Same:
    """Stands for "the same as the decision's output" where None is a value."""

    def __repr__(self) -> str:
        """Say so in signatures."""
        return "output"


class UncapturedError(InvalidEventError):
    """The payload does not fit; the decision itself may."""


SAME: Final = Same()
FIELDS = ("subject", "features", "exact_output", "capture")


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """What a call says about the person; nothing of it goes into the event.

    Attributes:
        subject: the caller's identifier of the person.
        features: what the model was given.
        output: its exact answer.
        capture: True or False where the call decides, None where the home does.
    """

    subject: str | None
    features: Any
    output: Any
    capture: bool | None

    @property
    def is_empty(self) -> bool:
        """Whether the call says nothing about a person."""
        return self.subject is None and self.features is None


class Capture:
    """Seals payloads to the vault that the home names.

    Args:
        config: settings of the home; None when the SDK is switched off.
    """

    def __init__(self, config: Config | None) -> None:
        self._config = config
        self._sealer: Sealer | None = None

    def envelope(
        self, fields: Mapping[str, Any], said: Said
    ) -> tuple[bytes | None, bytes]:
        """Return the commitment and the envelope; the caller's own, and none, if off.

        Raises:
            UncapturedError: the payload does not fit, or has no subject.
            InvalidEventError: the caller gave a commitment of its own as well.
            ConfigurationError: capture is on, and the home names no vault.
        """
        given: bytes | None = fields.get("payload_commitment")
        if not self.is_on(said):
            return given, b""
        if given is not None:
            raise InvalidEventError(
                "payload_commitment: capture makes it; give the payload or this"
            )
        from ledger.payload.content import Payload

        payload = Payload(fields["id"], said.subject or "", said.features, said.output)
        try:
            return self._opened().seal(payload)
        except InvalidEventError as error:
            raise UncapturedError(str(error), hint=error.hint) from None

    def is_on(self, said: Said) -> bool:
        """Tell whether a call's payload is kept."""
        if said.capture is not None:
            return said.capture and self._config is not None
        return (
            self._config is not None
            and self._config.capture.enabled
            and not said.is_empty
        )

    def _opened(self) -> Sealer:
        if self._sealer is None:
            from ledger.payload.envelope import Sealer

            config = self._config
            assert config is not None  # noqa: S101  is_on has looked
            try:
                key = bytes.fromhex(config.capture.vault_key)
            except ValueError:
                key = b""
            if len(key) != 32:
                raise ConfigurationError(
                    "capture.vault_key: the vault's public key is needed",
                    hint="mlledger vault init makes it, 64 hexadecimal digits",
                )
            self._sealer = Sealer(key, ledger_id=config.ledger_id)
        return self._sealer
