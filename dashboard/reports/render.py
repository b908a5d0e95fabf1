"""One HTML file from a report: no script, no network, opens anywhere."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboard.words import MARKS

if TYPE_CHECKING:
    from dashboard.reports.model import Evidence, Report

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


def to_html(report: Report, *, digest: str) -> str:
    """Render a report.

    Args:
        report: the document.
        digest: ``sha256:<hex>`` of its canonical JSON, printed in the footer.
    """
    evidence = _evidence(report)
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        coverage=report.to_dict()["coverage"],
        digest=digest,
        status_words=STATUS_WORDS,
        integrity_words=MARKS,
        evidence=evidence,
        numbers={item.event_id: n for n, item in enumerate(evidence, 1)},
    )


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
    )
    environment.filters["shown"] = shown
    return environment


def shown(value: object) -> str:
    """Return a value as a person reads it; lists and maps one item a line."""
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
    return str(value)


def _inline(value: object) -> str:
    """Return a nested value on one line."""
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return ", ".join(f"{_name(key)} {_inline(item)}" for key, item in pairs)
    return shown(value).replace("\n", ", ")


def _name(key: str) -> str:
    return key.replace("_", " ")
