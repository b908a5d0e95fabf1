"""Three things that MLflow 3.17.2 cannot tell, each beside this ledger's answer.

::

    python benchmarks/mlflow_facts.py [--json FILE] [--cache FOLDER]

MLflow is installed into an environment of its own below the cache folder (some minutes
the first time, from the index that pip is configured for); it is no dependency of this
project. Nothing here is a simulation: MLflow keeps its records in a real database and a
real artifact store, and the ledger beside it is a real one. Exit code 0 when MLflow
behaves as described and the ledger answers; 1 when one of the six does not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VERSION = "3.17.2"
ROWS, CHANGED = 20_000, 15_000
MODEL, ALIAS = "credit", "champion"
_SIDE = "MLLEDGER_MLFLOW_SIDE"


@dataclass(frozen=True)
class Fact:
    """One question, MLflow's behaviour and the ledger's.

    Attributes:
        question: in plain words.
        mlflow: what MLflow gave, in words.
        ledger: what the ledger gave.
        described: whether MLflow behaved as described.
        answered: whether the ledger gave the right answer.
    """

    question: str
    mlflow: str
    ledger: str
    described: bool
    answered: bool


def main() -> int:
    """Measure both sides, print a table, write JSON; returns the exit code."""
    if os.environ.get(_SIDE):
        print(json.dumps(mlflow_side(Path(os.environ[_SIDE]))))
        return 0
    parser = argparse.ArgumentParser(description="three facts about MLflow, and ours")
    parser.add_argument("--json", type=Path, help="write the answers there")
    parser.add_argument("--cache", type=Path, default=_cache(), help="holds MLflow")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlledger-mlflow-") as name:
        theirs = ask_mlflow(environment(options.cache), Path(name) / "mlflow")
        ours = ledger_side(Path(name) / "ledger")
    facts = compare(theirs, ours)
    print_table(facts)
    if options.json:
        found = {"mlflow": theirs["version"], "facts": [asdict(one) for one in facts]}
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0 if all(one.described and one.answered for one in facts) else 1


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mlledger"


def environment(cache: Path) -> Path:
    """Return the Python of an environment with MLflow; makes it when it is absent."""
    folder = cache / f"mlflow-{VERSION}"
    python = folder / "bin" / "python"
    if (folder / "ready").is_file():
        return python
    sys.stderr.write(f"installing mlflow {VERSION} into {folder} …\n")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", f"mlflow=={VERSION}"]
    subprocess.run(install, check=True)
    (folder / "ready").touch()
    return python


def ask_mlflow(python: Path, folder: Path) -> dict[str, Any]:
    """Run the MLflow side of this file in its environment."""
    folder.mkdir()
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        [str(python), str(Path(__file__).resolve())],
        cwd=folder,
        env={
            **variables,
            _SIDE: str(folder),
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        raise SystemExit(f"the MLflow side ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


# --- in MLflow's environment


def mlflow_side(folder: Path) -> dict[str, Any]:
    """Return what MLflow answers; nothing of this project is imported."""
    import mlflow

    live = mlflow_live(folder)
    return {
        "version": mlflow.__version__,
        "live": live,
        "bytes": mlflow_bytes(folder, live["first"]),
        "data": mlflow_data(),
    }


def mlflow_live(folder: Path) -> dict[str, Any]:
    """Point an alias at version 1, then at 2; say what the database keeps of it."""
    import mlflow

    client = mlflow.MlflowClient()
    first, _ = _register(), _register()
    client.set_registered_model_alias(MODEL, ALIAS, "1")
    before = _dump(folder / "mlflow.db")
    client.set_registered_model_alias(MODEL, ALIAS, "2")
    after = _dump(folder / "mlflow.db")
    named = [name for name in after if any(w in name for w in ("history", "audit"))]
    return {
        "first": first,
        "now": str(client.get_model_version_by_alias(MODEL, ALIAS).version),
        "removed": _rows(before, after),
        "added": _rows(after, before),
        "tables": len(after),
        "history_tables": named,
        "rows_naming_the_alias": sum(
            ALIAS in map(str, row) for rows in after.values() for row in rows
        ),
    }


def _dump(database: Path) -> dict[str, set[tuple[object, ...]]]:
    import sqlite3

    with sqlite3.connect(database) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        return {
            name: set(connection.execute(f'SELECT * FROM "{name}"'))
            for (name,) in names.fetchall()
        }


def _rows(
    here: dict[str, set[tuple[object, ...]]], there: dict[str, set[tuple[object, ...]]]
) -> list[str]:
    """Return the rows of one dump that the other has not."""
    return [
        f"{name}: {list(row)}"
        for name, rows in sorted(here.items())
        for row in sorted(rows - there.get(name, set()), key=repr)
    ]


def mlflow_bytes(folder: Path, artifacts: str) -> dict[str, Any]:
    """Replace the file of registered version 1 by MLflow's public API."""
    import mlflow
    import numpy as np

    client = mlflow.MlflowClient()
    cases = np.linspace(-1, 1, 100).reshape(-1, 1)
    uri = f"models:/{MODEL}/1"
    before = mlflow.sklearn.load_model(uri).predict(cases)
    flipped = folder / "flipped"
    mlflow.sklearn.save_model(_classifier(sign=-1), flipped)
    name = next(path.name for path in flipped.iterdir() if path.stem == "model")
    version = client.get_model_version(MODEL, "1")
    client.log_model_artifact(artifacts, str(flipped / name))
    after = mlflow.sklearn.load_model(uri).predict(cases)
    again = client.get_model_version(MODEL, "1")
    return {
        "file": name,
        "flipped_percent": float(100 * np.mean(before != after)),
        "version_changed": str(again) != str(version),
    }


