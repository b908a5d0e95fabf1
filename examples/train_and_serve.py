"""From training to a decision that can be traced back; needs no data and no model.

Run it in a folder with a ledger::

    mlledger init
    mlledger key new person:ann
    python examples/train_and_serve.py
    mlledger decision show <the id it prints> --verify
"""

# ruff: noqa: INP001, T201  a script, and it talks
from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import ledger
from ledger.sdk import Deployment

CONFIGURATION = {"threshold": 0.5}
APPLICANTS = [{"income": 40, "debt": 30}, {"income": 90, "debt": 10}]


def train(lg: ledger.Ledger, folder: Path) -> dict[str, object]:
    """Train, register, release, approve and deploy; returns plain values."""
    data = folder / "train.json"
    data.write_text(json.dumps(APPLICANTS))
    loans = lg.log_dataset_version("loans", data)
    with lg.training_run(
        "credit", parameters={"weight": 1.5}, seeds={"none": 0}
    ) as run:
        run.input(data, "train", dataset_version=loans)
        model = folder / "model.json"
        model.write_text(json.dumps({"weight": 1.5}))
        run.log_metric("accuracy", 1.0)
        version = run.register_model("credit-risk", model, framework="none")
    release = lg.release(version, configuration=CONFIGURATION, approved_uses=["loans"])
    lg.approve(release, gate="production", by="person:ann")
    return lg.deploy(release, "prod").to_dict()


def serve(lg: ledger.Ledger, folder: Path, deployed: dict[str, object]) -> None:
    """Load the model as another process would, and decide."""
    deployment = Deployment.from_dict(deployed)
    loaded = (folder / "model.json").read_bytes()
    proc = lg.attest(deployment, artifact=loaded, configuration=CONFIGURATION)
    weight = json.loads(loaded)["weight"]
    print("the process runs what was released:", proc.matches)

    @lg.decision(deployment=deployment, use="loans", output=str, adverse="no".__eq__)
    def decide(income: float, debt: float) -> str:
        return "yes" if income > weight * debt else "no"

    for applicant in APPLICANTS:
        answer = decide(**applicant)
        print(answer, ledger.last_decision_id())


def main() -> None:
    """Tell the story once."""
    with TemporaryDirectory() as folder, ledger.init(actor="person:joe") as lg:
        deployed = train(lg, Path(folder))
        serve(lg, Path(folder), deployed)
        lg.flush()


if __name__ == "__main__":
    main()
