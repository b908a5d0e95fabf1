"""One model in three forms: a scikit-learn pipeline, Python functions, an HTTP service.

The functions are what somebody writes who ports a notebook: :data:`score` does the
same, :data:`wrong_scale` forgot to divide, :data:`slow` takes its time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from ledger.evaluation.libraries import library

COLUMNS = ("age", "income")
MEAN, SPREAD = np.array([40.0, 2.0]), np.array([10.0, 0.5])
WEIGHTS, INTERCEPT = np.array([1.0, -2.0]), 0.25


def table(rows: int = 240) -> Any:
    """Rows with a known answer, and a group that no model is given."""
    source = np.random.default_rng(8)
    found = library("pandas").DataFrame(
        {
            "age": source.normal(40, 10, rows).round(1),
            "income": source.normal(2, 0.5, rows).round(3),
            "group": np.where(np.arange(rows) % 3 == 0, "a", "b"),
        }
    )
    chance = sigmoid(scale(found) @ WEIGHTS + INTERCEPT)
    found["bad"] = (source.random(rows) < chance).astype(int)
    return found


def pipeline(shift: float = 0.0) -> Any:
    """A scikit-learn pipeline with these very weights; ``shift`` is added to one."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    scaler: Any = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = MEAN, SPREAD, SPREAD**2
    scaler.n_features_in_ = 2
    scaler.feature_names_in_ = np.array(COLUMNS, dtype=object)
    model: Any = LogisticRegression()
    model.coef_ = (WEIGHTS + np.array([shift, 0.0]))[None, :]
    model.intercept_ = np.array([INTERCEPT])
    model.classes_ = np.array([0, 1])
    model.n_features_in_ = 2
    return Pipeline([("scale", scaler), ("model", model)])


def sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def scale(rows: Any) -> Any:
    return (rows[list(COLUMNS)].to_numpy() - MEAN) / SPREAD


def centre(rows: Any) -> Any:
    return rows[list(COLUMNS)].to_numpy() - MEAN


def logit(scaled: Any) -> Any:
    return sigmoid(scaled @ WEIGHTS + INTERCEPT)


class Port:
    """A function of a table that shows its steps."""

    features = COLUMNS

    def __init__(self, *steps: tuple[str, Callable[[Any], Any]]) -> None:
        self.steps = steps

    def __call__(self, rows: Any) -> Any:
        for _, step in self.steps:
            rows = step(rows)
        return rows


def patient(rows: Any) -> Any:
    """Work for a while before answering."""
    for _ in range(40):
        sum(range(2_000))
    return scale(rows)


score = Port(("scale", scale), ("model", logit))
wrong_scale = Port(("scale", centre), ("model", logit))
slow = Port(("scale", patient), ("model", logit))


@contextmanager
def service(model: Any, *, stages: bool = True) -> Generator[str]:
    """Serve a pipeline on this machine; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(model, stages=stages))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/score"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(model: Any, *, stages: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            asked = json.loads(self.rfile.read(size))
            try:
                said = answer(model, asked, stages=stages)
            except KeyError:
                self._send(422, {"error": "a column is missing"})
            else:
                self._send(200, said)

        def _send(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


def answer(model: Any, asked: dict[str, Any], *, stages: bool) -> dict[str, Any]:
    """Answer a question as :mod:`ledger.evaluation.endpoint` writes it down."""
    rows = library("pandas").DataFrame(asked["rows"])[list(COLUMNS)]
    chances = model.predict_proba(rows)
    said: dict[str, Any] = {
        "predictions": [
            {"label": int(row[1] > row[0]), "probabilities": row.tolist()}
            for row in chances
        ],
        "classes": [0, 1],
    }
    if stages and asked.get("stages"):
        scaled = model.named_steps["scale"].transform(rows)
        said["stages"] = [
            {"name": "scale", "values": scaled.tolist()},
            {"name": "model", "values": chances[:, 1:].tolist()},
        ]
    return said
