"""What answers rows, whichever framework it was made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.errors import InvalidEventError, LedgerError
from ledger.evaluation.answers import Answers, answers_of, binary, label_text
from ledger.evaluation.libraries import Array, library


@dataclass(frozen=True, slots=True)
class Stage:
    """What one step of a pipeline made of the rows.

    Attributes:
        name: of the step.
        values: rows × anything, as real numbers or texts.
    """

    name: str
    values: Array


class Predictor(Protocol):
    """Answers rows."""

    @property
    def features(self) -> tuple[str, ...] | None:
        """Names of the columns it takes, in order; None where it does not say."""
        ...

    def prepare(self, table: Any) -> Any:
        """Return the rows of a frame in the form that ``answer`` takes.

        Raises:
            InvalidEventError: columns that it needs are missing, or are too many.
        """
        ...

    def answer(self, prepared: Any) -> Answers:
        """Return one answer per row."""
        ...

    def serve(self, prepared: Any) -> object:
        """Do what one request in service does, and no more: this is what is timed."""
        ...

    def stages(self, prepared: Any) -> Sequence[Stage] | None:
        """Return what each named step makes of the rows; None for one that has none."""
        ...


@dataclass(frozen=True, slots=True)
class EstimatorPredictor:
    """An object with ``predict`` and perhaps ``predict_proba``: scikit-learn's form.

    Attributes:
        model: the object.
        where: what it is called in errors.
    """

    model: Any
    where: str

    @property
    def features(self) -> tuple[str, ...] | None:
        """See :attr:`Predictor.features`."""
        names = getattr(self.model, "feature_names_in_", None)
        return None if names is None else tuple(map(str, names))

    def prepare(self, table: Any) -> Any:
        """See :meth:`Predictor.prepare`: a frame where it was trained on one."""
        if (names := self.features) is not None:
            return named_columns(table, names, self.where)
        wanted = getattr(self.model, "n_features_in_", None)
        if wanted is not None and wanted != table.shape[1]:
            raise InvalidEventError(
                f"{self.where}: takes {wanted} columns, the data has {table.shape[1]}",
                hint="name the column of known answers with --label, and what else no "
                f"model is given with --ignore; columns: {_names(table)}",
            )
        return table.to_numpy()

    def answer(self, prepared: Any) -> Answers:
        """See :meth:`Predictor.answer`."""
        numpy = library("numpy")
        with told(self.where):
            if not hasattr(self.model, "predict_proba"):
                return self._plain(self.model.predict(prepared), len(prepared))
            scores = numpy.asarray(self.model.predict_proba(prepared), dtype=float)
            said = self.model.predict(prepared)  # a threshold of its own may decide
        classes = tuple(label_text(one) for one in self.model.classes_)
        labels = numpy.array([label_text(one) for one in said], dtype=str)
        return binary(Answers(labels, scores, classes))

    def serve(self, prepared: Any) -> object:
        """See :meth:`Predictor.serve`: probabilities where there are any."""
        with told(self.where):
            if hasattr(self.model, "predict_proba"):
                return self.model.predict_proba(prepared)
            return self.model.predict(prepared)

    def _plain(self, said: Any, rows: int) -> Answers:
        classes = getattr(self.model, "classes_", None)
        if classes is None and getattr(said.dtype, "kind", "O") in "iu":
            said = said.astype(float)  # a regression on whole numbers
        found = answers_of(
            said if classes is None else [label_text(one) for one in said],
            rows=rows,
            where=self.where,
        )
        if classes is None:
            return found
        return Answers(found.labels, None, tuple(label_text(one) for one in classes))

    def stages(self, prepared: Any) -> Sequence[Stage] | None:
        """See :meth:`Predictor.stages`: the steps of a scikit-learn pipeline."""
        steps = getattr(self.model, "steps", None)
        if not steps:
            return None
        found: list[Stage] = []
        rows = prepared
        with told(self.where):
            for name, step in steps[:-1]:
                if step is not None and step != "passthrough":
                    rows = step.transform(rows)
                found.append(Stage(str(name), dense(rows)))
        return [*found, Stage(str(steps[-1][0]), final(self.answer(prepared)))]


@dataclass(frozen=True, slots=True)
class CallablePredictor:
    """A Python function of a pandas frame that returns one answer per row.

    A function may carry ``steps``, a list of (name, function): each takes what the one
    before returned, the first the frame. They are how a port shows its stages.

    Attributes:
        function: the function.
        where: what it is called in errors.
    """

    function: Callable[[Any], Any]
    where: str

    @property
    def features(self) -> tuple[str, ...] | None:
        """See :attr:`Predictor.features`; the attribute ``features``, if it is set."""
        names = getattr(self.function, "features", None)
        return None if names is None else tuple(names)

    def prepare(self, table: Any) -> Any:
        """See :meth:`Predictor.prepare`."""
        names = self.features
        return table if names is None else named_columns(table, names, self.where)

    def answer(self, prepared: Any) -> Answers:
        """See :meth:`Predictor.answer`."""
        with told(self.where):
            raw = self.function(prepared)
        return answers_of(raw, rows=len(prepared), where=self.where)

    def serve(self, prepared: Any) -> object:
        """See :meth:`Predictor.serve`."""
        with told(self.where):
            return self.function(prepared)

    def stages(self, prepared: Any) -> Sequence[Stage] | None:
        """See :meth:`Predictor.stages`."""
        steps = getattr(self.function, "steps", None)
        if not steps:
            return None
        found: list[Stage] = []
        rows = prepared
        with told(self.where):
            for name, step in steps:
                rows = step(rows)
                found.append(Stage(str(name), dense(rows)))
        return found


class told:  # noqa: N801  read as a verb: with told("model.joblib"): …
    """Turn whatever a model raises into an error that names it."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: Any
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, LedgerError):
            raise InvalidEventError(
                f"{self._where}: {type(error).__name__} while it answered: {error}",
                hint="does it take these columns, of these types?",
            ) from error


def named_columns(table: Any, names: Sequence[str], where: str) -> Any:
    """Return some columns of a frame, in order.

    Raises:
        InvalidEventError: it does not have them all.
    """
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise InvalidEventError(
            f"{where}: takes {', '.join(missing)}, which the data does not have",
            hint=f"columns: {_names(table)}",
        )
    return table[list(names)]


def _names(table: Any) -> str:
    return ", ".join(map(str, table.columns))


def dense(values: Any) -> Array:
    """Return the output of a step as rows × columns."""
    numpy = library("numpy")
    if hasattr(values, "toarray"):
        values = values.toarray()
    found = numpy.asarray(values)
    found = found.astype(float) if found.dtype.kind in "iufb" else found.astype(str)
    return found.reshape(len(found), -1) if found.ndim != 2 else found


def final(answers: Answers) -> Array:
    """Return answers as the output of a last step."""
    return dense(answers.labels if answers.scores is None else answers.scores)
