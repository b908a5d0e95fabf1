"""One HTML file from a report: no script, no network, opens anywhere."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboard.upstream import KINDS
from dashboard.words import GLOSSARY, LINKS, MARKS, marked
from ledger.visible import visible_lines

if TYPE_CHECKING:
    from dashboard.reports.model import Evidence, Report

_MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)Z$")
STATUS_WORDS = {
    "recorded": "recorded",
    "stated": "stated by a person",
    "derived": "derived",
    "not_recorded": "not recorded",
    "not_applicable": "not applicable",
    "withheld": "withheld",
    "erased": "erased",
    "conflicting": "conflicting",
    "late": "recorded late",
}


STATUS_MEANINGS = {
    "recorded": "an event in the log says so",
    "stated": "a person signed it as their own statement",
    "derived": "computed from recorded values",
    "not_recorded": "nothing in the ledger says it; the event that would is named",
    "not_applicable": "the question does not arise here",
    "withheld": "recorded, and not shown to this reader",
    "erased": "it was recorded, and deleted since",
    "conflicting": "two events say different things; both are kept",
    "late": "recorded long after it happened",
}
_SURENESS = {
    "P": "its official text was read",
    "S": "read in secondary sources",
    "R": "from memory",
    "H": "high confidence",
    "M": "medium confidence",
    "L": "low confidence",
}


def to_html(report: Report, *, digest: str) -> str:
    """Render a report.

    Args:
        report: the document.
        digest: ``sha256:<hex>`` of its canonical JSON, printed in the footer.
    """
    evidence = _evidence(report)
    coverage = report.to_dict()["coverage"]
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        coverage=coverage,
        digest=digest,
        status_words=STATUS_WORDS,
        integrity_words=MARKS,
        links=LINKS,
        kinds={name: LINKS.get(kind, kind) for name, kind in KINDS.items()},
        meanings=_meanings(coverage),
        evidence=evidence,
        numbers={item.event_id: n for n, item in enumerate(evidence, 1)},
    )


def _meanings(coverage: list[dict[str, object]]) -> dict[str, str]:
    """Return what the statuses of a report mean, then the words of its evidence."""
    used = {name for row in coverage for name in row}
    statuses = {
        STATUS_WORDS[name]: meaning
        for name, meaning in STATUS_MEANINGS.items()
        if name in used
    }
    return statuses | {word: GLOSSARY[word] for word in GLOSSARY if word != "– gap"}


def sureness(confidence: str) -> str:
    """Return in words how surely a provision was read, such as ``P-H``."""
    return ", ".join(_SURENESS.get(part, part) for part in confidence.split("-"))


def _evidence(report: Report) -> list[Evidence]:
    """Return each log entry that is named, once, in the order of the document."""
    fields = [field for section in report.sections for field in section.fields]
    named = [item for field in fields for item in field.evidence]
    return list({item.event_id: item for item in named}.values())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dashboard.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    environment.filters |= {"shown": shown, "marked": marked, "sureness": sureness}
    return environment


def _seen(value: object) -> object:
    """Return a value of a template; of recorded text nothing is hidden."""
    return visible_lines(value) if type(value) is str else value


def shown(value: object) -> str:
    """Return a value as a person reads it; lists and maps one item a line."""
    if value is None:
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        items = [_inline(item) for item in cast("list[object]", value)]
        return "\n".join(items) or "none"
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return "\n".join(f"{_name(key)}: {_inline(item)}" for key, item in pairs)
    if isinstance(value, float):
        return json.dumps(value)
    return _MOMENT.sub(r"\1 \2 UTC", str(value))


def _inline(value: object) -> str:
    """Return a nested value on one line."""
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return ", ".join(f"{_name(key)} {_inline(item)}" for key, item in pairs)
    return shown(value).replace("\n", ", ")


def _name(key: str) -> str:
    return key.replace("_", " ")
