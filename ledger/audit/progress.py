"""The progress file of an audit: where it goes on, and against what that is held.

It is no evidence, and whoever can write into the home can forge it; so it is used only
when asked for (``--resume``), and the answer says which leaves an earlier run checked:
they count as "could not check" (6), so that no forged file passes for an audit.
What it says is bound to the ledger, the origin, and the roots that the published trees
had at that size, of the origin and of the control log: where one of them is another
today, the file counts for nothing and the audit begins anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from ledger.verification.steps import Step
from ledger.verification.watch import Watched

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.verification.findings import Findings
    from ledger.verification.leaves import LeafAudit

_VERSION = "mlledger-audit/1"
_COUNTERS = (
    "leaves",
    "events",
    "quarantined",
    "offset",
    "sealed_at_ms",
    "registry_size",
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a progress file must agree with to count.

    Attributes:
        ledger_id: in hex.
        origin: the origin.
        size: number of leaves that were checked.
        root: root of the origin's tree at that size, in hex.
        control_size: control leaves that were known.
        control_root: root of the control log at that size, in hex.
    """

    ledger_id: str
    origin: str
    size: int
    root: str
    control_size: int
    control_root: str


class ProgressFile:
    """The progress of one origin's audit.

    Args:
        folder: where such files are kept.
        origin: the origin.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self.path = folder / f"{origin.replace('/', '~')}.json"

    def save(self, binding: Binding, audit: LeafAudit) -> None:
        """Write down how far an audit has come; whole or not at all."""
        data = {
            "version": _VERSION,
            "binding": asdict(binding),
            "counters": {name: getattr(audit, name) for name in _COUNTERS},
            "missing": audit.records.missing,
            "findings": [_saved(findings) for findings in _findings(audit)],
            "open": {name: asdict(one) for name, one in audit.watch.open.items()},
            "closed": audit.watch.closed,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(data) + "\n", encoding="utf-8")
        part.replace(self.path)

    def load(self) -> tuple[Binding, dict[str, Any]] | None:
        """Return what was saved; None when nothing was, or nothing that parses."""
        try:
            data = cast("dict[str, Any]", json.loads(self.path.read_bytes()))
            if data["version"] != _VERSION:
                return None
            said = Binding(**data["binding"])
            sizes = (said.size, said.control_size)
            return (said, data) if all(type(n) is int for n in sizes) else None
        except (OSError, ValueError, TypeError, KeyError):
            return None  # it saves time and nothing else

    def drop(self) -> None:
        """Forget the progress: the origin was audited to its end."""
        self.path.unlink(missing_ok=True)


def apply(data: dict[str, Any], audit: LeafAudit) -> None:
    """Set an audit to where it was; its streams follow from the leaves.

    Raises:
        KeyError, TypeError, ValueError: the data are not what :meth:`save` wrote.
    """
    for name in _COUNTERS:
        setattr(audit, name, int(data["counters"][name]))
    run = data["missing"]
    audit.records.missing = None if run is None else (int(run[0]), int(run[1]))
    for findings, saved in zip(_findings(audit), data["findings"], strict=True):
        steps = [Step(**step) for step in saved["listed"]]
        findings.restore(steps, saved["counts"])
    audit.watch.open = {name: Watched(**one) for name, one in data["open"].items()}
    audit.watch.closed = int(data["closed"])


def _findings(audit: LeafAudit) -> tuple[Findings, ...]:
    return audit.order, audit.freshness, audit.records.findings, audit.verdicts


def _saved(findings: Findings) -> dict[str, Any]:
    return {
        "listed": [asdict(step) for step in findings.listed],
        "counts": findings.counts,
    }
