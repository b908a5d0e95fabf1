"""One model from its data to a decision, told through the SDK and projected."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import ledger
from ledger.administration import new_key
from ledger.config import Config, load_config
from ledger.log import open_log
from ledger.setup import add_identity
from projections.worker import Worker

PERSON = "person:ann"
_CONFIGURATION = {"threshold": 0.5}


def tell(config: Config) -> bytes:
    """Record data, run, evaluation, release, approval, deployment and one decision.

    Returns:
        The decision's id; every link of its chain is recorded and projected.
    """
    with closing(open_log(config)) as log:
        key = new_key(config, log, identity=PERSON, kind="person")
    add_identity(config, PERSON, f"file:{key.path.relative_to(config.home)}")
    with ledger.init(config.home, system="credit") as lg:
        decision = _record(lg, config.home)
        if not lg.flush(60.0):
            raise RuntimeError(f"not appended: {lg.stats()}")
    project(load_config(config.home))
    return decision


def project(config: Config) -> None:
    """Seal and project what is there."""
    with Worker(config) as worker:
        while worker.step():
            pass


def _record(lg: ledger.Ledger, folder: Path) -> bytes:
    data, model = folder / "train.csv", folder / "model.json"
    data.write_text("income,debt\n40,30\n90,10\n")
    model.write_text('{"weight": 1.5}')
    lg.register_source("bureau", title="Credit bureau", kind="vendor")
    lg.register_dataset("loans", title="Loans", sources=["bureau"])
    loans = lg.log_dataset_version("loans", data, sources=["bureau"])
    with lg.training_run("credit", parameters={"weight": 1.5}) as run:
        run.input(data, "train", dataset_version=loans)
        run.log_metric("accuracy", 1.0)
        version = run.register_model("credit-risk", model, framework="none")
    release = lg.release(version, configuration=_CONFIGURATION)
    lg.approve(release, gate="production", by=PERSON)
    deployment = lg.deploy(release, "prod")
    lg.attest(deployment, artifact=model.read_bytes(), configuration=_CONFIGURATION)
    return lg.log_decision(
        deployment=deployment,
        output="decline",
        adverse=True,
        reasons=["R01-income"],
        use="credit limit",
        mode="solely_automated",
    )
