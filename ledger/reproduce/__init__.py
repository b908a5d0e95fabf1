"""Run a recorded run again: its code, environment, inputs, seeds and command.

:mod:`~ledger.reproduce.manifest` says what is missing, :mod:`~ledger.reproduce.prepare`
makes a folder in which the run can start, :mod:`~ledger.reproduce.repeat` starts it and
compares, :mod:`~ledger.reproduce.checkout` hands the same folder over to be changed.
"""
