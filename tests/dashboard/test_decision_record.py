"""The individual decision record prints what events say, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.reports.decision_record import decision_record
from dashboard.reports.issue import digest_of, parse_report
from dashboard.reports.model import DISCLAIMER, NOT_RECORDED, Field, Report
from dashboard.reports.regimes import NOT_READ, mapping
from dashboard.reports.render import to_html
from dashboard.reports.sections_rest import NO_CAPTURE
from dashboard.words import FAILED, NOT_ASKED, UNCHECKED
from ledger.errors import MalformedError
from ledger.visible import visible_lines
from projections.chain import Chain
from tests.support import chains

GOLDEN = Path(__file__).parent / "golden"
MATCHED = chains.START
TEXT = st.text(min_size=1, max_size=40)


def build(chain: Chain) -> Report:
    return decision_record(
        chain,
        ledger=chains.LEDGER,
        read=chains.READ,
        created_at=chains.CREATED,
        matched=MATCHED,
    )


def html_of(report: Report) -> str:
    return to_html(report, digest=digest_of(report.to_json()))


def fields(report: Report) -> dict[str, Field]:
    return {field.path: field for part in report.sections for field in part.fields}


def texts(value: Any) -> Iterator[str]:
    """Every string in a nested value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def said(chain: Chain) -> set[str]:
    """Every string that the events of a chain say."""
    found: set[str] = set()
    for link in chain.links:
        times = [link.time, link.sealed_at]
        found |= {
            moment.isoformat().replace("+00:00", "Z") for moment in times if moment
        }
        found |= {str(link.event_id), *link.fields, *texts(link.fields)}
        found |= {"time"}
    return found


def event_ids() -> list[UUID]:
    return [link.event_id for link in chains.links() if link.event_id]


@pytest.mark.parametrize("form", ["json", "html"])
def test_record_is_the_golden_one(form: str):
    report = build(chains.chain())
    made = report.to_json() if form == "json" else html_of(report).encode()
    path = GOLDEN / f"R5.{form}"
    if os.environ.get("MLLEDGER_UPDATE_GOLDENS"):
        path.write_bytes(made)
    assert made == path.read_bytes(), "MLLEDGER_UPDATE_GOLDENS=1 writes it anew"


def test_every_value_comes_from_an_event_or_a_fixed_heading():
    chain = chains.chain()
    known = said(chain) | {NOT_RECORDED, NO_CAPTURE}
    for field in fields(build(chain)).values():
        assert set(texts(field.value)) <= known, field.path


@given(TEXT)
def test_whatever_an_event_says_is_printed_as_text(text: str):
    whole = chains.chain()
    changed = {**whole.decision.fields, "output": text}
    first = replace(whole.decision, fields=changed)
    report = build(replace(whole, links=(first, *whole.links[1:])))
    assert fields(report)["decision.outcome"].value == text
    page = html_of(report)
    seen = escape(visible_lines(text), quote=True)
    assert seen.replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page


def test_page_runs_nothing_and_fetches_nothing():
    page = html_of(build(chains.chain()))
    assert "&lt;contest@acme.example&gt; &amp; we answer" in page
    for forbidden in ("<script", "javascript:", " src=", "http://", "https://", "url("):
        assert forbidden not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("dropped", event_ids(), ids=str)
def test_without_an_event_its_fields_are_gaps_that_name_what_fills_them(dropped: UUID):
    before, after = (fields(build(chains.chain(drop=drop))) for drop in (None, dropped))
    resting = {
        path: field
        for path, field in before.items()
        if str(dropped) in {item.event_id for item in field.evidence}
    }
    assert resting, "every event of the story fills something"
    for path, field in resting.items():
        if path not in after:  # one of a list; the list's own gap takes its place
            stem = path.removesuffix(f".{dropped}")
            after_stem = [p for p in after if p == stem or p.startswith(f"{stem}.")]
            assert after_stem, path
            continue
        gap = after[path]
        assert gap.status == "not_recorded", path
        assert gap.value == NOT_RECORDED
        assert gap.fills
        assert not gap.evidence
        assert field.status != "not_recorded"
    cited = {item.event_id for field in after.values() for item in field.evidence}
    assert str(dropped) not in cited


