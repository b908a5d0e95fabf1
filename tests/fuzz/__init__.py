"""Every parser of outside bytes, driven by a coverage-guided fuzzer and by pytest.

``python -m tests.fuzz NAME --seconds N`` fuzzes one parser with atheris; ``make fuzz``
installs it and runs them all. :mod:`tests.fuzz.parsers` lists them; what was found
stands in ``tests/vectors/fuzz/<name>``, and ``tests/unit/test_fuzz.py`` replays it.
"""
