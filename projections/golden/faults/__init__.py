"""One seeded fault for every control, and beside it a clean twin.

Each module here tells, for some rules, two short stories on a :class:`Stage`: one in
which the rule must find something, and one that looks much the same and in which no
rule at all may find anything. All of them are told into one ledger, day by day.

::

    @fault("approval-missing")
    def _(stage: Stage) -> None:
        stage.clean(approval=None)

    @twin("approval-missing")
    def _(stage: Stage) -> None:
        stage.clean()
"""

from __future__ import annotations

from projections.golden.faults.catalogue import Case, cases, fault, twin
from projections.golden.faults.stage import ENDS, Stage
from projections.golden.faults.telling import BEGINS, IDENTITIES, told

__all__ = [
    "BEGINS",
    "ENDS",
    "IDENTITIES",
    "Case",
    "Stage",
    "cases",
    "fault",
    "told",
    "twin",
]
