"""Rates and latencies, each beside a raw limit measured in the same run.

Machines are noisy: trust the ratios, not the absolute figures. ``make bench`` runs all;
``python -m benchmarks append seal`` runs some; ``--json FILE`` writes
``[{name, value, unit, limit, ratio, …}]``.
"""
