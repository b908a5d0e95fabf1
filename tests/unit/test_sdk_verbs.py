"""From data to deployment: references are exact, digests are of what was given."""

from __future__ import annotations

import json
from hashlib import sha256

import pandas as pd
import pytest

import ledger
from ledger.digest import format_digest, manifest1_digest
from ledger.errors import InvalidEventError, NotAuthorisedError, NotFoundError
from ledger.sdk import Content, DatasetVersion, Deployment, Handle, ModelVersion
from ledger.sdk.recorder import traceparent
from tests.support.sdk import make_ledger


@pytest.fixture
def lg(tmp_path):
    return make_ledger(tmp_path / "home", system="ward")


@pytest.fixture
def version(lg):
    return lg.register_model("triage", b"weights", inputs={"age": "int64"})


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def ref(handle: Handle) -> dict[str, object]:
    return {"id": handle.id, "digest": f"sha256:{handle.digest.hex()}"}


def test_a_reference_is_to_the_very_bytes_of_an_event(lg, version):
    event = lg.only("registry.model_version.created")
    assert (version.id, version.digest) == (event.id, event.digest())


def test_events_belong_to_the_clients_system(lg):
    lg.register_source("crm")
    assert lg.only("data.source.registered").meta["system_id"] == "ward"


def test_a_dataset_version_is_known_by_content(lg, tmp_path):
    frame = pd.DataFrame({"a": [1, 2]})
    lg.register_source("crm", kind="database", url="pg://u:hunter2@h/d", notice_days=30)
    lg.register_dataset("loans", sources=["crm"], purposes=["risk"])
    whole = lg.log_dataset_version("loans", frame)
    part = lg.log_dataset_version(
        "loans",
        frame.head(1),
        derived_from=[whole],
        split={"name": "train", "method": "random", "seed": 7, "fraction": 0.5},
    )
    event = lg.events("data.dataset_version.created")[1]
    assert event.fields["derived_from"] == [ref(whole)]
    assert event.fields["digest"] == part.content != whole.content
    assert (event.fields["rows"], event.fields["scheme"]) == (1, "table1")
    assert event.fields["split"]["seed"] == 7
    assert event.fields["identity_strength"] == "content"
    assert lg.only("data.source.registered").fields["url"] == "pg://h/d"


def test_content_that_is_not_at_hand_is_declared(lg):
    lg.log_dataset_version("loans", content=Content(digest_of(b"x"), "file"))
    event = lg.only("data.dataset_version.created")
    assert event.fields["identity_strength"] == "declared"
    assert event.meta["basis"] == "declared"


def test_the_same_registration_is_recorded_once(lg):
    first = lg.register_dataset("loans", title="Loans")
    assert lg.register_dataset("loans", title="Loans") == first
    assert lg.register_dataset("loans", title="All loans") != first
    assert len(lg.events("data.dataset.registered")) == 2


def test_another_client_of_the_home_does_not_register_again(lg, tmp_path):
    lg.register_model("triage", b"1")
    other = make_ledger(tmp_path / "home")
    other.register_model("triage", b"2")
    assert other.events("registry.model.registered") == []


def test_a_model_version_says_what_it_is_made_of(lg, version):
    child = lg.register_model(
        "tuned",
        b"more",
        version="2026-01",
        parents=[("fine_tuned_from", version)],
        outputs=pd.DataFrame({"p": [0.1]}),
        artifacts={"tokenizer": b"t"},
        framework="scikit-learn 1.7",
    )
    event = lg.events("registry.model_version.created")[1]
    assert event.fields["artifact_digest"] == child.content == digest_of(b"more")
    assert event.fields["version"] == "2026-01"
    assert event.fields["parents"] == [
        {"kind": "fine_tuned_from", "version": ref(version)}
    ]
    assert event.fields["outputs"] == [{"name": "p", "type": "float64"}]
    assert event.fields["artifacts"][0]["digest"] == digest_of(b"t")


