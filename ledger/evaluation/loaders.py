"""Load a model file: by what its bytes are, from the very bytes that were digested.

Pickle, joblib, skops with untrusted types and TorchScript run code that stands in the
file. Such a file is loaded only because the caller named it, or named the recorded
version whose digest it has; what is loaded is what was digested.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from ledger.errors import InvalidEventError, MalformedError
from ledger.evaluation.answers import Answers, answers_of, binary
from ledger.evaluation.libraries import library
from ledger.evaluation.predictors import (
    EstimatorPredictor,
    Predictor,
    named_columns,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNS_CODE = frozenset({"pickle", "skops", "torch"})
"""Formats whose loading runs, or may run, code of the file."""
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00", b"\x78", b"\x04\x22\x4d")


def format_of(data: bytes, suffix: str = "", *, where: str) -> str:
    """Return what kind of model file these bytes are.

    Args:
        data: the file.
        suffix: of its name, such as ``.onnx``; decides where bytes do not tell.
        where: its name, for the error.

    Returns:
        pickle (also joblib), skops, torch, onnx or xgboost.

    Raises:
        InvalidEventError: none of these.
    """
    if suffix in {".onnx", ".ubj"}:
        return {".onnx": "onnx", ".ubj": "xgboost"}[suffix]
    if data[:4] == b"PK\x03\x04":
        return "skops" if _is_skops(data) else "torch"
    if data[:1] == b"\x80" or data.startswith(_COMPRESSED):
        return "pickle"
    if data[:1] == b"{":
        return "xgboost"
    if data[:1] == b"\x08":
        return "onnx"
    raise InvalidEventError(
        f"{where}: no model file of a known kind, it begins with {data[:8].hex()}",
        hint="joblib, pickle, skops, ONNX, XGBoost (.json, .ubj) or TorchScript",
    )


def load_model(data: bytes, *, where: str, suffix: str = "") -> Predictor:
    """Return what answers rows by a model file.

    Args:
        data: the file's bytes, digested and compared before.
        where: its name, for errors.
        suffix: of the file's name.

    Raises:
        ConfigurationError: the library that reads it is not installed.
        InvalidEventError: no model file of a known kind, or no model in it.
        MalformedError: it cannot be loaded.
    """
    kind = format_of(data, suffix, where=where)
    try:
        return _LOADERS[kind](data, where)
    except (InvalidEventError, MalformedError):
        raise
    except (ValueError, TypeError, KeyError, EOFError, AttributeError) as error:
        raise MalformedError(
            f"{where}: cannot be loaded as {kind}: {error}", place=where
        ) from error


def _is_skops(data: bytes) -> bool:
    import zipfile

    with zipfile.ZipFile(BytesIO(data)) as container:
        return "schema.json" in container.namelist()


def _pickle(data: bytes, where: str) -> Predictor:
    return estimator(library("joblib").load(BytesIO(data)), where)


def _skops(data: bytes, where: str) -> Predictor:
    io = library("skops.io")
    return estimator(io.loads(data, trusted=io.get_untrusted_types(data=data)), where)


def estimator(model: Any, where: str) -> Predictor:
    """Return a predictor of an object that has ``predict``.

    Raises:
        InvalidEventError: it has none.
    """
    if not callable(getattr(model, "predict", None)):
        raise InvalidEventError(
            f"{where}: a {type(model).__name__}, which cannot predict",
            hint="an object with predict, and predict_proba where it has classes",
        )
    return EstimatorPredictor(model, where)


class _Matrix:
    """A predictor that takes rows as a matrix of single-precision numbers.

    Args:
        run: from the matrix to what is answered.
        where: what it is called in errors.
        features: names of its columns, where the file has them.
    """

    def __init__(
        self,
        run: Callable[[Any], Any],
        where: str,
        features: Sequence[str] | None = None,
    ) -> None:
        self._run = run
        self._where = where
        self.features = tuple(features) if features else None

    def prepare(self, table: Any) -> Any:
        """See :meth:`Predictor.prepare`."""
        if self.features:
            table = named_columns(table, self.features, self._where)
        return table.to_numpy(dtype="float32")

    def answer(self, prepared: Any) -> Answers:
        """See :meth:`Predictor.answer`."""
        with told(self._where):
            raw = self._run(prepared)
        if isinstance(raw, Answers):
            return raw
        return binary(answers_of(raw, rows=len(prepared), where=self._where))

    def serve(self, prepared: Any) -> object:
        """See :meth:`Predictor.serve`."""
        with told(self._where):
            return self._run(prepared)

    def stages(self, prepared: Any) -> None:
        """See :meth:`Predictor.stages`: not shown."""
        del prepared


def _xgboost(data: bytes, where: str) -> Predictor:
    xgboost = library("xgboost")
    booster = xgboost.Booster()
    booster.load_model(bytearray(data))
    names = booster.feature_names

    def run(rows: Any) -> Any:
        return booster.predict(xgboost.DMatrix(rows, feature_names=names))

    return _Matrix(run, where, names)


def _torch(data: bytes, where: str) -> Predictor:
    torch = library("torch")
    module = torch.jit.load(BytesIO(data))
    module.eval()

    def run(rows: Any) -> Any:
        with torch.no_grad():
            return module(torch.from_numpy(rows)).numpy()

    return _Matrix(run, where)


def _onnx(data: bytes, where: str) -> Predictor:
    session = library("onnxruntime").InferenceSession(
        data, providers=["CPUExecutionProvider"]
    )
    names = [one.name for one in session.get_outputs()]

    def run(rows: Any) -> Any:
        outputs = dict(
            zip(
                names,
                session.run(None, {session.get_inputs()[0].name: rows}),
                strict=True,
            )
        )
        return _onnx_answers(list(outputs.values()), len(rows), where)

    return _Matrix(run, where)


def _onnx_answers(outputs: Sequence[Any], rows: int, where: str) -> Answers:
    """Return the answers among a session's outputs: classes first, then scores."""
    if len(outputs) == 1:
        return binary(answers_of(outputs[0], rows=rows, where=where))
    labels, scores = outputs[0], outputs[1]
    items: list[dict[str, Any]] = [
        {"label": label, "probabilities": row}
        for label, row in zip(labels.tolist(), scores, strict=True)
    ]
    return answers_of(items, rows=rows, where=where)


_LOADERS: dict[str, Callable[[bytes, str], Predictor]] = {
    "pickle": _pickle,
    "skops": _skops,
    "onnx": _onnx,
    "xgboost": _xgboost,
    "torch": _torch,
}