def test_every_recorded_field_names_its_evidence():
    for field in fields(build(chains.chain())).values():
        if field.status == "not_recorded":
            assert field.fills, field.path
        else:
            assert field.evidence, field.path


def test_what_a_person_says_is_stated():
    found = fields(build(chains.chain()))
    contact = next(f for path, f in found.items() if "R5.contact" in path)
    approval = next(f for path, f in found.items() if path.startswith("approvals."))
    assert contact.status == approval.status == "stated"
    assert contact.asserted_by == "person:olga"
    assert found["decision.outcome"].status == "recorded"


def test_two_registrations_that_disagree_are_both_shown():
    whole = chains.chain()
    other = chains.link("system", "other", 2, title="Lending II", purpose="Loans")
    found = fields(build(replace(whole, links=(*whole.links, other))))
    assert found["system.system"].status == "conflicting"
    assert found["system.system"].value == ["Lending", "Lending II"]
    assert found["system.purpose"].value == "Loans"


def test_a_deactivated_deployment_is_not_in_force():
    whole = chains.chain()
    end = chains.link("deployment change", "end", 22, change="deactivated")
    found = fields(build(replace(whole, links=(*whole.links, end))))
    assert found["deployment.in_force"].value is False
    assert fields(build(whole))["deployment.in_force"].value is True


def test_a_limit_set_after_the_test_shows():
    whole = chains.chain()
    late = chains.link("criterion", "late", 13, metric="auc", limit_value=0.8)
    found = fields(build(replace(whole, links=(*whole.links, late))))
    assert fields(build(whole))["evaluations.limits_first"].value is True
    assert found["evaluations.limits_first"].value is False


def test_who_signed_the_release_is_no_second_person():
    whole = chains.chain()
    links = [
        replace(one, identity="person:maria") if one.kind == "release" else one
        for one in whole.links
    ]
    found = fields(build(replace(whole, links=tuple(links))))
    assert fields(build(whole))["approvals.second_person"].value is True
    assert found["approvals.second_person"].value is False


def test_outcome_never_says_more_than_was_checked():
    failed = chains.links()
    bad = replace(failed[0], integrity="failed", place="p0 offset 3", expected="a")
    outcomes = {
        code: build(chains.chain(exit_code=code)).verification for code in (0, 5, 6, 13)
    }
    assert outcomes[0].startswith("Matches the log to 2026-03-02 09:30:00 UTC; 0 wit")
    assert "0 outside the operator" in outcomes[13]
    assert "compromised" in outcomes[13]
    assert outcomes[5] == FAILED
    assert outcomes[6] == UNCHECKED
    assert build(chains.chain(verified=False)).verification == NOT_ASKED
    report = build(replace(chains.chain(exit_code=5), links=(bad, *failed[1:])))
    assert [finding.place for finding in report.findings] == ["p0 offset 3"]
    assert "tamper" not in html_of(report)


def test_report_says_what_it_is_not_and_which_mapping_it_used():
    report = build(chains.chain())
    data = json.loads(report.to_json())
    assert data["notes"] == [DISCLAIMER]
    assert data["mapping"]["version"] == mapping("R5").version
    page = html_of(report)
    for provision in mapping("R5").provisions:
        is_read = provision.confidence.startswith("P")
        assert provision.note == ("" if is_read else NOT_READ)
        assert escape(provision.provision) in page
    assert NOT_READ in page


def test_coverage_counts_every_field():
    data = json.loads(build(chains.chain()).to_json())
    for part, row in zip(data["sections"], data["coverage"], strict=True):
        counts = {key: count for key, count in row.items() if key != "section"}
        assert sum(counts.values()) == len(part["fields"])


def test_report_reads_back_and_any_changed_byte_shows():
    content = build(chains.chain()).to_json()
    assert parse_report(content)["subject"] == str(chains.id_of("decision d1"))
    with pytest.raises(MalformedError):
        parse_report(content.replace(b'"R5"', b'"R5" '))
    with pytest.raises(MalformedError):
        parse_report(b"{}")
    with pytest.raises(MalformedError):
        parse_report(content[:-1])
    changed = content.replace(b"refer", b"allow")
    assert digest_of(changed) != digest_of(content)
