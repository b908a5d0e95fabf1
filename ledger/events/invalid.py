"""From pydantic's report to one sentence a caller can act on."""

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ledger.errors import InvalidEventError

_SHOWN = 5


def invalid_event(cls: type[BaseModel], error: ValidationError) -> InvalidEventError:
    """Return the error that names each field that does not fit, and what would."""
    name = getattr(cls, "type_name", cls.__name__)
    problems = error.errors(include_url=False, include_input=False)
    lines = [f"{_path(p['loc'])}: {_problem(cls, p)}" for p in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more")
    return InvalidEventError(f"{name}: " + "; ".join(lines))


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "the event"


def _problem(cls: type[BaseModel], problem: Any) -> str:
    *outer, last = problem["loc"] or ("",)
    if problem["type"] == "extra_forbidden":
        return _unknown(_model_at(cls, outer), str(last))
    if problem["type"] == "missing":
        field = _fields(_model_at(cls, outer)).get(str(last))
        about = getattr(field, "description", None)
        return "is required" + (f" ({about})" if about else "")
    return str(problem["msg"]).removeprefix("Value error, ")


def _unknown(model: type[BaseModel] | None, name: str) -> str:
    known = list(_fields(model))
    near = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
    return f"no such field; {advice}"


def _fields(model: type[BaseModel] | None) -> dict[str, Any]:
    if model is None:
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(cls: type[BaseModel], path: list[int | str]) -> type[BaseModel] | None:
    """Return the record class in which a path of field names and indexes ends."""
    found: type[BaseModel] | None = cls
    for step in path:
        if found is not None and isinstance(step, str):
            field = _fields(found).get(step)
            found = _record_in(field.annotation) if field else None
    return found


def _record_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_record_in(item) for item in get_args(annotation)]
    return next((item for item in inner if item), None)
