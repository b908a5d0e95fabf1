"""How well, how alike and how fast models answer: tests whose results become events.

Three tests, each of which the command line (``mlledger diff-test | bench | probe``) and
the SDK (:meth:`ledger.sdk.Ledger.diff_test`, ``benchmark``, ``probe``) can run:

* :mod:`~ledger.evaluation.differential`: two versions answer the same rows; how far do
  their answers differ, where, and is the new one slower?
* :mod:`~ledger.evaluation.benchmark`: how fast does one answer, what rate does it bear,
  and is it slower than another beyond chance?
* :mod:`~ledger.evaluation.probing`: does a live deployment still give known answers?

The statistics are functions of arrays and a seed, without clock, file or network:
:mod:`~ledger.evaluation.significance`, :mod:`~ledger.evaluation.floor`,
:mod:`~ledger.evaluation.agreement`, :mod:`~ledger.evaluation.measures`,
:mod:`~ledger.evaluation.resampling`, :mod:`~ledger.evaluation.calibration`,
:mod:`~ledger.evaluation.slices`, :mod:`~ledger.evaluation.latency`,
:mod:`~ledger.evaluation.slowness` and :mod:`~ledger.evaluation.ramp`.
"""