def test_a_release_is_a_manifest_of_its_parts(lg, version):
    release = lg.release(
        version,
        configuration={"b": 1, "a": [0.5, None]},
        feature_schema={"age": "int64"},
        thresholds={"high": 0.5},
        approved_uses=["triage"],
        change_class="none",
    )
    event = lg.only("registry.release.created")
    configuration = digest_of(b'{"a":[0.5,null],"b":1}')
    assert event.fields["configuration_digest"] == configuration
    assert (
        event.fields["digest"]
        == release.content
        == format_digest(
            manifest1_digest(
                {
                    "artifact": version.content,
                    "configuration": configuration,
                    "feature_schema": digest_of(b'{"age":"int64"}'),
                    "thresholds": digest_of(b'{"high":0.5}'),
                }
            )
        )
    )
    assert event.fields["model_version"] == ref(version)
    assert event.fields["release"] == release.content[7:19]
    assert lg._blobs.get(configuration) == b'{"a":[0.5,null],"b":1}'


def test_any_part_makes_another_release(lg, version):
    contents = {
        lg.release(version).content,
        lg.release(version, configuration={"a": 1}).content,
        lg.release(version, configuration={"a": 2}).content,
        lg.release(version, instructions=b"read me").content,
        lg.release(version, thresholds={"high": 0.5}).content,
        lg.release(version, thresholds={"high": 0.6}).content,
    }
    assert len(contents) == 6


def test_a_configuration_loses_its_secrets_before_it_is_digested(lg, version, tmp_path):
    one = lg.release(version, configuration={"t": 1, "db": {"password": "hunter2"}})
    two = lg.release(version, configuration={"t": 1, "db": {"password": "hunter3"}})
    assert one.configuration == two.configuration
    event = lg.events("registry.release.created")[0]
    assert event.fields["secret_references"] == [
        "cut: configuration.db.password (secret-name)"
    ]
    path = tmp_path / "serve.yaml"
    path.write_text("threshold: 0.5\npassword: hunter2\n")
    three = lg.release(version, configuration=path)
    assert lg._blobs.get(three.configuration) == (
        b"threshold: 0.5\npassword: [REDACTED:secret-name]\n"
    )


def test_a_configuration_that_json_does_not_know_is_refused(lg, version):
    with pytest.raises(InvalidEventError, match="configuration"):
        lg.release(version, configuration={"x": float("nan")})


def test_a_release_takes_the_environment_of_its_training(lg):
    with lg.training_run("triage") as run:
        version = run.register_model("triage", b"weights")
    lg.release(version)
    lock = lg.only("pipeline.run.started").fields["environment"]["lock_digest"]
    assert lg.only("registry.release.created").fields["environment_digest"] == lock


def test_an_approval_is_signed_by_the_person_and_bound_to_the_content(lg, version):
    release = lg.release(version)
    request = lg.request_approval(
        release, gate="production", by="person:eve", requested_of="risk"
    )
    lg.approve(request, by="person:ann", conditions=["weekly review"])
    event = lg.only("registry.approval.decided")
    assert lg.signer_of("registry.approval.requested") == "person:eve"
    assert lg.signer_of("registry.approval.decided") == "person:ann"
    assert event.fields["object"] == ref(release)
    assert event.fields["request"] == ref(request)
    assert event.fields["digest"] == release.content
    assert (event.fields["gate"], event.fields["decision"]) == ("production", "approve")
    assert event.fields["signature_kind"] == "person_key"
    assert event.meta["basis"] == "stated"


def test_a_service_cannot_ask_for_approval_in_its_own_name(lg, version, tmp_path):
    with pytest.raises(NotAuthorisedError) as caught:
        lg.request_approval(version, gate="g")
    assert "by='person:" in caught.value.hint
    assert lg.events("registry.approval.requested") == []
    eve = make_ledger(tmp_path / "home", identity="person:eve")
    eve.request_approval(version, gate="g")
    assert eve.signer_of("registry.approval.requested") == "person:eve"
    assert not eve.emitter.closed


def test_a_service_that_attests_for_persons_says_so(lg, version):
    lg.approve(version, gate="g", by="service:portal")
    event = lg.only("registry.approval.decided")
    assert event.fields["signature_kind"] == "attested_by_service"
    assert event.fields["auth_time"] is None


