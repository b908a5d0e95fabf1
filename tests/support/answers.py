"""Golden answers: one small ledger in which everything a replay must know happens.

Written with the other vectors by ``python -m tests.support.bundles``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.bundle import examine_bundle
from ledger.bundle.contents import Contents, is_read
from ledger.bundle.layout import to_files
from ledger.bundle.rows import format_rows
from ledger.entry import EncodedEvent
from projections.replay.answering import replayed
from tests.support import bundles
from tests.support.ledgers import TIME_US, Stream, signer

if TYPE_CHECKING:
    from ledger.bundle.content import Reader

DAY_US = 86_400_000_000
LATER = "2026-09-21T18:00:00Z"
ASKED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Q01": ("decision_chain", {"decision_id": "decision"}),
    "Q01-then": ("decision_chain", {"decision_id": "decision", "as_of": "then"}),
    "Q02": ("live_at", {}),
    "Q02-then": ("live_at", {"as_of": "then", "environment": "prod"}),
    "Q05": ("integrity_of_range", {"now": "later"}),
    "Q05-then": ("integrity_of_range", {"now": "later", "until": "sealed"}),
    "Q06": ("approvals", {}),
    "Q06-one": ("approvals", {"object_id": "release", "limit": "1"}),
}
"""Question and parameters of each vector; some values stand for others."""


def told(root: Path) -> bundles.Story:
    """The story of every bundle, and what an auditor may meet beside it."""
    story = bundles.tell(root)
    ledger = story.ledger
    later, person = Stream(signer("a"), stream_id=b"l" * 16), _person()
    ledger.log.append(0, later.open())
    ledger.log.append(0, later.data(*_afterwards()))
    ledger.log.append(0, later.heartbeat())
    resent = later.data(*_repeated())
    for value in (resent, b"no entry", resent, later.close()):
        ledger.log.append(0, value)
    ledger.log.append(0, person.open())
    ledger.log.append(0, person.data(*_by_person()))
    clone = replace(person)
    ledger.log.append(0, person.data())
    ledger.log.append(0, clone.data(*_by_person()[:1]))
    late = Stream(signer("a"), stream_id=b"x" * 16)
    ledger.log.append(0, late.open())
    late.data()
    ledger.log.append(0, late.data())
    ledger.seal()
    ledger.publish_manifest()
    return story


def answered(
    story: bundles.Story, question: str, parameters: Mapping[str, str]
) -> Contents:
    """The bundle of an answer, its rows as the product replays them."""
    ledger = story.ledger
    sizes = {
        log: ledger.frontiers[number].size
        for number, log in bundles.LOGS.items()
        if is_read(question, log)
    }
    blank = ledger.collector().answer(question, parameters, b"[]", sizes=sizes)
    rows: list[dict[str, object]] = []

    def ask(reader: Reader) -> list[dict[str, object]]:
        rows.extend(replayed(reader))
        return rows

    examine_bundle(
        to_files(blank),
        policy=bundles.policy(),
        ledger_id=ledger.ledger_id,
        now_s=bundles.NOW_S,
        replay=ask,
    )
    return replace(blank, answer=format_rows(rows))


def golden(root: Path) -> dict[str, Contents]:
    """Return every golden answer by its name."""
    story = told(root)
    stand = {
        "decision": str(_uuid("decision")),
        "release": str(_uuid("release")),
        "then": "2026-09-21T14:13:25Z",
        "later": LATER,
        "sealed": _sealed(story),
    }
    return {
        name: answered(story, question, {k: stand.get(v, v) for k, v in given.items()})
        for name, (question, given) in ASKED.items()
    }


def _sealed(story: bundles.Story) -> str:
    from ledger.leaf import parse_leaf
    from ledger.output import format_time

    first = parse_leaf(story.ledger.leaves[0][0])
    return format_time(first.sealed_at_ms * 1_000) or ""


def _uuid(label: str) -> Any:
    from uuid import UUID

    return UUID(bytes=bundles.fixed_id(label))


def _person() -> Stream:
    return Stream(signer("b"), stream_id=b"q" * 16)


def _afterwards() -> list[EncodedEvent]:
    """What happened to the release of the story, before and after it was decided."""
    made, ref, digest = bundles.made, bundles.ref, bundles.digest
    chain = bundles.chain_events()
    deployment, version = chain["deployment"], chain["model version"]
    changed: dict[str, Any] = {"deployment": ref("deployment", deployment)}
    second = made(
        "serving.deployment.activated",
        "second deployment",
        time=TIME_US + 3_000_000,
        release=ref("release", chain["release"]),
        release_digest=digest("release"),
        environment="test",
        role="challenger",
        traffic=0.25,
        emergency=True,
        reason="a trial – with é, 😀 and ﬀ",
    )
    criterion = made(
        "evaluation.criteria.set",
        "criterion",
        model="loans",
        metric="auc",
        limit=1e-05,
        direction="at_least",
    )
    return [
        made(
            "registry.model.registered",
            "model",
            model="loans",
            kind="classifier",
            origin="internal",
        ),
        criterion,
        made(
            "evaluation.test.completed",
            "second evaluation",
            kind="robustness",
            model_version=ref("model version", version),
            metrics=[{"name": "rate", "value": 1e21}, {"name": "n", "value": -0.0}],
            criteria=[bundles.fixed_id("criterion")],
        ),
        second,
        made(
            "serving.deployment.changed",
            "change",
            time=TIME_US + 4_000_000,
            role="canary",
            traffic=0.1,
            **changed,
        ),
        made(
            "serving.deployment.deactivated",
            "end",
            time=TIME_US + DAY_US,
            reason="replaced",
            **changed,
        ),
        made(
            "pipeline.run.updated",
            "update",
            run=bundles.fixed_id("run"),
            tags={"b": "2", "a": "1"},
        ),
        made(
            "data.source.registered",
            "source",
            source="bureau",
            title="Bureau",
            kind="file",
            notice_days=1 << 60,
        ),
        made(
            "registry.model_version.created",
            "other bytes",
            model="loans",
            version="v1",
            artifact_digest=digest("other weights"),
            artifact_scheme="file",
        ),
    ]


def _repeated() -> list[EncodedEvent]:
    """One id for two events, a body nobody can read, a time beyond the calendar."""
    chain = bundles.chain_events()
    again = chain["decision"]

    def dataset(label: str, old: bytes = b"", new: bytes = b"") -> EncodedEvent:
        event = bundles.made("data.dataset.registered", label, dataset="d?", title="D")
        return EncodedEvent(event.schema_id, event.body.replace(old, new, 1))

    beyond = dataset("beyond", avro_long(TIME_US), avro_long(1 << 62))
    nul = dataset("nul", b"d?", b"d\0")
    broken = EncodedEvent(again.schema_id, again.body + b"\0")
    return [again, dataset("decision"), beyond, nul, broken]


def avro_long(number: int) -> bytes:
    """A number that is not negative, as Avro writes it."""
    number, found = number << 1, b""
    while number >= 128:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    return found + bytes([number])


def _by_person() -> list[EncodedEvent]:
    """A person approves what was asked for, and says why."""
    chain = bundles.chain_events()
    release = bundles.ref("release", chain["release"])
    request = bundles.made(
        "registry.approval.requested",
        "request",
        object=release,
        gate="production",
        digest=bundles.digest("release"),
        requested_of="role:risk",
    )
    return [
        request,
        bundles.made(
            "registry.approval.decided",
            "second approval",
            time=TIME_US + 5_123_456,
            request=bundles.ref("request", request),
            object=release,
            gate="production",
            digest=bundles.digest("another release"),
            decision="approve",
            meaning="review",
            conditions=["watch it"],
            expires=TIME_US + DAY_US,
            signature_kind="person_key",
        ),
        bundles.made(
            "governance.statement.recorded",
            "statement",
            author="person:b",
            field="purpose",
            text="as agreed",
            valid_for=release,
        ),
        bundles.made(
            "governance.document.stored",
            "document",
            digest=bundles.digest("document"),
            media_type="text/plain",
            size_bytes=5,
            about=bundles.fixed_id("release"),
        ),
        bundles.made(
            "governance.payload.deleted",
            "deletion",
            cause="request",
            method="key destroyed",
            decisions=[bundles.fixed_id("decision")],
            key_ids=[],
            deleted_at=TIME_US,
            residuals=[],
        ),
    ]
