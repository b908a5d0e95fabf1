"""Join the sources of ``verify.html`` into one static file.

The page is hand-written: ES modules, a style sheet and an HTML frame in
``ledger/page``. Each module becomes a function that is called once and returns its
exports, so that names of one module never meet those of another. The security policy
inside the page allows exactly this script and this style by their SHA-256, and nothing
else: no connection, no image, no frame, no form.

The same sources give the same bytes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRY = "main.mjs"
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([a-z]+\.mjs)";$', re.MULTILINE)
_EXPORT = re.compile(
    r"^export ((?:async function|function|class|const|let) (\w+))", re.MULTILINE
)
_OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)
_SLOT = re.compile(r"@(CSP|STYLE|SCRIPT)@")


def build_page() -> str:
    """Return the text of ``verify.html``."""
    sources = read_sources()
    script = join_modules(sources)
    style = sources["style.css"]
    slots = {"CSP": security_policy(script, style), "STYLE": style, "SCRIPT": script}
    return _SLOT.sub(lambda match: slots[match[1]], sources["index.html"])


def read_sources() -> Mapping[str, str]:
    """Return the sources of the page by file name."""
    folder = files("ledger") / "page"
    found = (item for item in folder.iterdir() if item.is_file())
    return {item.name: item.read_text(encoding="utf-8") for item in found}


def join_modules(sources: Mapping[str, str]) -> str:
    """Return one script of all modules that :data:`ENTRY` needs, what is needed first.

    Args:
        sources: texts of ES modules by file name. They import names, each from another
            file beside them, and export functions, classes and constants.

    Raises:
        ValueError: a module imports or exports in another way, or in a circle.
    """
    parts = [_as_function(name, sources[name]) for name in _ordered(sources)]
    script = "\n" + "\n".join(parts)
    if "</script" in script or "<!--" in script:
        raise ValueError("a module holds text that ends a script in HTML")
    return script


def security_policy(script: str, style: str) -> str:
    """Return the content security policy that allows these two texts alone.

    Source: W3C Content Security Policy Level 3, section 2.3.1 (hash sources).
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash_source(script)}'",
            f"style-src '{_hash_source(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash_source(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode("ascii")


def _ordered(sources: Mapping[str, str]) -> list[str]:
    done: list[str] = []
    open_: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in open_:
            raise ValueError(f"{name} imports itself: {' → '.join([*open_, name])}")
        open_.append(name)
        for match in _IMPORT.finditer(sources[name]):
            visit(match[2])
        open_.remove(name)
        done.append(name)

    visit(ENTRY)
    return done


def _as_function(name: str, source: str) -> str:
    exported = [match[2] for match in _EXPORT.finditer(source)]
    body = _IMPORT.sub(
        lambda match: f"const {match[1]} = {_variable(match[2])};", source
    )
    body = _EXPORT.sub(lambda match: match[1], body)
    if other := _OTHER.search(body):
        raise ValueError(f"{name}: {other[0]!r} is none of the forms that are joined")
    returned = f"return {{ {', '.join(exported)} }};\n" if exported else ""
    return f"const {_variable(name)} = (() => {{\n{body}{returned}}})();\n"


def _variable(name: str) -> str:
    return "from_" + name.removesuffix(".mjs")
