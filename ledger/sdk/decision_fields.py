"""Fields of a decision: a cheap look at the ordinary ones, a full check of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import InvalidEventError

if TYPE_CHECKING:
    from ledger.events.prediction import DecisionRecorded

_PATHS = frozenset({"model", "fallback", "manual", "unknown"})
_MODES = frozenset(
    {"shadow", "advisory", "human_in_loop", "solely_automated", "unknown"}
)
_RECORDED_AS = {"reasons": "reason_codes", "replaces": "replaces_decision_id"}
"""What the verbs call otherwise than the event does."""
_BLANK: dict[str, Any] = {
    "id": bytes(16),
    "time": 0,
    "release": bytes(16),
    "deployment": bytes(16),
    "path": "unknown",
    "mode": "unknown",
    "reason_codes": list[str](),
}


@cache
def decision_class() -> type[DecisionRecorded]:
    """Return the event type, loaded when it is first used."""
    from ledger.events.prediction import DecisionRecorded

    return DecisionRecorded


@cache
def decision_schema() -> bytes:
    """Return the id of the event type's schema, 32 bytes."""
    from ledger.avro import schema_id

    return schema_id(decision_class())


def as_recorded(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an event from those that the verbs take, by their names.

    Raises:
        InvalidEventError: a field goes by another name here; the text says which.
    """
    for verb, field in _RECORDED_AS.items():
        if field in given:
            raise InvalidEventError(
                f"{field}: a decision is given its {verb}",
                hint=f"call it {verb}, as in log_decision({verb}=…)",
            )
        given[field] = given.pop(verb, None)
    given["reason_codes"] = reason_codes(given["reason_codes"])
    return given


def reason_codes(reasons: object) -> list[str]:
    """Return reasons as a list; None is no reason.

    Raises:
        InvalidEventError: one text, or nothing that holds several.
    """
    if type(reasons) is list:
        return cast("list[str]", reasons)
    if reasons is None:
        return []
    if isinstance(reasons, str | bytes) or not isinstance(reasons, Iterable):
        raise InvalidEventError(
            f"reasons: expected a list of codes, found {reasons!r}",
            hint='reasons=["R01", "R02"]',
        )
    return list(cast("Iterable[str]", reasons))


def is_ordinary(fields: Mapping[str, Any]) -> bool:
    """Tell whether the fields may go to the encoder, which checks types alone.

    Texts are short and printable, numbers not negative, identifiers as they should be.
    """
    return (
        fields["path"] in _PATHS
        and fields["mode"] in _MODES
        and _is_text(fields.get("output"))
        and _is_text(fields.get("use"))
        and _is_name(fields.get("caller"))
        and _is_flag(fields.get("adverse"))
        and _is_count(fields.get("latency_us"))
        and _is_count(fields["time"])
        and all(map(_is_text, fields["reason_codes"]))
    )


def validated(fields: Mapping[str, Any]) -> DecisionRecorded:
    """Return the event after its full check; class labels become text before.

    Raises:
        InvalidEventError: naming each field that does not fit, and what would.
    """
    plain = {name: usual(value) for name, value in fields.items()}
    output = plain.get("output")
    if isinstance(output, float):
        raise InvalidEventError(
            "prediction.decision.recorded: output: a number with a fraction, but the "
            "exact score of a person is not recorded",
            hint="give its class or bucket: output=lambda r: 'high' if r > 0.5 else …",
        )
    if isinstance(output, (bool, int)):
        plain["output"] = str(output)
    codes = plain.get("reason_codes")
    if isinstance(codes, (list, tuple)):
        plain["reason_codes"] = [str(code) for code in cast("list[object]", codes)]
    return decision_class().validated(plain)


def check_alone(verb: str, value: object) -> None:
    """Check one field of a decision by itself, under the name that the verbs use.

    Raises:
        InvalidEventError: it does not fit; the text says what would.
    """
    field = _RECORDED_AS.get(verb, verb)
    found = reason_codes(value) if field == "reason_codes" else value
    validated({**_BLANK, field: found})


def usual(value: Any) -> Any:
    """Return numpy's scalars as Python's, all else as it is."""
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "ndim", 1) == 0 else value


def _is_text(value: Any) -> bool:
    return value is None or (
        type(value) is str and len(value) <= 256 and value.isprintable()
    )


def _is_name(value: Any) -> bool:
    return value is None or (_is_text(value) and value != "")


def _is_flag(value: Any) -> bool:
    return value is None or type(value) is bool


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and 0 <= value < 1 << 62)