def _classifier(*, sign: int) -> Any:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    features = np.linspace(-1, 1, 100).reshape(-1, 1)
    return LogisticRegression().fit(features, (sign * features[:, 0] > 0).astype(int))


def _register() -> str:
    """Log a model as the next version; returns the id of its artifacts."""
    import mlflow

    with mlflow.start_run():
        made = mlflow.sklearn.log_model(
            _classifier(sign=1), name="model", registered_model_name=MODEL
        )
    return str(made.model_id)


def mlflow_data() -> dict[str, Any]:
    """Return MLflow's digests of two tables that differ in one row."""
    import mlflow.data

    one, other = _tables()
    return {
        "one": mlflow.data.from_pandas(one).digest,
        "other": mlflow.data.from_pandas(other).digest,
    }


def _tables() -> tuple[Any, Any]:
    import numpy as np
    import pandas as pd

    numbers = np.arange(ROWS, dtype="float64")
    one = pd.DataFrame({"income": numbers, "debt": numbers % 97})
    other = one.copy()
    other.loc[CHANGED, "debt"] = -1.0
    return one, other


# --- the ledger


def ledger_side(folder: Path) -> dict[str, Any]:
    """Return what a ledger answers that is made for the purpose."""
    import ledger
    from ledger.setup import initialise

    config = initialise(folder).config
    one, other = _tables()
    with ledger.init(folder, quiet=True) as lg:
        found = {"data": ledger_data(lg, one, other), **ledger_bytes(lg)}
        if not lg.flush(30.0):
            raise SystemExit(f"the log did not take all events: {lg.stats()}")
    return {**found, "live": ledger_live(config, found["moments"])}


def ledger_data(lg: Any, one: Any, other: Any) -> dict[str, str]:
    """Return the digests under which two tables are recorded."""
    lg.register_dataset("loans")
    return {
        "one": lg.log_dataset_version("loans", one).content,
        "other": lg.log_dataset_version("loans", other).content,
    }


