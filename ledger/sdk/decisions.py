"""Verbs about decisions: one at a time on the fast path, many at once, or decorated.

The fast path builds one mapping and hands it on. Types are checked by the encoder, so a
wrong one is refused; lengths and characters are looked at here, and whatever is out of
the ordinary goes through the full check of the event type for a good error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from ledger.clock import new_id, now_us
from ledger.errors import InvalidEventError
from ledger.sdk.batches import LeftOutError, as_rows, chunks, refuse_no_row
from ledger.sdk.decision_fields import (
    as_recorded,
    decision_class,
    decision_schema,
    is_ordinary,
    reason_codes,
    validated,
)
from ledger.sdk.handles import Attestation, DecisionId, Deployment
from ledger.sdk.payloads import FIELDS, SAME, Said, Same
from ledger.sdk.recorder import Recorder

F = TypeVar("F", bound=Callable[..., Any])
_last: ContextVar[DecisionId | None] = ContextVar("mlledger_decision", default=None)


def last_decision_id() -> DecisionId | None:
    """Return the id of the decision recorded last in this thread or task, or None."""
    return _last.get()


class DecisionVerbs(Recorder):
    """What a model answered when it mattered to somebody."""

    def log_decision(  # noqa: PLR0913  one keyword a field
        self,
        *,
        deployment: Deployment,
        output: str | None = None,
        adverse: bool | None = None,
        reasons: Sequence[str] = (),
        use: str | None = None,
        path: str = "model",
        mode: str = "unknown",
        case_id: bytes | None = None,
        caller: str | None = None,
        latency_us: int | None = None,
        payload_commitment: bytes | None = None,
        correlation_id: bytes | None = None,
        replaces: bytes | None = None,
        attestation: Attestation | None = None,
        time: int | None = None,
        subject: str | None = None,
        features: Any = None,
        exact_output: Any = SAME,
        capture: bool | None = None,
    ) -> DecisionId:
        """Record one decision and return its id.

        Args:
            deployment: what answered.
            output: class or bucket, never the exact score of a person.
            adverse: whether it is to the person's disadvantage.
            reasons: reason codes.
            use: the use it served, one of the release's approved uses.
            path: model, fallback or manual.
            mode: shadow, advisory, human_in_loop or solely_automated.
            case_id: 16 random bytes that the caller keeps; never an identifier of a
                person.
            caller: service that asked.
            latency_us: microseconds it took.
            payload_commitment: commitment to the personal payload kept elsewhere.
            correlation_id: 16 bytes shared by the events of one request.
            replaces: id of the decision that this one replaces.
            attestation: what the process had loaded; by default this client's newest
                for the deployment.
            time: microseconds since 1970; now by default.
            subject: your identifier of the person. Like the next two it goes to the
                vault alone, sealed, and only while capture is on; else it is ignored.
            features: what the model was given: texts, numbers, lists, mappings.
            exact_output: what it answered exactly; by default ``output``.
            capture: True or False for this call; by default as the home says.

        Raises:
            InvalidEventError: a field does not fit; nothing was recorded.
            JournalError: in strict mode, the record could not be made durable.
        """
        made = DecisionId(new_id())
        self._emit_decision(
            Said(
                subject,
                features,
                output if isinstance(exact_output, Same) else exact_output,
                capture,
            ),
            {
                "id": made,
                "time": now_us() if time is None else time,
                "correlation_id": correlation_id,
                "release": deployment.release.id,
                "deployment": deployment.id,
                "attestation": attestation.id
                if attestation
                else self.attested.get(deployment.id),
                "case_id": case_id,
                "use": use,
                "path": path,
                "mode": mode,
                "output": output,
                "adverse": adverse,
                "reason_codes": reason_codes(reasons),
                "payload_commitment": payload_commitment,
                "caller": caller,
                "latency_us": latency_us,
                "replaces_decision_id": replaces,
            },
        )
        _last.set(made)
        return made

    def log_decisions(
        self,
        rows: Iterable[Mapping[str, Any]] | Mapping[str, Sequence[Any]],
        *,
        deployment: Deployment,
        attestation: Attestation | None = None,
        **shared: Any,
    ) -> list[DecisionId]:
        """Record many decisions of one deployment and return their ids in order.

        Args:
            rows: one mapping a decision, or columns of equal length by field; fields
                as of :meth:`log_decision`; also ``id``.
            deployment: what answered.
            attestation: as of :meth:`log_decision`.
            shared: fields that all have in common: use, path, mode, caller.

        Raises:
            LeftOutError: rows do not fit, and are left out; the text names the first,
                the error's ``rows`` all of them. All others are recorded.
            InvalidEventError: columns differ in length; nothing was recorded.
        """
        loaded = attestation.id if attestation else self.attested.get(deployment.id)
        base: dict[str, Any] = {
            "path": "model",
            "mode": "unknown",
            **shared,
            "release": deployment.release.id,
            "deployment": deployment.id,
            "attestation": loaded,
        }
        ids: list[DecisionId] = []
        left_out: dict[int, InvalidEventError] = {}
        for chunk in chunks(as_rows(rows)):
            encoded: list[tuple[bytes, bytes]] = []
            for row in chunk:
                try:
                    made, event = self._encoded(base, row)
                    encoded.append(event)
                    ids.append(made)
                except InvalidEventError as error:
                    left_out[len(ids) + len(left_out)] = error
            self.emitter.emit_many(encoded)
        if left_out:
            raise LeftOutError(left_out, ids)
        return ids

    def decision(  # noqa: PLR0913  one keyword a field
        self,
        *,
        deployment: Deployment | Callable[[], Deployment],
        output: Callable[[Any], object] | None = None,
        adverse: Callable[[Any], bool | None] | None = None,
        reasons: Callable[[Any], Sequence[str]] | None = None,
        case_id: Callable[..., bytes | None] | None = None,
        use: str | None = None,
        path: str | Callable[[Any], str] = "model",
        mode: str = "unknown",
        caller: str | None = None,
        subject: Callable[..., str | None] | None = None,
        features: Callable[..., Any] | None = None,
        exact_output: Callable[[Any], Any] | None = None,
        capture: bool | None = None,
    ) -> Callable[[F], F]:
        """Decorate a function or coroutine function whose results are decisions.

        The function keeps its name, signature and result. What it raises goes on
        unchanged, and nothing is recorded, for no decision was made. A field that does
        not fit stays empty; it, and a record that fails, is counted and logged once,
        and raised in strict mode.

        Args:
            deployment: what answers; a callable where it changes while the process
                lives.
            output: result → class or bucket, None for none. By default the result
                itself where it is a class: a flag, a whole number below 100, or a
                short label (:func:`ledger.sdk.answers.class_of`).
            adverse: result → whether it is to the person's disadvantage.
            reasons: result → reason codes.
            case_id: the function's own arguments → 16 random bytes of the case.
            use: the use it serves.
            path: model, fallback or manual, or result → one of them.
            mode: shadow, advisory, human_in_loop or solely_automated.
            caller: service that asks.
            subject: the function's own arguments → your identifier of the person; with
                the next two it goes to the vault alone, while capture is on.
            features: the function's own arguments → what the model was given.
            exact_output: result → exact answer; by default the result itself.
            capture: True or False for this function; by default as the home says.

        Raises:
            InvalidEventError: what is decorated is no plain or coroutine function.
        """
        from ledger.sdk.decorate import Describe, decorate

        describe = Describe(
            deployment=deployment,
            output=output,
            adverse=adverse,
            reasons=reasons,
            case_id=case_id,
            use=use,
            path=path,
            mode=mode,
            caller=caller,
            subject=subject,
            features=features,
            exact_output=exact_output,
            capture=capture,
        )
        return lambda function: cast("F", decorate(self, function, describe))

    def _emit_decision(self, said: Said, fields: dict[str, Any]) -> None:
        fields["payload_commitment"], sealed = self.capture.envelope(fields, said)
        if not is_ordinary(fields):
            fields = dict(validated(fields))
        if sealed:
            self.emitter.emit_encoded(decision_class(), fields, sealed)
        else:
            self.emitter.emit_encoded(decision_class(), fields)

    def _encoded(
        self, base: Mapping[str, Any], row: Mapping[str, Any]
    ) -> tuple[DecisionId, tuple[bytes, bytes]]:
        from ledger.codec import encode_fields
        from ledger.entry import MAX_EVENT
        from ledger.payload.pairs import pair

        refuse_no_row(row)
        made = DecisionId(row.get("id") or new_id())
        given: dict[str, Any] = {"time": now_us(), **base, **row, "id": made}
        subject, features, exact, capture = (given.pop(n, None) for n in FIELDS)
        answer = given.get("output") if exact is None else exact
        said = Said(subject, features, answer, capture)
        fields = as_recorded(given)
        fields["payload_commitment"], sealed = self.capture.envelope(fields, said)
        if not is_ordinary(fields):
            fields = dict(validated(fields))
        body = encode_fields(decision_class(), fields)
        if len(body) > MAX_EVENT:
            raise InvalidEventError(f"{len(body)} bytes; an event holds {MAX_EVENT}")
        known_as = decision_schema()
        return made, pair(known_as, body, sealed) if sealed else (known_as, body)
