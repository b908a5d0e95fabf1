"""Libraries of numbers and models, imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ledger.errors import ConfigurationError

Array = Any
"""A NumPy array; NumPy is not imported to say so."""

_EXTRA = "demo"
_OF_THE_EXTRA = {"numpy", "scipy", "pandas", "joblib", "sklearn", "pyarrow"}


def library(name: str, *, why: str = "evaluation") -> Any:
    """Return a module, imported now if it was not before.

    Args:
        name: such as ``numpy`` or ``scipy.special``.
        why: what needs it, for the error.

    Raises:
        ConfigurationError: its distribution is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        top = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise
        known = top in _OF_THE_EXTRA
        raise ConfigurationError(
            f"{why}: needs {top}, which is not installed",
            hint=f"pip install 'mlledger[{_EXTRA}]'" if known else f"pip install {top}",
        ) from error
