"""A table of forgeries, each made from an honest ledger and each to be found.

``python -m tests.support.forgeries`` (``make forgeries``) prints it; the very same rows
run as tests in ``tests/scenarios/test_forgeries.py`` and, what is about bundles,
through ``verify.html`` in ``tests/dashboard/test_forgeries_page.py``.
"""
