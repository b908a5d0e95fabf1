"""Ask a live deployment what it must answer, and see whether it still does.

A suite is a file of JSON objects, one a line::

    {"id": "case-1", "request": {"age": 41, "income": 2300.0}, "expect": "accept"}
    {"id": "case-2", "request": {"age": 19, "income": 0}, "expect": 0.31,
     "tolerance": 1e-6}

``expect`` is a class, a number, a list of probabilities, or an object with ``label``,
``score`` and ``probabilities`` as far as they are known. ``tolerance`` is the largest
absolute difference of a number, 0 where it is left out; ``id`` is ``line N`` likewise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import (
    InvalidEventError,
    LedgerError,
    MalformedError,
    UnavailableError,
)
from ledger.evaluation.answers import label_text
from ledger.evaluation.libraries import library
from ledger.evaluation.resampling import Measured
from ledger.evaluation.timing import Ticking

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.evaluation.answers import Answers
    from ledger.evaluation.predictors import Predictor

_FIELDS = {"id", "request", "expect", "tolerance"}


@dataclass(frozen=True, slots=True)
class Case:
    """A request whose answer is known.

    Attributes:
        id: what it is called.
        request: column → value.
        expect: what must be answered.
        tolerance: largest absolute difference of a number, from 0.
    """

    id: str
    request: dict[str, Any]
    expect: Any
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    """Known requests.

    Attributes:
        name: of the suite.
        digest: ``sha256:<hex>`` of the file.
        cases: in order.
    """

    name: str
    digest: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that was not answered as it must be.

    Attributes:
        case: its id.
        expected: in short.
        actual: in short; for a request without an answer, why.
        error: whether there was no answer.
        away: whether there was none because it could not be asked.
    """

    case: str
    expected: str
    actual: str
    error: bool = False
    away: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """What a replay came to.

    Attributes:
        suite: what was asked.
        misses: requests with another answer, or none.
        measured: ``latency_us.p50`` and so on.
    """

    suite: Suite
    misses: list[Miss]
    measured: list[Measured]

    @property
    def mismatches(self) -> int:
        """Answers that were not the known ones."""
        return sum(not miss.error for miss in self.misses)

    @property
    def errors(self) -> int:
        """Requests without an answer."""
        return sum(miss.error for miss in self.misses)

    @property
    def is_away(self) -> bool:
        """Whether no request at all was answered: nothing is known of the answers."""
        away = sum(miss.away for miss in self.misses)
        return away == len(self.suite.cases)

    @property
    def passed(self) -> bool:
        """Whether every answer was the known one."""
        return not self.misses


def read_suite(path: Path, *, name: str | None = None) -> Suite:
    """Return the suite of a file; its name is the file's, unless it is given.

    Raises:
        InvalidEventError: a line does not fit; the text says which.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidEventError(f"{path}: not UTF-8") from error
    cases = tuple(
        _case(line, number, path.name)
        for number, line in enumerate(lines, 1)
        if line.strip()
    )
    if not cases:
        raise InvalidEventError(f"{path}: no requests in it")
    return Suite(name or path.stem, f"sha256:{sha256(data).hexdigest()}", cases)


def _case(line: str, number: int, file: str) -> Case:
    where = f"{file} line {number}"
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidEventError(f"{where}: not JSON: {error}") from error
    fields = cast("dict[str, Any]", found if isinstance(found, dict) else {})
    if not isinstance(fields.get("request"), dict) or "expect" not in fields:
        raise InvalidEventError(f"{where}: an object with `request` and `expect`")
    if unknown := sorted(fields.keys() - _FIELDS):
        raise InvalidEventError(
            f"{where}: {unknown[0]}: no such field", hint=", ".join(sorted(_FIELDS))
        )
    tolerance = fields.get("tolerance", 0.0)
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float):
        raise InvalidEventError(f"{where}: tolerance must be a number")
    if not tolerance >= 0:
        raise InvalidEventError(f"{where}: tolerance must be 0 or more")
    name = str(fields.get("id", f"line {number}"))
    return Case(name, fields["request"], fields["expect"], float(tolerance))


def replay(
    suite: Suite, predictor: Predictor, *, ticking: Ticking | None = None
) -> Probe:
    """Ask each request once, in order.

    Args:
        suite: the requests.
        predictor: of the deployment.
        ticking: the clock of latencies.
    """
    pandas, numpy = library("pandas"), library("numpy")
    tick = ticking or Ticking()
    misses: list[Miss] = []
    seconds: list[float] = []
    for case in suite.cases:
        begun = tick.now()
        try:
            table = pandas.DataFrame([case.request])
            answers = predictor.answer(predictor.prepare(table))
            seconds.append(tick.now() - begun)
            miss = compare_answer(case, answers)
        except LedgerError as error:
            away = isinstance(error, UnavailableError)
            miss = Miss(case.id, _short(case.expect), str(error), error=True, away=away)
        if miss is not None:
            misses.append(miss)
    measured: list[Measured] = []
    if seconds:
        values = numpy.quantile(seconds, [0.5, 0.95, 0.99]) * 1e6
        measured = [
            Measured(f"latency_us.{name}", float(value))
            for name, value in zip(("p50", "p95", "p99"), values, strict=True)
        ]
    return Probe(suite, misses, measured)


def compare_answer(case: Case, answers: Answers) -> Miss | None:
    """Return how an answer differs from the known one; None if it does not.

    Args:
        case: request and known answer.
        answers: to that one request.

    Raises:
        MalformedError: a known answer of a kind that this deployment does not give.
    """
    expect: Any = case.expect
    if not isinstance(expect, dict):
        expect = {_kind(expect, answers): expect}
    for kind, wanted in cast("dict[str, Any]", expect).items():
        found = _found(kind, answers)
        if not _alike(wanted, found, case.tolerance):
            return Miss(case.id, _short(wanted), _short(found))
    return None


def _kind(expect: object, answers: Answers) -> str:
    if isinstance(expect, list):
        return "probabilities"
    is_number = isinstance(expect, float) or (
        isinstance(expect, int) and not isinstance(expect, bool)
    )
    return "score" if is_number and answers.labels is None else "label"


def _found(kind: str, answers: Answers) -> Any:
    scores = None if answers.scores is None else answers.scores[0].tolist()
    if kind == "label" and answers.labels is not None:
        return str(answers.labels[0])
    if kind == "score" and isinstance(scores, float):
        return scores
    if kind == "probabilities" and isinstance(scores, list):
        return cast("list[float]", scores)
    if kind == "probabilities" and isinstance(scores, float):
        return [1 - scores, scores]
    raise MalformedError(
        f"no {kind} in an answer of {answers.described()}",
        place="expect",
        expected=kind,
        actual=answers.described(),
    )


def _alike(wanted: Any, found: Any, tolerance: float) -> bool:
    if isinstance(found, str):
        return label_text(wanted) == found
    if isinstance(found, list):
        given = cast("list[Any]", wanted if isinstance(wanted, list) else [])
        values = cast("list[float]", found)
        return len(given) == len(values) and all(
            _near(one, other, tolerance)
            for one, other in zip(given, values, strict=True)
        )
    return _near(wanted, found, tolerance)


def _near(wanted: Any, found: float, tolerance: float) -> bool:
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        return False
    return wanted == found or abs(wanted - found) <= tolerance


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
