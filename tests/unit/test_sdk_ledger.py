"""The SDK against a real ledger: what it returns is what is sealed and verifies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import ledger
from ledger.administration import new_key
from ledger.codec import Decoded
from ledger.config import Config, load_config
from ledger.errors import ConfigurationError
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.seal import open_state, seal_all
from ledger.setup import add_identity, initialise
from ledger.verification import LedgerVerifier, exit_code, verify_log

ROOT = Path(__file__).resolve().parents[2]
ANN = "person:ann"
SERVE = """
import json, os, sys, ledger
lg = ledger.init(quiet=True)
deployment = ledger.from_dict(json.loads(os.environ["DEPLOYMENT"]))
proc = lg.attest(deployment, artifact=b"weights", configuration={"t": 0.5})
made = lg.log_decision(deployment=deployment, output="low")
lg.flush(20)
lg.close()
print(json.dumps({"attestation": proc.to_dict(), "decision": str(made)}))
"""


@dataclass
class Told:
    """What a whole story leaves: the home, every handle, the decisions."""

    config: Config
    handles: dict[str, ledger.sdk.Handle]
    decision: bytes
    served: dict


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Told:
    home = tmp_path_factory.mktemp("sdk") / "home"
    config = initialise(home, name="example").config
    log = open_log(config)
    made = new_key(config, log, identity=ANN, kind="person")
    log.close()
    add_identity(config, ANN, f"file:{made.path.relative_to(config.home)}")
    told = tell(home)
    config = load_config(home)
    log, state = open_log(config), open_state(config)
    seal_all(config, log, state)
    state.close()
    log.close()
    return told


def tell(home: Path) -> Told:
    handles = {}
    with ledger.init(home, system="ward", quiet=True) as lg:
        data = handles["data"] = lg.log_dataset_version("loans", b"1,2,3")
        with lg.training_run("triage", parameters={"lr": 0.1}) as run:
            run.input(b"1,2,3", "train", dataset_version=data)
            run.log_metric("auc", 0.93)
            version = run.register_model("triage-model", b"weights")
        handles |= {"run": run.handle, "version": version}
        release = lg.release(
            version, configuration={"t": 0.5}, approved_uses=["triage"]
        )
        request = lg.request_approval(release, gate="production", by=ANN)
        handles |= {"release": release, "request": request}
        handles["approval"] = lg.approve(request, by=ANN)
        handles["statement"] = lg.state("purpose", "Sorts cases.", by=ANN)
        deployment = handles["deployment"] = lg.deploy(release, "prod")
        decide = lg.decision(deployment=deployment, output=str)(lambda: "high")
        decide()
        decision = ledger.last_decision_id()
        lg.log_decisions([{"output": "low"}] * 100, deployment=deployment)
        served = serve(home, deployment)
        assert lg.flush(60)
    return Told(load_config(home), handles, decision, served)


def serve(home: Path, deployment: ledger.sdk.Deployment) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        env={
            **os.environ,
            "MLLEDGER_HOME": str(home),
            "DEPLOYMENT": json.dumps(deployment.to_dict()),
        },
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sealed(told) -> dict[bytes, tuple[str, Decoded]]:
    """Every sealed event of the event partition, verified: id → signer and event."""
    from ledger.entry import KIND_DATA, parse_entry
    from ledger.leaf import parse_leaf
    from ledger.public import OriginReader

    config = told.config
    log = open_log(config)
    public = PublicFolder(config.public)
    verifier = LedgerVerifier(log=log, public=public, ledger_id=config.ledger_id)
    origin = config.origin(0)
    reader = OriginReader(public, verifier.control.log_vkeys[origin])
    values = {record.offset: record.value for record in log.read(0, 0)}
    found = {}
    for leaf, data in enumerate(reader.leaves(0, reader.checkpoint.size)):
        value = values[parse_leaf(data).offset]
        assert value is not None
        entry = parse_entry(value)
        if entry.header.kind == KIND_DATA:
            for index in range(entry.header.n_events):
                event = verifier.event(origin=origin, leaf=leaf, index=index)
                found[event.decoded.id] = (event.identity, event.decoded)
    log.close()
    return found


def test_the_whole_ledger_verifies(told):
    config = told.config
    log = open_log(config)
    steps = verify_log(
        log=log, public=PublicFolder(config.public), ledger_id=config.ledger_id
    )
    log.close()
    assert exit_code(steps) == 0


def test_every_handle_names_a_sealed_event_by_its_very_bytes(told, sealed):
    for name, handle in told.handles.items():
        _, event = sealed[handle.id]
        assert event.digest() == handle.digest, name


def test_what_a_person_decided_is_signed_by_that_person(told, sealed):
    for name in ("request", "approval", "statement"):
        assert sealed[told.handles[name].id][0] == ANN
    assert sealed[told.handles["release"].id][0] == "service:local"


def test_the_chain_from_a_decision_to_its_data_is_closed(told, sealed):
    def follow(event: Decoded, field: str) -> Decoded:
        reference = event.fields[field]
        if isinstance(reference, bytes):
            return sealed[reference][1]
        found = sealed[reference["id"]][1]
        assert f"sha256:{found.digest().hex()}" == reference["digest"]
        return found

    decision = sealed[told.decision][1]
    deployment = follow(decision, "deployment")
    release = follow(deployment, "release")
    assert follow(decision, "release") == release
    run = follow(follow(release, "model_version"), "run")
    (read,) = [e for _, e in sealed.values() if e.name == "pipeline.input.read"]
    assert read.fields["run"] == run.id
    assert follow(read, "dataset_version").fields["dataset"] == "loans"


def test_another_process_serves_from_a_handle(told, sealed):
    attestation = ledger.from_dict(told.served["attestation"])
    assert attestation.matches is True
    _, event = sealed[attestation.id]
    assert event.digest() == attestation.digest
    decision = bytes.fromhex(told.served["decision"].replace("-", ""))
    assert sealed[decision][1].fields["attestation"] == attestation.id


def test_nothing_that_was_told_is_missing(sealed):
    names = [event.name for _, event in sealed.values()]
    assert names.count("prediction.decision.recorded") == 102
    assert len(names) == len(set(sealed))


def test_an_identity_without_a_key_is_refused(told):
    with pytest.raises(ConfigurationError, match="person:bob"):
        ledger.init(told.config.home, "person:bob")
    with (
        ledger.init(told.config.home) as lg,
        pytest.raises(ConfigurationError, match="person:bob"),
    ):
        lg.state("purpose", "x", by="person:bob")


def test_the_home_of_the_environment_is_taken(told, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLLEDGER_HOME", str(told.config.home))
    with ledger.init() as lg:
        assert lg.config.home == told.config.home
        assert lg.stats()["emitted"] == 0


def test_in_strict_mode_events_reach_the_log_too(told):
    with ledger.init(told.config.home, mode="strict", quiet=True) as lg:
        lg.register_source("strict-source")
        assert lg.flush(60)
        assert (lg.stats()["mode"], lg.stats()["emitted"]) == ("strict", 1)


def test_the_example_tells_its_story(told):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "train_and_serve.py")],
        env={**os.environ, "MLLEDGER_HOME": str(told.config.home)},
        check=True,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "the process runs what was released: True"
    assert [line.split()[0] for line in lines[1:]] == ["no", "yes"]
    assert "mlledger: run credit completed" in done.stderr
