"""The steps of a clean story: for each, the event it records and who signs it."""

from projections.golden.faults.steps import (
    build,
    examination,
    inventory,
    monitoring,
    releasing,
    use,
)
from projections.golden.faults.steps.basis import FEATURES, ROWS, STEPS, USE, Step
from projections.golden.faults.steps.build import columns, environment_of

__all__ = [
    "FEATURES",
    "ROWS",
    "STEPS",
    "USE",
    "Step",
    "build",
    "columns",
    "environment_of",
    "examination",
    "inventory",
    "monitoring",
    "releasing",
    "use",
]
