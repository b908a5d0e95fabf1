"""Train one classifier of the demo; ``mlledger run reproduce`` repeats this program.

The demo copies this file, as ``train.py``, beside the data into a small repository of
its own and starts it there as a data scientist would::

    python train.py --model logistic --data data/train.csv
"""

# ruff: noqa: T201  a program that talks
# pyright: basic, reportMissingTypeStubs=false
# pandas and scikit-learn have no complete types; this is a program, not a library.

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ledger
from ledger.sdk import DatasetVersion, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Callable

SYSTEM = "breast-cancer-triage"
MODEL = "triage-classifier"
LABEL = "benign"
SEED = 7


def candidates(seed: int) -> dict[str, Callable[[], Any]]:
    """Return the two models by name; with one seed and one data set, the same bytes."""
    return {
        "logistic": lambda: make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=500, random_state=seed)
        ),
        "boosting": lambda: GradientBoostingClassifier(
            n_estimators=60, random_state=seed
        ),
    }


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train, save and register one model; returns its handle as plain values."""
    frame = pd.read_csv(options.data)
    with ledger.init(system=SYSTEM) as lg:
        made = _fit(lg, frame, options)
        if not lg.flush(60.0):
            raise SystemExit(f"the log did not take all events: {lg.stats()}")
    return made.to_dict()


def _fit(
    lg: ledger.Ledger, frame: pd.DataFrame, options: argparse.Namespace
) -> ModelVersion:
    features, label = frame.drop(columns=LABEL).to_numpy(), frame[LABEL].to_numpy()
    with lg.training_run(
        f"triage-{options.model}",
        seeds={"model": options.seed},
        parameters={"estimator": options.model},
    ) as run:
        version = pinned(options.data)
        run.input(options.data, name="train", role="train", dataset_version=version)
        model = candidates(options.seed)[options.model]().fit(features, label)
        run.log_params({"rows": len(frame)})
        run.log_metric("train_accuracy", float(model.score(features, label)))
        path = Path("models") / f"{options.model}.joblib"
        path.parent.mkdir(exist_ok=True)
        joblib.dump(model, path)
        return run.register_model(
            MODEL,
            artifact=path,
            inputs=[(column, "double") for column in frame.columns if column != LABEL],
            outputs=[("malignant", "double")],
            framework="scikit-learn",
        )


def pinned(data: Path) -> DatasetVersion | None:
    """Return the data set version that the file beside the data names."""
    path = data.with_suffix(".version.json")
    if not path.exists():
        return None
    return DatasetVersion.from_dict(json.loads(path.read_text(encoding="utf-8")))


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="train one classifier of the demo")
    parser.add_argument("--model", choices=sorted(candidates(SEED)), required=True)
    parser.add_argument("--data", type=Path, default=Path("data/train.csv"))
    parser.add_argument("--seed", type=int, default=SEED)
    print(json.dumps(train(parser.parse_args())))


if __name__ == "__main__":
    main()
