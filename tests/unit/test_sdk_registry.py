"""What changes around a version is recorded by verbs; the version itself never does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import ledger
from ledger.errors import InvalidEventError
from ledger.sdk import Entry, Handle
from tests.support.sdk import TestLedger, make_ledger

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
ANA, BELA = "person:ana", "person:bela"


@pytest.fixture
def lg(tmp_path) -> TestLedger:
    return make_ledger(tmp_path / "home", system="ward")


@pytest.fixture
def version(lg):
    return lg.register_model("triage", b"weights", version="1")


@pytest.fixture
def release(lg, version):
    return lg.release(version)


def ref(handle: Handle) -> dict[str, object]:
    return {"id": handle.id, "digest": f"sha256:{handle.digest.hex()}"}


def test_an_alias_moves_and_goes_away_by_events(lg, version):
    second = lg.register_model("triage", b"more", version="2")
    lg.set_alias("triage", "champion", version)
    lg.set_alias("triage", "champion", second, previous=version, reason="better")
    lg.delete_alias("triage", "champion", previous=second)
    first, moved, gone = (one.fields for one in lg.events("registry.alias.set"))
    assert first["model_version"] == ref(version)
    assert (moved["previous"], moved["reason"]) == (ref(version), "better")
    assert (gone["model_version"], gone["previous"]) == (None, ref(second))


def test_a_service_names_who_acts_through_it_and_a_person_signs(tmp_path: Path):
    service = make_ledger(tmp_path / "s", actor="person:ana")
    person = make_ledger(tmp_path / "p", identity="person:ana", actor="person:chen")
    for client in (service, person):
        client.register_model("triage", b"weights", version="1")
    made = [one.only("registry.model_version.created") for one in (service, person)]
    said = [one.meta and one.meta["actor"] for one in made]
    assert said == ["person:ana", None]


def test_an_alias_means_a_version_of_its_own_model(lg, version):
    with pytest.raises(InvalidEventError, match="a version of triage"):
        lg.set_alias("loans", "champion", version)
    assert lg.events("registry.alias.set") == []


def test_a_tag_keeps_no_secret_and_no_long_text(lg, version):
    lg.set_tag(version, "team", "red")
    lg.set_tag(version, "db", "postgres://u:hunter2@h/d")
    lg.set_tag(version, "note", "x" * 300)
    lg.delete_tag(version, "team", previous="red")
    values = [one.fields["value"] for one in lg.events("registry.tag.set")]
    assert values[0] == "red"
    assert "hunter2" not in values[1]
    assert values[2].startswith("sha256:")
    assert values[3] is None


def test_a_models_name_stays(lg):
    lg.change_model(
        "triage",
        title="Triage of the ward",
        before={"title": None},
        lifecycle="retired",
    )
    event = lg.only("registry.model.changed")
    assert event.fields["changes"] == [
        {"field": "title", "before": None, "after": "Triage of the ward"}
    ]
    assert event.fields["lifecycle"] == "retired"
    for wrong in ({"name": "other"}, {}):
        with pytest.raises(InvalidEventError):
            lg.change_model("triage", **wrong)


def test_withdrawals_and_revocations_are_exact(lg, version, release):
    approval = lg.approve(release, by=BELA, gate="production")
    lg.withdraw_version(version, reason="wrong labels", effective_at=MARCH)
    lg.withdraw_release(release, kind="recalled", reason="harm", notified=["claims"])
    lg.revoke_approval(approval, by=BELA, reason="new facts")
    version_end = lg.only("registry.model_version.withdrawn").fields
    release_end = lg.only("registry.release.withdrawn").fields
    revoked = lg.only("registry.approval.revoked").fields
    assert version_end["model_version"] == ref(version)
    assert (release_end["release"], release_end["kind"]) == (ref(release), "recalled")
    assert revoked["approval"] == ref(approval)
    assert lg.signer_of("registry.approval.revoked") == BELA


def test_an_environment_names_its_gates(lg):
    gate = {"gate": "risk", "materiality": "high", "approvals": 2}
    lg.register_environment("prod", "production", gates=["production", gate])
    assert lg.only("serving.environment.registered").fields["gates"] == [
        {"gate": "production", "materiality": None, "approvals": 1, "evidence": []},
        {"gate": "risk", "materiality": "high", "approvals": 2, "evidence": []},
    ]


def test_a_mandate_is_given_handed_over_and_taken_back(lg):
    grant = lg.grant_role(
        ANA, "approver", gates=["production"], until=MARCH, max_materiality="high"
    )
    lg.revoke_role(grant, reason="left")
    expert = lg.grant_role(ANA, "expert", model="triage", stage="features")
    lg.hand_over("triage", to=BELA, from_=ANA, stage="features", grant=expert)
    roles = [one.fields for one in lg.events("governance.role.granted")]
    ends = [one.fields for one in lg.events("governance.role.revoked")]
    assert roles[0]["gates"] == ["production"]
    assert (roles[2]["principal"], roles[2]["handed_over_from"]) == (BELA, ANA)
    assert [one["grant"] for one in ends] == [ref(grant), ref(expert)]


def test_an_exception_has_a_control_instead_and_an_end(lg, release):
    granted = lg.grant_exception(
        "EX-1",
        "production",
        reason="outage",
        compensating_control="manual check of each case",
        approver=BELA,
        expires=MARCH,
        object=release,
        by=BELA,
    )
    lg.end_exception(granted, reason="approved meanwhile")
    assert lg.signer_of("governance.exception.granted") == BELA
    fields = lg.only("governance.exception.granted").fields
    assert (fields["approver"], fields["object"]) == (BELA, ref(release))
    assert lg.only("governance.exception.ended").fields["exception"] == ref(granted)


def test_a_deployment_may_skip_its_gates_and_is_recorded_all_the_same(lg, release):
    lg.register_environment("prod", "production", gates=["production"])
    lg.deploy(release, "prod")
    assert lg.only("serving.deployment.activated").fields["emergency"] is False


def test_what_is_built_and_seen_to_run_is_known_by_digest(lg):
    built = lg.package(
        "train",
        b"wheel",
        kind="training_program",
        commit="abc",
        repository="https://u:hunter2@git.example/x",
        sbom=b"{}",
        tests_passed=True,
    )
    fields = lg.only("pipeline.artifact.packaged").fields
    assert fields["repository"] == "https://git.example/x"
    assert (fields["dirty"], fields["tests_passed"]) == (False, True)
    assert lg._blobs.get(fields["sbom_digest"]) == b"{}"
    lg.observe_deployment("kubernetes", "prod", "api", image_digest=fields["digest"])
    seen = lg.only("serving.deployment.observed").fields
    assert (seen["image_digest"], built.name) == (fields["digest"], "train")


def test_data_changes_under_a_model(lg):
    data = lg.log_dataset_version("loans", b"rows")
    lg.change_source("bureau", "meaning", after={"score": "0 to 1"}, announced_at=MARCH)
    lg.withdraw_source("bureau", "poisoned", since=MARCH, dataset_versions=[data])
    lg.change_dataset("loans", owner=BELA)
    lg.feature_view("v", "3", [("age", "int64"), {"name": "x", "type": "str"}])
    lg.check_quality(
        data, [{"name": "not_null", "success": True}, {"name": "y", "success": False}]
    )
    assert lg.only("data.source.changed").meta["basis"] == "declared"
    gone = lg.only("data.source.withdrawn").fields
    assert (gone["cause"], gone["dataset_versions"]) == ("poisoned", [ref(data)])
    features = lg.only("data.feature_view.created").fields["features"]
    assert [one["name"] for one in features] == ["age", "x"]
    assert lg.only("data.quality.checked").fields["passed"] is False


def test_what_became_of_predictions_is_recorded(lg, release):
    decision = bytes(16)
    deployment = lg.deploy(release, "prod")
    lg.batch(release, rows=9, started_at=MARCH, deployment=deployment)
    lg.end_session(deployment, started_at=MARCH, verified_by=[ANA, BELA])
    lg.observe_outcome(decision, "repaid", source="core")
    lg.report_count("core", 9, population="loans", period_from=MARCH, period_to=MARCH)
    lg.review_decision(decision, "override", by=BELA, final_output="accept")
    assert lg.only("prediction.batch.recorded").fields["rows"] == 9
    assert lg.only("prediction.count.reported").fields["count"] == 9
    assert lg.signer_of("oversight.review.decided") == BELA
    assert lg.only("oversight.review.decided").fields["reviewer"] == BELA


def test_a_stop_names_who_and_is_lifted_exactly(lg):
    stop = lg.stop_system("ward", reason="wrong answers", by=ANA)
    lg.resume_system(stop, reason="mended", by=BELA)
    lg.test_stop("ward", passed=True, seconds=3)
    lg.send_notice("adverse", "person", reasons=["R1"], document=b"letter")
    assert lg.only("oversight.system.stopped").fields["by"] == ANA
    assert lg.only("oversight.system.resumed").fields["stop"] == ref(stop)
    assert lg.only("oversight.notice.sent").fields["document"].startswith("sha256:")


def test_an_incident_runs_from_becoming_known_to_its_end(lg, release):
    case = lg.open_incident("I-1", "wrong doses", severity="high", releases=[release])
    lg.update_incident(case, causal_link_at=MARCH)
    lg.report_incident(case, "authority", kind="initial")
    lg.act_on_incident(case, "stop", "stopped the ward's model", by=ANA)
    lg.close_incident("I-1", outcome="mended", evidence=[case])
    numbers = {one.fields["incident"] for _, one in lg.taken if "incident" in one.name}
    assert numbers == {"I-1"}
    assert lg.only("incident.action.taken").fields["by"] == ANA


def test_systems_and_models_are_watched_and_reviewed(lg, version):
    lg.change_system("ward", owner=BELA)
    lg.classify_system("ward", "eu-ai-act", "high_risk", grounds="Annex III", by=BELA)
    lg.retire_system("ward")
    monitor = {"monitor": "m", "metric": "psi", "direction": "at_most", "limit": 0.2}
    lg.set_monitoring_plan("triage", [monitor], review_within_days=7)
    seen = lg.log_measurement(
        "m", "psi", 0.3, window=(MARCH, MARCH), rows=10, breach=True, limit=0.2
    )
    lg.complete_review("model", "accept", reviewer=BELA, measurements=[seen])
    lg.note_context("holiday")
    lg.issue_validation("fit", validator=BELA, scope="all", object=version)
    assert lg.only("governance.system.classified").fields["decided_by"] == BELA
    assert lg.only("monitoring.plan.set").fields["review_within_days"] == 7.0
    assert lg.only("monitoring.measurement.recorded").fields["limit"] == 0.2


def test_a_handle_of_a_new_verb_travels_to_another_process(lg):
    stop = lg.stop_system("ward", reason="x")
    assert Entry.from_dict(ledger.from_dict(stop.to_dict()).to_dict()) == stop
