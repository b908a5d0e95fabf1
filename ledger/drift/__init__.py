"""Drift: what data look like, how two of them differ, and whether that matters.

Size first: a difference counts where its effect is large enough to matter and a test
says that it is not chance. A test alone would call everything drift once there are
enough rows.
"""

from ledger.drift.compare import Difference, compare, compare_all
from ledger.drift.sketch import ColumnSketch, sketch_table

__all__ = ["ColumnSketch", "Difference", "compare", "compare_all", "sketch_table"]
