"""Who reads predictions: contracts that were declared, readers that were observed.

A contract (``consumer.contract.declared``) names a consumer, the channels it may use,
a purpose and a time. An observation (``consumer.access.observed``) says who was seen to
read a channel in a window of time, which collector saw it, whether the window was
watched without a break, and what that collector cannot see. Both are signed facts;
nothing here decides whether use is permitted. The question that lays one beside the
other is ``mlledger consumer undeclared``.

This collector looks at Kafka consumer groups; a consumer goes by the id of its group.
*No reader was seen* never means *there is none*: see :data:`BLIND_SPOTS`.
"""

from ledger.consumers.declaration import contract, contracts_in, parse_channel
from ledger.consumers.scanning import (
    BLIND_SPOTS,
    Looked,
    is_due,
    scan,
    scan_if_due,
    watched_topics,
)

__all__ = [
    "BLIND_SPOTS",
    "Looked",
    "contract",
    "contracts_in",
    "is_due",
    "parse_channel",
    "scan",
    "scan_if_due",
    "watched_topics",
]
