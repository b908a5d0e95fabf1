"""What a data scientist touches: runs, models, releases, deployments, decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.sdk.batches import LeftOutError
    from ledger.sdk.client import Ledger, init
    from ledger.sdk.content import Content
    from ledger.sdk.decisions import last_decision_id
    from ledger.sdk.handles import (
        Approval,
        ApprovalRequest,
        Attestation,
        Criterion,
        DatasetVersion,
        DecisionId,
        Deployment,
        Document,
        Entry,
        Evaluation,
        Handle,
        ModelVersion,
        Release,
        RunStart,
        from_dict,
    )
    from ledger.sdk.run import Run

__all__ = [
    "Approval",
    "ApprovalRequest",
    "Attestation",
    "Content",
    "Criterion",
    "DatasetVersion",
    "DecisionId",
    "Deployment",
    "Document",
    "Entry",
    "Evaluation",
    "Handle",
    "Ledger",
    "LeftOutError",
    "ModelVersion",
    "Release",
    "Run",
    "RunStart",
    "from_dict",
    "init",
    "last_decision_id",
]
_HANDLES = "ledger.sdk.handles"
_HOMES = {
    "Content": "ledger.sdk.content",
    "LeftOutError": "ledger.sdk.batches",
    "Ledger": "ledger.sdk.client",
    "Run": "ledger.sdk.run",
    "init": "ledger.sdk.client",
    "last_decision_id": "ledger.sdk.decisions",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used: a server needs no code of training runs."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'ledger.sdk' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, _HANDLES)), name)
