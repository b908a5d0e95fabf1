"""Around a function that decides: time it, record its result, give it back as it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.errors import InvalidEventError
from ledger.sdk.answers import ADVICE, class_of
from ledger.sdk.decision_fields import check_alone
from ledger.sdk.payloads import FIELDS, UncapturedError

if TYPE_CHECKING:
    from ledger.sdk.decisions import DecisionVerbs
    from ledger.sdk.handles import Deployment

_UNFIT = (
    (
        inspect.isgeneratorfunction,
        "a generator function: its result is never one value",
    ),
    (inspect.isasyncgenfunction, "an asynchronous generator: it gives many values"),
    (inspect.isclass, "a class: decorate the method that decides"),
)

_EMPTY: dict[str, Any] = {
    "output": None,
    "adverse": None,
    "reasons": (),
    "case_id": None,
    "use": None,
    "caller": None,
    "path": "unknown",
    "mode": "unknown",
}
"""Fields that a decision can do without, and what then stands in their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """How a result is told; see :meth:`ledger.sdk.Ledger.decision`."""

    deployment: Deployment | Callable[[], Deployment]
    output: Callable[[Any], object] | None
    adverse: Callable[[Any], bool | None] | None
    reasons: Callable[[Any], Sequence[str]] | None
    case_id: Callable[..., bytes | None] | None
    use: str | None
    path: str | Callable[[Any], str]
    mode: str
    caller: str | None
    subject: Callable[..., str | None] | None = None
    features: Callable[..., Any] | None = None
    exact_output: Callable[[Any], Any] | None = None
    capture: bool | None = None

    def fields(
        self,
        result: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        note: Callable[[str, Exception], object],
    ) -> dict[str, Any]:
        """Return what one result says, as arguments of ``log_decision``.

        A function of the user's that raises loses its own field, never the decision:
        ``note`` is told, and the field stays empty. Without ``output`` a plain answer
        is its own class.
        """

        def told(tell: Callable[..., Any] | None, *about: Any, **more: Any) -> Any:
            try:
                return tell(*about, **more) if tell else None
            except Exception as error:  # noqa: BLE001  told to note, raised when strict
                note("decision field", error)
                return None

        place, path = self.deployment, self.path
        reasons = told(self.reasons, result)
        return {
            "deployment": place() if callable(place) else place,
            "output": told(self.output or class_of, result),
            "adverse": told(self.adverse, result),
            "reasons": () if reasons is None else reasons,
            "case_id": told(self.case_id, *args, **kwargs),
            "path": (told(path, result) or "unknown") if callable(path) else path,
            "use": self.use,
            "mode": self.mode,
            "caller": self.caller,
            **self._payload(result, args, kwargs, note),
        }

    def _payload(
        self,
        result: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        note: Callable[[str, Exception], object],
    ) -> dict[str, Any]:
        """Return what the vault alone is told; nothing if it cannot be told."""
        if self.capture is False or not (self.subject or self.features):
            return {}
        exact = self.exact_output
        try:
            return {
                "subject": self.subject(*args, **kwargs) if self.subject else None,
                "features": self.features(*args, **kwargs) if self.features else None,
                "exact_output": exact(result) if exact else result,
                "capture": self.capture,
            }
        except Exception as error:  # noqa: BLE001  told to note, raised when strict
            # The text of the user's own error may repeat what the person is like.
            note("payload", InvalidEventError(f"payload: {type(error).__name__}"))
            return {}


def decorate(
    client: DecisionVerbs, function: Callable[..., Any], describe: Describe
) -> Callable[..., Any]:
    """Return the function with recording around it, sync or async as it was.

    Raises:
        InvalidEventError: it is no plain or coroutine function.
    """
    _refuse_unfit(function)
    if not client.enabled:
        return function
    return _Recording(client, describe).around(function)


class _Recording:
    """Records the results of one function."""

    def __init__(self, client: DecisionVerbs, describe: Describe) -> None:
        self._client = client
        self._describe = describe
        self._name = ""

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self._name = str(getattr(function, "__name__", "a function"))
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                started = clock.monotonic()
                return await self._later(
                    function(*args, **kwargs), started, args, kwargs
                )

            return awaited

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            started = clock.monotonic()
            try:
                result = function(*args, **kwargs)
            except BaseException:
                self._client.faults.note_raised()
                raise
            if inspect.iscoroutine(result):
                return self._later(result, started, args, kwargs)
            self._note(result, started, args, kwargs)
            return result

        return called

    async def _later(
        self,
        coroutine: Coroutine[Any, Any, Any],
        started: float,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        try:
            result = await coroutine
        except BaseException:
            self._client.faults.note_raised()
            raise
        self._note(result, started, args, kwargs)
        return result

    def _note(
        self,
        result: Any,
        started: float,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        latency = int((clock.monotonic() - started) * 1_000_000)
        try:
            _refuse_unfinished(result)
            fields = self._describe.fields(
                result, args, kwargs, self._client.faults.note
            )
            if self._describe.output is None and fields["output"] is None:
                self._advise(result)
            self._record(fields, latency)
        except Exception as error:  # noqa: BLE001  counted and logged, or raised when strict
            self._client.faults.note("decision", error)

    def _advise(self, result: object) -> None:
        if result is not None:
            kind = type(result).__name__
            self._client.faults.advise(ADVICE, self._name, kind)

    def _record(self, fields: Mapping[str, Any], latency: int) -> None:
        """Record a decision; without what does not fit rather than not at all."""
        log, note = self._client.log_decision, self._client.faults.note
        try:
            log(latency_us=latency, **fields)
        except UncapturedError as error:
            note("payload", error)
            log(latency_us=latency, **_without_payload(fields))
        except InvalidEventError:
            misfits = _misfits(fields)
            if not misfits:
                raise  # it is none of the fields that can be empty
            for problem in misfits.values():
                note("decision field", problem)
            log(latency_us=latency, **{**fields, **{n: _EMPTY[n] for n in misfits}})


def _misfits(fields: Mapping[str, Any]) -> dict[str, InvalidEventError]:
    """Return the fields that do not fit and can be empty, with the reason."""
    found: dict[str, InvalidEventError] = {}
    for name in _EMPTY:
        try:
            check_alone(name, fields[name])
        except InvalidEventError as error:
            found[name] = error
    return found


def _without_payload(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in FIELDS}


def _refuse_unfit(function: object) -> None:
    if isinstance(function, (staticmethod, classmethod)):
        raise InvalidEventError(
            "decision: put @staticmethod or @classmethod above @decision, not below"
        )
    for is_unfit, what in _UNFIT:
        if is_unfit(function):
            raise InvalidEventError(f"decision: cannot record {what}")
    if not callable(function):
        raise InvalidEventError("decision: what is decorated cannot be called")


def _refuse_unfinished(result: object) -> None:
    if inspect.isgenerator(result) or inspect.isawaitable(result):
        raise InvalidEventError("the result is not a value yet")