def ledger_bytes(lg: Any) -> dict[str, Any]:
    """Release and deploy two versions; replace the bytes of the second and attest."""
    import pickle

    from ledger import clock

    good = [pickle.dumps(_classifier(sign=1)), pickle.dumps(_classifier(sign=1)) + b"."]
    replaced = pickle.dumps(_classifier(sign=-1))
    deployments, moments = [], [clock.now_us()]
    for number, artifact in enumerate(good, 1):
        version = lg.register_model(MODEL, artifact, version=str(number))
        release = lg.release(version, configuration={"threshold": 0.5})
        if deployments:
            lg.undeploy(deployments[-1], reason="replaced")
        deployments.append(lg.deploy(release, "prod"))
        moments.append(clock.now_us())
    served = {"threshold": 0.5}
    honest = lg.attest(deployments[-1], artifact=good[-1], configuration=served)
    changed = lg.attest(deployments[-1], artifact=replaced, configuration=served)
    return {
        "bytes": {"as_released": honest.matches, "replaced": changed.matches},
        "moments": moments,
    }


def ledger_live(config: Any, moments: list[int]) -> list[list[str]]:
    """Return which versions answered in production at each moment."""
    from projections.asking import Bounds
    from projections.columns import to_time
    from projections.database import Database
    from projections.registry.queries import live_at
    from projections.worker import Worker

    with Worker(config, watch=False, once=True) as worker:
        while worker.step():
            pass
    with Database.open(config) as database, database.connect() as connection:
        answers = [
            live_at(connection, environment="prod", bounds=Bounds(to_time(moment)))
            for moment in moments
        ]
    return [[f"{one.model} {one.version}" for one in rows] for rows in answers]


# --- beside each other


def compare(theirs: dict[str, Any], ours: dict[str, Any]) -> list[Fact]:
    """Return the three facts."""
    makers: list[Callable[[Any, Any], Fact]] = [_live, _bytes, _data]
    names = ("live", "bytes", "data")
    return [
        make(theirs[name], ours[name]) for make, name in zip(makers, names, strict=True)
    ]


def _live(theirs: dict[str, Any], ours: list[list[str]]) -> Fact:
    gone = [row for row in theirs["removed"] if ALIAS in row]
    kept = theirs["rows_naming_the_alias"]
    return Fact(
        "Which version was live at a moment before the last change?",
        f"alias {ALIAS} is {theirs['now']}; the change overwrote its row "
        f"({'; '.join(gone)}); {kept} row of {theirs['tables']} tables names it, "
        f"tables of history: {len(theirs['history_tables'])}",
        f"before: {_names(ours[0])}; then: {_names(ours[1])}; now: {_names(ours[2])}",
        described=theirs["now"] == "2"
        and bool(gone)
        and kept == 1
        and not theirs["history_tables"],
        answered=ours == [[], [f"{MODEL} 1"], [f"{MODEL} 2"]],
    )


def _names(found: list[str]) -> str:
    return ", ".join(found) or "none"


def _bytes(theirs: dict[str, Any], ours: dict[str, Any]) -> Fact:
    changed = "the version is changed" if theirs["version_changed"] else "unchanged"
    return Fact(
        "Are the bytes of a registered version still those that were registered?",
        f"log_model_artifact overwrote {theirs['file']} of version 1: no error, the "
        f"version's record {changed}, {theirs['flipped_percent']:g} % of its "
        "predictions flipped",
        f"the serving process's attestation matches the release: "
        f"{ours['as_released']} for the released bytes, {ours['replaced']} for others",
        described=theirs["flipped_percent"] == 100 and not theirs["version_changed"],
        answered=ours == {"as_released": True, "replaced": False},
    )


def _data(theirs: dict[str, str], ours: dict[str, str]) -> Fact:
    return Fact(
        f"Are two tables of {ROWS:,} rows that differ in row {CHANGED:,} the same?",
        f"digests {theirs['one']} and {theirs['other']}",
        f"digests {ours['one'][:23]}… and {ours['other'][:23]}…",
        described=theirs["one"] == theirs["other"],
        answered=ours["one"] != ours["other"],
    )


def print_table(facts: list[Fact]) -> None:
    """Print the facts for a person."""
    for number, one in enumerate(facts, 1):
        print(f"{number}. {one.question}")
        print(f"   MLflow {VERSION}: {one.mlflow}")
        print(f"   this ledger:   {one.ledger}")
        print(f"   MLflow as described: {one.described}; ledger right: {one.answered}")


if __name__ == "__main__":
    raise SystemExit(main())
