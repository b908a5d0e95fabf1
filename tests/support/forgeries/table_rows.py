"""Answers whose rows an administrator of the database changed."""

from __future__ import annotations

from tests.support.forgeries.rows import Check, Row, untouched
from tests.support.forgeries.table_base import (
    ALL,
    SAMPLE,
    SHOW,
    Answering,
    changed,
    made,
    tables,
)
from tests.support.owner import sql

MADE_UP = """
INSERT INTO decisions.decision
SELECT '00000000-0000-4000-8000-000000000000', time, sealed_at, origin, leaf, idx,
       identity, digest, correlation_id, release_id, deployment_id, attestation_id,
       case_id, use, path, mode, output, adverse, reason_codes, payload_commitment,
       caller, latency_us, replaces_decision_id
  FROM decisions.decision LIMIT 1
"""


def record_gone(it: Answering) -> None:
    """The broker's administrator alters the record that the answer rests on."""
    ledger = it.home.small_ledger()
    last = ledger.log.bounds(0)[1] - 1
    sql(
        ledger,
        f"UPDATE record SET value = x'00' WHERE partition = 0 AND offset = {last}",
    )
    ledger.close()


def row(title: str, forge: object, check: Check, place: str, by: str = "D") -> Row:
    return Row(by, title, tables, forge, check, "5", place)  # type: ignore[arg-type]


RECORD, GONE = "log acme/p0 offset 19", "registry.approval <approval>"
LIVE = "registry.deployment"
NO_EVENT = "decisions.decision 00000000-0000-4000-8000-000000000000"
HIDDEN = """
ALTER TABLE registry.deployment ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.deployment FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON registry.deployment USING (current_query() NOT LIKE '%traffic%');
"""
VIEW = """
ALTER TABLE registry.deployment RENAME TO deployment_;
CREATE VIEW registry.deployment AS SELECT * FROM registry.deployment_ WHERE false;
GRANT SELECT ON registry.deployment TO mlledger_auditor;
"""
TRIGGER = """
CREATE FUNCTION registry.f() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.decision := 'approve'; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT ON registry.approval
   FOR EACH ROW EXECUTE FUNCTION registry.f();
"""
RULE = "CREATE RULE r AS ON INSERT TO registry.approval DO INSTEAD NOTHING"
ROWS = [
    row(
        "the outcome in a decision's row",
        changed("UPDATE decisions.decision SET output = 'grant'"),
        SHOW,
        "decisions.decision <decision> column output",
    ),
    row(
        "an approval turned into a rejection",
        changed("UPDATE registry.approval SET decision = 'reject'"),
        SHOW,
        "registry.approval <approval> column decision",
    ),
    row(
        "rows that point to another leaf",
        changed("UPDATE registry.release SET leaf = leaf + 1"),
        SHOW,
        "registry.release <release> column event_id",
    ),
    row("a decision made up", changed(MADE_UP), ALL, NO_EVENT),
    row("an approval deleted", changed("DELETE FROM registry.approval"), ALL, GONE),
    row(
        "who wrote an event",
        changed(
            "UPDATE integrity.event SET identity = 'person:eve'"
            " WHERE type = 'registry.approval.decided'"
        ),
        SAMPLE,
        "integrity.event <approval> column identity",
    ),
    row("the record behind an answer", record_gone, SHOW, RECORD, by="B"),
    row("a policy that hides a deployment", made(HIDDEN), ALL, f"{LIVE} policy p"),
    row("a policy that hides a deployment", made(HIDDEN), SAMPLE, f"{LIVE} policy p"),
    row("a view in a table's place", made(VIEW), ALL, LIVE),
    row("a view in a table's place", made(VIEW), SAMPLE, LIVE),
    row(
        "a trigger that turns rejections into approvals",
        made(TRIGGER),
        ALL,
        "registry.approval trigger t",
    ),
    row(
        "a rule that lets no approval in",
        made(RULE),
        SAMPLE,
        "registry.approval rule r",
    ),
]
HONEST = [
    Row("", "a decision shown with all its links", tables, untouched, SHOW, "0"),
    Row("", "tables that are what the log makes of them", tables, untouched, ALL, "0"),
]
