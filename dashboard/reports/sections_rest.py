"""The second half of the individual decision record: data, statements, what follows.

As in :mod:`dashboard.reports.sections`, headings are the only words that stand here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dashboard.reports.facts import Facts, compact, evidence, is_before, made, summary
from dashboard.reports.model import Field, not_recorded
from projections.payload_state import COMMITTED, DELETION, NO_CAPTURE, deleted_text

if TYPE_CHECKING:
    from projections.chain import Link

STATEMENT = "governance.statement.recorded"
_STATED = (
    ("R5.explanation", "Explanation of logic and consequences"),
    ("R5.counterfactual", "How another input would have changed the outcome"),
    ("R5.legal_basis", "Legal basis"),
    ("R5.contact", "Contact"),
)
_LINEAGE = (
    (
        "evaluations",
        "Test",
        "evaluation",
        ("kind", "metrics", "passed", "overlap_rows", "tool"),
    ),
    (
        "criteria",
        "Limit set for a test",
        "criterion",
        ("metric", "slice", "direction", "limit_value", "baseline", "baseline_value"),
    ),
    (
        "inputs",
        "Data the run read",
        "input",
        ("name", "role", "dataset", "digest", "scheme", "rows"),
    ),
    (
        "dataset_versions",
        "Data set version",
        "dataset version",
        (
            "dataset",
            "digest",
            "scheme",
            "rows",
            "size_bytes",
            "split",
            "preparation",
            "identity_strength",
        ),
    ),
    (
        "datasets",
        "Data set",
        "dataset",
        ("dataset", "title", "owner", "license", "purposes", "description"),
    ),
    (
        "sources",
        "Source of the data",
        "source",
        ("source", "title", "kind", "owner", "notice_days", "url"),
    ),
)
_RUN = (
    ("name", "Training run", "run", "run"),
    ("time", "Run started at", "run", "time"),
    ("outcome", "Outcome of the run", "run end", "outcome"),
    ("seeds", "Seeds", "run", "seeds"),
    ("parameters", "Parameters", "run", "parameters"),
)
_CODE = (
    ("repository", "Repository of the code"),
    ("commit", "Commit of the code"),
    ("dirty", "Uncommitted changes in the code"),
)


def data(facts: Facts) -> list[Field]:
    """Return run, code, environment, tests, limits, data sets and sources."""
    found = [
        facts.field(f"run.{name}", title, kind, column)
        for name, title, kind, column in _RUN
    ]
    run = facts.first("run")
    found += [
        _inside(f"code.{name}", title, run, "code", name) for name, title in _CODE
    ]
    found.append(_whole("run.environment", "Environment of the run", run))
    found.append(
        facts.field(
            "release.environment",
            "Digest of the packages the release runs in",
            "release",
            "environment_digest",
        )
    )
    for path, title, kind, columns in _LINEAGE:
        found += facts.fields(path, title, kind, columns)
    return [*found, _limits_first(facts)]


def _inside(path: str, title: str, link: Link | None, column: str, name: str) -> Field:
    record: Any = link.fields.get(column) if link else None
    value = record.get(name) if isinstance(record, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if link is None or value is None:
        return not_recorded(path, title, fills="pipeline.run.started")
    return made(path, title, value, [link])


def _whole(path: str, title: str, link: Link | None) -> Field:
    value = compact(link.fields.get("environment")) if link else None
    if link is None or not value:
        return not_recorded(path, title, fills="pipeline.run.started")
    return made(path, title, value, [link])


def _limits_first(facts: Facts) -> Field:
    criteria, tests = facts.links("criterion"), facts.links("evaluation")

    def rule() -> bool:
        return all(is_before(limit, test) for limit in criteria for test in tests)

    return facts.derived(
        "evaluations.limits_first",
        "Limits were set before the test",
        [
            (facts.first("criterion"), "evaluation.criteria.set"),
            (facts.first("evaluation"), "evaluation.test.completed"),
        ],
        rule,
        also=[*criteria[1:], *tests[1:]],
    )


def statements(facts: Facts) -> list[Field]:
    """Return what persons stated, and documents; what is asked for first."""
    said = facts.links("statement") + facts.links("reply")
    found: list[Field] = []
    for name, title in _STATED:
        links = [link for link in said if link.fields.get("field") == name]
        found += [_statement(name, title, link) for link in links] or [
            not_recorded(f"statements.{name}", title, fills=STATEMENT)
        ]
    asked = {name for name, _ in _STATED}
    for link in said:
        name = str(link.fields.get("field"))
        if name not in asked:
            found.append(_statement(name, name, link))
    for link in facts.links("document"):
        columns = ("title", "media_type", "digest", "size_bytes", "retention_class")
        value = summary(link, columns)
        found.append(made(f"documents.{link.event_id}", "Document", value, [link]))
    return found


def _statement(name: str, title: str, link: Link) -> Field:
    value = summary(link, ("text", "document", "author", "role"))
    path = f"statements.{name}.{link.event_id}"
    return made(path, title, value, [link], status="stated")


def notices() -> list[Field]:
    """Return notices and contests; no projection reads them yet."""
    sent, received = "oversight.notice.sent", "oversight.request.received"
    return [
        not_recorded("notices.sent", "Notice to the person", fills=sent),
        not_recorded("requests.received", "Request or contest", fills=received),
    ]


def retention() -> list[Field]:
    """Return how long the record is kept; no projection reads that yet."""
    rule = "governance.retention_rule.set"
    return [
        not_recorded("retention.rule", "Retention rule", fills=rule),
        not_recorded("retention.until", "Kept until", fills=rule),
    ]


def payload(facts: Facts) -> list[Field]:
    """Return the commitment to the personal payload, and what became of that."""
    path, title = "payload.commitment", "Commitment to the personal payload"
    link = facts.first("decision")
    value = link.fields.get("payload_commitment") if link else None
    if link is None or not value:
        fills = "prediction.decision.recorded"
        return [Field(path, title, NO_CAPTURE, "not_recorded", fills=fills)]
    return [made(path, title, value, [link]), _kept(facts, link)]


def _kept(facts: Facts, decision: Link) -> Field:
    """Return where the payload is: ``erased`` with its evidence, once it is deleted."""
    path, title = "payload.state", "Personal payload"
    if gone := facts.first(DELETION):
        field = made(path, title, deleted_text(gone), [gone], status="erased")
        return replace(field, evidence=(*field.evidence, evidence(decision)))
    return made(path, title, COMMITTED, [decision], status="derived")
