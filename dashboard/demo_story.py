"""The demo's story: two versions of a classifier, from data to decisions.

Real data (scikit-learn's breast-cancer set), real models, a second person's approval,
two environments. Everything goes through the SDK as a data scientist would use it.
"""

# pyright: basic, reportMissingTypeStubs=false
# pandas and scikit-learn have no complete types; this is a story, not a library.

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split

from dashboard.demo_training import MODEL, SEED, SYSTEM, candidates
from ledger import clock, last_decision_id
from ledger.sdk import ModelVersion

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.demo_project import Project
    from ledger.sdk import Ledger

NAMES = tuple(candidates(SEED))
SOURCE = "uci-breast-cancer"
DATASET = "breast-cancer-wisconsin"
THRESHOLD = 0.5
RECALL_LIMIT = 0.9
AUTHOR = "person:ana"
APPROVER = "person:bela"
DECISIONS = 2_600
TRIAL = 40


@dataclass(frozen=True, slots=True)
class Frames:
    """The data set and its split: 30 numeric features and the label ``benign``."""

    whole: pd.DataFrame
    train: pd.DataFrame
    test: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Served:
    """What one served version leaves for the summary.

    Attributes:
        version: label of the model version.
        decision_id: id of one of its decisions, 16 bytes.
        decisions: how many were recorded.
        live_at: a moment while it served in production, microseconds since 1970.
        deployment: its deployment in production.
    """

    version: str
    decision_id: bytes
    decisions: int
    live_at: int
    deployment: Any


@dataclass(frozen=True, slots=True)
class Data:
    """References of the recorded data set versions."""

    frames: Frames
    train: Any
    test: Any


def load_frames() -> Frames:
    """Read the data set that comes with scikit-learn and split it."""
    bunch: Any = load_breast_cancer(as_frame=True)
    whole = bunch.frame.rename(columns={"target": "benign"})
    parts: Any = train_test_split(
        whole, test_size=0.3, random_state=SEED, stratify=whole["benign"]
    )
    return Frames(whole, *parts)


def describe(lg: Ledger, project: Project) -> Data:
    """Record the system, its people, the source and the data sets.

    Args:
        lg: the client.
        project: gets the training data, pinned to its recorded version.
    """
    lg.register_system(
        SYSTEM,
        title="Breast cancer triage",
        purpose="Sort biopsies for a pathologist's second look; never a diagnosis",
        materiality="high",
        model_kind="classifier",
        owner=AUTHOR,
    )
    for person, unit, line in (
        (AUTHOR, "research", "1"),
        (APPROVER, "model risk", "2"),
    ):
        lg.register_principal(person, kind="person", unit=unit, line=line)
    lg.register_source(
        SOURCE,
        title="Breast Cancer Wisconsin (Diagnostic), as shipped with scikit-learn",
        kind="public data set",
        notice_days=30,
    )
    lg.register_dataset(
        DATASET,
        title="Biopsy measurements, 569 rows",
        license="CC-BY-4.0",
        purposes=["research", "demonstration"],
        sources=[SOURCE],
    )
    data = _versions(lg, load_frames(), project)
    project.commit(data.train)
    return data


def _versions(lg: Ledger, frames: Frames, project: Project) -> Data:
    whole = lg.log_dataset_version(DATASET, frames.whole, sources=[SOURCE])
    split = {"method": "stratified random", "seed": SEED}
    train = lg.log_dataset_version(
        DATASET,
        project.write_data(frames.train),
        derived_from=[whole],
        split={"name": "train", "fraction": 0.7, **split},
    )
    test = lg.log_dataset_version(
        DATASET,
        frames.test,
        derived_from=[whole],
        split={"name": "test", "fraction": 0.3, **split},
    )
    return Data(frames, train, test)


def live_through(
    lg: Ledger, data: Data, project: Project, *, name: str, before: Any = None
) -> Served:
    """Take one candidate from training to decisions in production.

    Args:
        lg: the client.
        data: the recorded data set versions.
        project: holds the program that trains.
        name: which of :data:`NAMES`.
        before: the deployment that served until now and is replaced, or None.
    """
    version, path = _train(lg, project, name)
    _evaluate(lg, data, version, path)
    release = lg.release(
        version,
        configuration={"threshold": THRESHOLD, "positive": "malignant"},
        thresholds={"malignant": THRESHOLD},
        approved_uses=["triage"],
        restrictions=["not for diagnosis"],
        change_class="predetermined",
    )
    request = lg.request_approval(
        release, gate="production", by=AUTHOR, requested_of=APPROVER
    )
    trial = lg.deploy(release, "test", service="triage-api")
    _serve(lg, trial, data, path=path, count=TRIAL)
    lg.approve(
        request,
        by=APPROVER,
        decision="conditional",
        conditions=["review after 90 days"],
    )
    if before is not None:
        lg.undeploy(before, reason="replaced")
    deployment = lg.deploy(release, "prod", service="triage-api")
    lg.undeploy(trial, reason="trial is over")
    decision = _serve(lg, deployment, data, path=path, count=DECISIONS)
    return Served(
        version.version, decision, DECISIONS + TRIAL, clock.now_us(), deployment
    )


def _train(lg: Ledger, project: Project, name: str) -> tuple[ModelVersion, Path]:
    """Have the program train; what the run refers to must be in the log before."""
    lg.flush()
    home = lg.config.home if lg.config else Path()
    handle, path = project.train(name, home=home)
    return ModelVersion.from_dict(handle), path


def _features(frame: pd.DataFrame) -> Any:
    """Return the features as rows of numbers, the label left out."""
    return frame.drop(columns="benign").to_numpy()


def _evaluate(lg: Ledger, data: Data, version: Any, path: Path) -> None:
    criteria = lg.set_criteria(
        MODEL, metric="recall_malignant", limit=RECALL_LIMIT, direction="at_least"
    )
    model = joblib.load(path)
    frame = data.frames.test
    malignant = frame["benign"].to_numpy() == 0
    score = model.predict_proba(_features(frame))[:, 0]
    called = score >= THRESHOLD
    recall = float(recall_score(malignant, called))
    shared = set(frame.index) & set(data.frames.train.index)
    lg.log_evaluation(
        version,
        kind="performance",
        dataset_version=data.test,
        metrics={
            "recall_malignant": recall,
            "accuracy": float(accuracy_score(malignant, called)),
            "roc_auc": float(roc_auc_score(malignant, score)),
        },
        criteria=[criteria],
        overlap_rows=len(shared),
        tool="scikit-learn",
    )


def _serve(lg: Ledger, deployment: Any, data: Data, *, path: Path, count: int) -> bytes:
    model = joblib.load(path)
    lg.attest(
        deployment,
        artifact=path,
        configuration={"threshold": THRESHOLD, "positive": "malignant"},
    )

    @lg.decision(
        deployment=deployment,
        use="triage",
        mode="advisory",
        output=lambda malignant: "second look" if malignant else "routine",
        adverse=bool,
    )
    def triage(row: Any) -> bool:
        return bool(model.predict_proba(row)[0, 0] >= THRESHOLD)

    features = _features(data.frames.test)
    for number in range(count):
        at = number % len(features)
        triage(features[at : at + 1])
    decision = last_decision_id()
    if decision is None:
        raise RuntimeError(f"no decision was recorded: {lg.stats()}")
    return bytes(decision)
