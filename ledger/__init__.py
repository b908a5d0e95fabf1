"""An event-sourced model registry and audit ledger.

Which model version made this decision, and what proves it? ::

    import ledger

    lg = ledger.init()                                   # the nearest .mlledger
    with lg.training_run("triage", parameters={"lr": 0.1}) as run:
        run.input("train.parquet", "train")              # digested, not copied
        run.log_metric("auc", 0.93)
        version = run.register_model("triage-classifier", "model.joblib")

    release = lg.release(version, configuration={"threshold": 0.5})
    lg.approve(release, gate="production", by="person:ann")
    deployment = lg.deploy(release, "prod")
    lg.attest(deployment, artifact=loaded_bytes, configuration={"threshold": 0.5})

    @lg.decision(deployment=deployment, use="triage", output=lambda r: r.label)
    def triage(case): ...

Every call becomes an event, is signed, and is sealed into a tree whose head anybody can
check. The names below load their modules when they are first used, so that
``import ledger`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.errors import LedgerError
    from ledger.sdk import Ledger, Run, from_dict, init, last_decision_id

__version__ = "0.1.0"
__all__ = [
    "Ledger",
    "LedgerError",
    "Run",
    "__version__",
    "from_dict",
    "init",
    "last_decision_id",
]
_HOMES = {
    "Ledger": "ledger.sdk",
    "LedgerError": "ledger.errors",
    "Run": "ledger.sdk",
    "from_dict": "ledger.sdk",
    "init": "ledger.sdk",
    "last_decision_id": "ledger.sdk",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562)."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'ledger' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
