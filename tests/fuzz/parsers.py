"""All parsers of outside bytes, by name."""

from __future__ import annotations

from tests.fuzz import bodies, files, journals, notes, proofs, texts

_MODULES = (notes, bodies, proofs, files, journals, texts)
PARSERS = {parser.name: parser for module in _MODULES for parser in module.PARSERS}
