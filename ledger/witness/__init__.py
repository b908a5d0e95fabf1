"""Witness: cosign other people's checkpoints, each after the one before it.

A witness remembers the newest checkpoint it signed of each log it knows, and signs the
next one only with a proof that its tree begins with the remembered one. So two readers
who each see a quorum of honest witnesses cannot be shown two histories.

:class:`Witness` decides, :mod:`ledger.witness.state_sqlite` remembers,
:mod:`ledger.witness.server` speaks HTTP; :mod:`ledger.witness.protocol` is the wire
format that the server and the sealer's client share.

Source: C2SP tlog-witness v1.0.0.
"""

from __future__ import annotations

from ledger.witness.protocol import Answer, Request, format_request, parse_request
from ledger.witness.witness import Pin, Witness, parse_pin

__all__ = [
    "Answer",
    "Pin",
    "Request",
    "Witness",
    "format_request",
    "parse_pin",
    "parse_request",
]
