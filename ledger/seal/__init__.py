"""Seal: bring what was appended into a signed tree.

*Append* means durable in the log; *seal*, in the tree under a signed checkpoint;
*publish*, that the checkpoint carries the signatures the policy asks for. One sealer
serves one origin (:class:`Sealer`); :func:`seal_all` serves a whole ledger once.
"""

from __future__ import annotations

from ledger.seal.sealer import Sealer
from ledger.seal.service import drain, open_state, seal_all, sealers_for
from ledger.seal.state import State
from ledger.seal.steps import STEPS, SealResult

__all__ = [
    "STEPS",
    "SealResult",
    "Sealer",
    "State",
    "drain",
    "open_state",
    "seal_all",
    "sealers_for",
]