def test_an_approval_without_a_request_names_its_gate(lg, version):
    approval = lg.approve(version, by="person:ann", gate="test", decision="reject")
    assert approval.decision == "reject"
    assert lg.only("registry.approval.decided").fields["request"] is None
    with pytest.raises(InvalidEventError, match="gate"):
        lg.approve(version, by="person:ann")


def test_what_has_no_content_cannot_be_approved(lg, version):
    deployment = lg.deploy(lg.release(version), "prod")
    with pytest.raises(InvalidEventError, match="no content digest"):
        lg.approve(deployment, by="person:ann", gate="g")


def test_a_deployment_pins_its_release(lg, version):
    release = lg.release(version)
    deployment = lg.deploy(release, "prod", traffic=1, service="score", emergency=True)
    event = lg.only("serving.deployment.activated")
    assert event.fields["release"] == ref(release)
    assert event.fields["release_digest"] == release.content
    changed = lg.change_deployment(deployment, role="shadow", traffic=0, reason="slow")
    assert (changed.id, changed.role, changed.traffic) == (deployment.id, "shadow", 0.0)
    lg.undeploy(deployment)
    ended = lg.only("serving.deployment.deactivated")
    assert ended.fields["deployment"] == ref(deployment)
    with pytest.raises(InvalidEventError, match="traffic"):
        lg.deploy(release, "prod", traffic=1.5)


@pytest.mark.parametrize(
    ("artifact", "configuration", "matches"),
    [
        (b"weights", {"t": 1}, True),
        (b"weights", {"t": 2}, False),
        (b"other", {"t": 1}, False),
        (b"weights", None, None),
        (b"other", None, False),
    ],
)
def test_an_attestation_compares_what_was_loaded(
    lg, version, artifact, configuration, matches
):
    deployment = lg.deploy(lg.release(version, configuration={"t": 1}), "prod")
    proc = lg.attest(deployment, artifact=artifact, configuration=configuration)
    event = lg.only("serving.process.attested")
    assert proc.matches is event.fields["matches"] is matches
    assert event.fields["artifact_digest"] == digest_of(artifact)
    assert event.fields["packages_digest"].startswith("sha256:")
    assert event.meta["basis"] == "attested"


def test_without_a_configuration_the_artifact_alone_decides(lg, version):
    deployment = lg.deploy(lg.release(version), "prod")
    assert lg.attest(deployment, artifact=b"weights").matches is True
    proc = lg.attest(deployment, artifact=b"weights", configuration={"t": 1})
    assert proc.matches is None


def test_an_artifact_is_read_at_every_attestation(lg, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"weights")
    version = lg.register_model("triage", path)
    deployment = lg.deploy(lg.release(version), "prod")
    assert lg.attest(deployment, artifact=path).matches is True
    path.write_bytes(b"weightz")
    assert lg.attest(deployment, artifact=path).matches is False


def test_criteria_decide_whether_a_test_is_passed(lg, version):
    limit = lg.set_criteria("triage", "recall", 0.9)
    other = lg.set_criteria("triage", "gap", 0.1, direction="at_most", slice="women")
    data = lg.log_dataset_version("loans", b"test")

    def verdict(*rows):
        metrics = [
            dict(zip(("name", "value", "slice"), row, strict=False)) for row in rows
        ]
        return lg.log_evaluation(
            version, metrics=metrics, criteria=[limit, other], dataset_version=data
        ).passed

    assert verdict(("recall", 0.9), ("gap", 0.1, "women")) is True
    assert verdict(("recall", 0.89), ("gap", 0.1, "women")) is False
    assert verdict(("recall", float("nan")), ("gap", 0.1, "women")) is False
    assert verdict(("recall", 0.95)) is None
    assert verdict(("recall", 0.95), ("gap", 0.0)) is None
    event = lg.events("evaluation.test.completed")[0]
    assert event.fields["criteria"] == [limit.id, other.id]
    assert event.fields["model_version"] == ref(version)


