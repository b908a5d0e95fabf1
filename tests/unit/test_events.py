"""What an event class promises to those who record: shape, checks, cheap import."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from pydantic import ValidationError

from ledger.avro import field_hints
from ledger.errors import InvalidEventError, UnknownEventTypeError
from ledger.events import FAMILIES, event_class, event_classes, event_names, meta
from ledger.events.base import Basis, Event, FullEvent, LeanEvent, Meta, Part, Ref
from ledger.events.consumer import AccessObserved
from ledger.events.data import DatasetVersionCreated, SourceRegistered
from ledger.events.governance import ReportIssued
from ledger.events.ledger import (
    KeyAuthorized,
    RootSet,
    StreamClosed,
    WitnessPolicySet,
)
from ledger.events.prediction import DecisionRecorded
from ledger.events.registry import ReleaseCreated
from ledger.events.serving import DeploymentActivated
from tests.support.codec_vectors import sample
from tests.support.events import events_strategy

CLASSES = event_classes()
SOURCE = {"source": "crm", "title": "CRM", "kind": "postgres"}


@dataclass(frozen=True)
class EventRef:
    """What an emitter gives back."""

    id: bytes
    digest: bytes


def parts(cls: Any) -> set[Any]:
    found = {cls}
    for field in getattr(cls, "model_fields", {}).values():
        for inner in _classes(field.annotation):
            found |= parts(inner)
    return found


def _classes(annotation: Any) -> list[Any]:
    inner = getattr(annotation, "__args__", ())
    if isinstance(annotation, type) and issubclass(annotation, Part | Enum):
        return [annotation]
    return [found for item in inner for found in _classes(item)]


EVERYTHING = sorted(
    {p for cls in CLASSES for p in parts(cls)}, key=lambda c: c.__name__
)


@pytest.mark.parametrize("cls", EVERYTHING, ids=lambda c: c.__name__)
def test_every_record_and_field_is_described_for_a_stranger(cls: Any) -> None:
    assert cls.__doc__
    assert cls.__doc__.split("\n")[0].endswith((".", "…", ")."))
    for name, field in getattr(cls, "model_fields", {}).items():
        assert field.description, name
        assert "|" not in field.description


def test_names_of_records_and_enumerations_are_used_once() -> None:
    names = [cls.__name__ for cls in EVERYTHING]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.type_name)
def test_an_event_has_the_full_envelope_or_a_lean_one(cls: type[Event]) -> None:
    fields = list(field_hints(cls))
    lean = cls.type_name.startswith("ledger.") or cls is DecisionRecorded
    assert fields[: 2 if lean else 1] == (["id", "time"] if lean else ["meta"])
    assert issubclass(cls, LeanEvent if lean else FullEvent)


def test_the_family_is_the_module() -> None:
    for cls in CLASSES:
        assert cls.__module__ == f"ledger.events.{cls.type_name.partition('.')[0]}"
    assert {name.partition(".")[0] for name in event_names()} == set(FAMILIES)


@pytest.mark.parametrize("cls", EVERYTHING, ids=lambda c: c.__name__)
def test_enumerations_begin_with_unknown(cls: Any) -> None:
    if issubclass(cls, Enum):
        assert next(iter(cls)).value == "unknown"
        assert [m.name.lower() for m in cls] == [m.value for m in cls]


def test_record_makes_id_and_time() -> None:
    first = SourceRegistered.record(basis="declared", system_id="scoring", **SOURCE)
    second = SourceRegistered.record(basis=Basis.DECLARED, **SOURCE)
    assert first.meta.basis is second.meta.basis
    assert first.meta.system_id == "scoring"
    assert first.event_id < second.event_id
    assert abs(second.event_time - first.event_time) < 10_000_000


def test_record_keeps_id_and_time_that_are_given() -> None:
    given_id, given_time = bytes(range(16)), 5
    full = SourceRegistered.record(
        basis="observed", id=given_id, time=given_time, **SOURCE
    )
    lean = StreamClosed.record(id=given_id, time=0, counts={})
    assert (full.event_id, full.event_time) == (given_id, given_time)
    assert (lean.event_id, lean.event_time) == (given_id, 0)


def test_record_takes_a_field_of_the_type_before_one_of_the_envelope() -> None:
    subject = UUID(int=7)
    report = ReportIssued.record(
        basis="derived",
        report="R5",
        subject=subject,
        digest=bytes(32),
        media_type="application/json",
    )
    assert report.subject == subject.bytes
    assert report.meta.subject is None


def test_record_says_what_does_not_fit() -> None:
    with pytest.raises(InvalidEventError, match=r"meta\.basis: Input should be"):
        SourceRegistered.record(basis="guess", **SOURCE)
    with pytest.raises(InvalidEventError, match=r"use_case: no such field"):
        DecisionRecorded.record(use_case="x")
    with pytest.raises(InvalidEventError, match=r"Meta: subjct: .*subject\?"):
        meta(basis="stated", subjct="x")


def test_a_long_list_of_faults_is_cut_and_counted() -> None:
    with pytest.raises(InvalidEventError, match=r"and \d+ more"):
        ReleaseCreated.record(basis="observed")


def test_meta_is_made_alone() -> None:
    envelope = meta(basis="stated", correlation_id=UUID(int=1), actor="jo")
    assert isinstance(envelope, Meta)
    assert envelope.correlation_id == UUID(int=1).bytes


def test_references_are_taken_from_what_an_emitter_gives() -> None:
    given = EventRef(bytes(range(16)), bytes(32))
    event = DatasetVersionCreated.record(
        basis="observed",
        dataset="loans",
        digest=bytes(32),
        scheme="file",
        derived_from=[given, Ref(id=given.id, digest=f"sha256:{'00' * 32}")],
        identity_strength="content",
        correlation_id=given,
    )
    assert event.derived_from[0] == event.derived_from[1]
    assert event.meta.correlation_id == given.id
    assert event.digest == f"sha256:{'00' * 32}"


@pytest.mark.parametrize(
    "moment",
    [
        1_763_715_600_000_001,
        "2025-11-21T09:00:00.000001Z",
        "2025-11-21T10:00:00.000001+01:00",
        datetime(2025, 11, 21, 9, 0, 0, 1, UTC),
        datetime(2025, 11, 21, 4, 0, 0, 1, timezone(timedelta(hours=-5))),
    ],
)
def test_a_time_may_be_given_in_several_ways(moment: Any) -> None:
    assert meta(basis="observed", time=moment).time == 1_763_715_600_000_001


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", b"short"),
        ("id", "not-a-uuid"),
        ("id", 7),
        ("time", -1),
        ("time", 1.5),
        ("time", True),
        ("time", 253_402_300_800_000_000),
        ("time", datetime(2025, 1, 1)),  # noqa: DTZ001  that is the point
        ("subject", "x" * 257),
        ("subject", "bell \x07"),
        ("subject", "half \ud800"),
        ("subject", b"bytes"),
        ("basis", "observd"),
        ("basis", None),
        ("external_refs", [{"system": "", "id": "1"}]),
        ("external_refs", "mlflow"),
    ],
)
def test_an_envelope_refuses_what_it_cannot_hold(field: str, value: Any) -> None:
    with pytest.raises(InvalidEventError, match=rf"^Meta: {field}"):
        meta(**{"basis": "observed", field: value})


@pytest.mark.parametrize(
    "digest",
    ["ab" * 32, "sha256:" + "AB" * 32, "sha256:" + "ab" * 31, b"", "md5:00", 1],
)
def test_a_digest_names_its_hash_and_has_one_spelling(digest: Any) -> None:
    with pytest.raises(InvalidEventError, match="digest: "):
        DatasetVersionCreated.validated(
            sample(DatasetVersionCreated) | {"digest": digest}
        )


@pytest.mark.parametrize("traffic", [-0.01, 1.01, float("nan"), "0.5", True])
def test_a_share_of_traffic_lies_between_0_and_1(traffic: Any) -> None:
    with pytest.raises(InvalidEventError, match="traffic: "):
        DeploymentActivated.validated(
            sample(DeploymentActivated) | {"traffic": traffic}
        )


@pytest.mark.parametrize(
    ("cls", "field", "value"),
    [
        (RootSet, "threshold", 0),
        (RootSet, "threshold", 2**31),
        (WitnessPolicySet, "policy", "a\x00b"),
        (KeyAuthorized, "attests", 1),
        (KeyAuthorized, "public_key", "zz"),
        (StreamClosed, "counts", {"x": 2**63}),
        (StreamClosed, "counts", {1: 1}),
        (AccessObserved, "window_from", "yesterday"),
        (DecisionRecorded, "latency_us", -1),
    ],
)
def test_a_type_refuses_what_it_cannot_hold(
    cls: type[Event], field: str, value: Any
) -> None:
    with pytest.raises(InvalidEventError, match=field):
        cls.validated(sample(cls) | {field: value})


@given(events_strategy())
def test_an_event_does_not_change(event: Event) -> None:
    name = next(iter(type(event).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(event, name, getattr(event, name))


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownEventTypeError, match=r"prediction\.decision\.recorded"):
        event_class("prediction.decision.record")
    with pytest.raises(UnknownEventTypeError, match=r"no event type 'zzz'$"):
        event_class("zzz")


def _loaded_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sorted(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_no_family_and_no_pydantic() -> None:
    loaded = _loaded_after("import ledger.events")
    assert not {"pydantic", "fastavro", "ledger.events.base"} & loaded


def test_a_type_loads_its_own_family_alone() -> None:
    loaded = _loaded_after(
        "from ledger.events import event_class; "
        "event_class('prediction.decision.recorded')"
    )
    assert "ledger.events.prediction" in loaded
    assert not {f"ledger.events.{f}" for f in FAMILIES if f != "prediction"} & loaded


def test_the_codec_loads_no_family_and_no_fastavro() -> None:
    loaded = _loaded_after("import ledger.codec")
    assert not {f"ledger.events.{f}" for f in FAMILIES} & loaded
    assert "fastavro" not in loaded


def test_the_package_has_no_other_names() -> None:
    import ledger.events

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ledger.events.nothing
