"""The table of links: how each kind of event in a decision's chain is found.

Each row finds events by what was found before it. A ``must`` is a reference that names
one event: when that is not enclosed, the chain could not be followed; when it is null,
nothing was recorded. The table stands in ``docs/format.md``, "Links of a decision".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.bundle.links import Chain
    from ledger.codec import Decoded

DECISION, PAYLOAD_DELETION = "decision", "payload deletion"

Finder = Callable[["Decoded", "Chain"], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """How the events of one kind are found.

    Attributes:
        types: their event types.
        is_found: whether an event belongs to what was found before.
        must: ids of events that have to be enclosed, from what was found before.
        again: go on until nothing more is found: ancestors of the same kind.
        is_expected: whether finding nothing is a gap to name.
    """

    types: tuple[str, ...]
    is_found: Finder
    must: Callable[[Chain], Iterable[bytes]] = lambda _: ()
    again: bool = False
    is_expected: bool = True


def _id_in(row: str, name: str) -> Finder:
    """Find events whose id is in a field of the events of a row."""
    return lambda event, chain: event.id in chain.values(row, name)


def _ref_in(row: str, name: str) -> Finder:
    """Find events that the events of a row refer to in a field."""
    return lambda event, chain: event.id in chain.refs(row, name)


def _refers(name: str, *rows: str) -> Finder:
    """Find events that refer, in a field, to an event of some rows."""

    def is_found(event: Decoded, chain: Chain) -> bool:
        ref = event.fields[name]
        return ref is not None and ref["id"] in chain.ids(*rows)

    return is_found


def _says(name: str, row: str) -> Finder:
    """Find events that name, in a field, an event of a row by its id."""
    return lambda event, chain: event.fields[name] in chain.ids(row)


def _named(name: str, *places: tuple[str, str]) -> Finder:
    """Find events whose name stands in a field of the events of some rows."""
    return lambda event, chain: any(
        event.fields[name] in chain.values(row, column) for row, column in places
    )


def _either(*finders: Finder) -> Finder:
    return lambda event, chain: any(found(event, chain) for found in finders)


def _parent(event: Decoded, chain: Chain) -> bool:
    said = (each.fields["parents"] for each in chain.found["model version"])
    return any(part["version"]["id"] == event.id for parts in said for part in parts)


def _system(event: Decoded, chain: Chain) -> bool:
    rows = ("deployment", "release", "model version")
    metas = (each.meta or {} for row in rows for each in chain.found[row])
    return event.fields["system"] in {meta.get("system_id") for meta in metas}


def _deletes(event: Decoded, chain: Chain) -> bool:
    return bool(chain.ids(DECISION) & set(event.fields["decisions"]))


_OBJECTS = ("release", "model version")

ROWS: dict[str, Row] = {
    "deployment": Row(
        ("serving.deployment.activated",),
        _id_in(DECISION, "deployment"),
        lambda chain: chain.values(DECISION, "deployment"),
    ),
    "deployment change": Row(
        ("serving.deployment.changed", "serving.deployment.deactivated"),
        _refers("deployment", "deployment"),
        is_expected=False,
    ),
    "process attestation": Row(
        ("serving.process.attested",),
        _either(_id_in(DECISION, "attestation"), _refers("deployment", "deployment")),
        lambda chain: chain.values(DECISION, "attestation"),
    ),
    "release": Row(
        ("registry.release.created",),
        _id_in(DECISION, "release"),
        lambda chain: chain.values(DECISION, "release"),
    ),
    "model version": Row(
        ("registry.model_version.created",),
        _either(_ref_in("release", "model_version"), _parent),
        lambda chain: chain.refs("release", "model_version"),
        again=True,
    ),
    "approval": Row(("registry.approval.decided",), _refers("object", *_OBJECTS)),
    "approval request": Row(
        ("registry.approval.requested",),
        _either(_ref_in("approval", "request"), _refers("object", *_OBJECTS)),
        is_expected=False,
    ),
    "model": Row(
        ("registry.model.registered",),
        _named("model", ("model version", "model")),
        is_expected=False,
    ),
    "evaluation": Row(
        ("evaluation.test.completed",), _refers("model_version", "model version")
    ),
    "criterion": Row(
        ("evaluation.criteria.set",),
        _id_in("evaluation", "criteria"),
        is_expected=False,
    ),
    "run": Row(
        ("pipeline.run.started",),
        _ref_in("model version", "run"),
        lambda chain: chain.refs("model version", "run"),
    ),
    "run update": Row(
        ("pipeline.run.updated",), _says("run", "run"), is_expected=False
    ),
    "run end": Row(("pipeline.run.ended",), _says("run", "run")),
    "input": Row(("pipeline.input.read",), _says("run", "run")),
    "dataset version": Row(
        ("data.dataset_version.created",),
        _either(
            _ref_in("input", "dataset_version"),
            _ref_in("evaluation", "dataset_version"),
            _ref_in("criterion", "dataset_version"),
            _ref_in("dataset version", "derived_from"),
        ),
        lambda chain: chain.refs("input", "dataset_version"),
        again=True,
    ),
    "dataset": Row(
        ("data.dataset.registered",),
        _named("dataset", ("dataset version", "dataset"), ("input", "dataset")),
        is_expected=False,
    ),
    "source": Row(
        ("data.source.registered",),
        _named("source", ("dataset", "sources"), ("dataset version", "sources")),
        is_expected=False,
    ),
    PAYLOAD_DELETION: Row(("governance.payload.deleted",), _deletes, is_expected=False),
    "system": Row(("governance.system.registered",), _system, is_expected=False),
}