def test_a_document_is_kept_as_it_is(lg, version, tmp_path):
    path = tmp_path / "card.md"
    path.write_bytes(b"# Card\r\n")
    document = lg.attach(path, about=version)
    assert lg._blobs.get(document.content) == b"# Card\r\n"
    event = lg.only("governance.document.stored")
    assert (event.fields["title"], event.fields["size_bytes"]) == ("card.md", 8)
    assert event.fields["media_type"] == "text/markdown"
    assert event.fields["about"] == version.id


def test_a_statement_is_signed_by_its_author(lg, version):
    lg.state("AIA.AnnexIV.2.b", "Short.", by="person:ann", role="provider")
    lg.state("AIA.AnnexIV.2.c", "Long. " * 100, by="person:ann", valid_for=version)
    short, long = lg.events("governance.statement.recorded")
    assert [who for who, e in lg.taken if e in (short, long)] == ["person:ann"] * 2
    assert (short.fields["text"], short.fields["document"]) == ("Short.", None)
    assert long.fields["text"] is None
    assert lg._blobs.get(long.fields["document"]) == b"Long. " * 100
    assert long.fields["valid_for"] == ref(version)


def test_consumers_systems_and_people_are_declared(lg):
    lg.register_system("ward", purpose="sort cases", owner="person:ann")
    lg.register_principal("person:ann", unit="risk", line="second", key_fp=bytes(32))
    lg.declare_consumer(
        "billing", channels=[("kafka.topic", "scores")], purpose="invoices"
    )
    event = lg.only("consumer.contract.declared")
    assert event.fields["channels"] == [{"kind": "kafka.topic", "id": "scores"}]
    assert event.fields["valid_from"] > 1_600_000_000_000_000
    assert lg.only("governance.principal.registered").fields["key_fp"] == bytes(32)


def test_a_handle_goes_to_another_process_and_comes_back(lg, version):
    release = lg.release(version)
    handles = [
        version,
        release,
        deployment := lg.deploy(release, "prod"),
        lg.attest(deployment, artifact=b"weights"),
        lg.request_approval(release, gate="g", by="person:eve"),
        lg.approve(release, gate="g", by="person:ann"),
        lg.log_dataset_version("loans", b"x"),
        lg.set_criteria("triage", "auc", 0.5),
        lg.register_source("crm"),
        lg.attach(b"x"),
        lg.log_evaluation(metrics={}),
    ]
    for handle in handles:
        text = json.dumps(handle.to_dict())
        assert ledger.from_dict(json.loads(text)) == handle
        assert f"(id={handle.uuid}, digest=sha256:" in repr(handle)
        assert "\\x" not in str(handle)
    assert Deployment.from_dict(deployment.to_dict()) == deployment
    assert Handle.from_dict(deployment.to_dict()) == deployment
    with pytest.raises(InvalidEventError, match="a dataset_version is needed"):
        DatasetVersion.from_dict(deployment.to_dict())


@pytest.mark.parametrize(
    "change",
    [{"kind": "nothing"}, {"id": "7"}, {"digest": "sha256:00"}, {"extra": 1}],
)
def test_what_is_no_handle_is_refused(version, change):
    with pytest.raises(InvalidEventError):
        ledger.from_dict(version.to_dict() | change)


def test_a_handle_with_a_missing_value_is_refused(version):
    values = version.to_dict()
    del values["content"]
    with pytest.raises(InvalidEventError):
        ledger.from_dict(values)


def test_ids_print_as_uuid(version: ModelVersion):
    assert version.uuid == version.to_dict()["id"]
    assert bytes.fromhex(version.uuid.replace("-", "")) == version.id


def test_no_trace_is_claimed_where_none_is_active():
    assert traceparent() is None


def test_an_active_trace_is_named(monkeypatch):
    import sys
    from types import SimpleNamespace

    context = SimpleNamespace(is_valid=True, trace_id=1, span_id=2, trace_flags=1)
    span = SimpleNamespace(get_span_context=lambda: context)
    module = SimpleNamespace(get_current_span=lambda: span)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", module)
    assert traceparent() == f"00-{1:032x}-{2:016x}-01"


def test_blobs_of_other_homes_are_not_here(lg):
    with pytest.raises(NotFoundError):
        lg._blobs.get(digest_of(b"elsewhere"))
