"""What became of the personal payload of a decision, as far as the ledger shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from projections.chain import Chain, Link

NO_CAPTURE = "Not recorded: payload capture is off"
COMMITTED = "Payload committed to and sent to the vault"
DELETION = "payload deletion"


@dataclass(frozen=True, slots=True)
class PayloadState:
    """One of three answers.

    Attributes:
        status: ``not_recorded``, ``committed`` or ``erased``.
        text: for people.
        link: the deletion, when there was one.
    """

    status: Literal["not_recorded", "committed", "erased"]
    text: str
    link: Link | None = None


def payload_state(chain: Chain) -> PayloadState:
    """Return what a decision's chain says about its payload.

    A commitment says that a payload was made and sent, not that the vault still has it:
    only a deletion event says that it is gone.
    """
    gone = [link for link in chain.links if link.kind == DELETION and not link.missing]
    if gone:
        return PayloadState("erased", deleted_text(gone[0]), gone[0])
    if chain.decision.fields.get("payload_commitment") is not None:
        return PayloadState("committed", COMMITTED)
    return PayloadState("not_recorded", NO_CAPTURE)


def deleted_text(link: Link) -> str:
    """Return the sentence for a deletion; it never says that nothing remains."""
    count = len(cast("list[object]", link.fields.get("residuals") or []))
    return (
        f"Payload deleted and keys destroyed at {link.fields.get('deleted_at')}; "
        f"{count} residual entries listed; may remain personal data"
    )
