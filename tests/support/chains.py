"""A decision's chain made by hand: the same in every run, no log and no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from projections.chain import NOT_RECORDED, Chain, Link
from projections.chain_steps import STEPS
from projections.rows import EventPosition

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LEDGER = {"name": "acme", "ledger_id": sha256(b"acme").hexdigest()}
READ = {"acme/control": 10, "acme/p0": 40}
CREATED = "2026-03-03T08:00:00.000000Z"


def id_of(name: str) -> UUID:
    return UUID(bytes=sha256(name.encode()).digest()[:16])


def digest_of(name: str) -> str:
    return f"sha256:{sha256(name.encode()).hexdigest()}"


def link(kind: str, name: str, at: int, /, identity: str = "", **fields: Any) -> Link:
    """A verified link; ``at`` is its minute after the start and its leaf."""
    moment = START + timedelta(minutes=at)
    basis = {"decision": None, "approval": "stated", "statement": "stated"}
    return Link(
        kind=kind,
        title=name,
        event_id=id_of(f"{kind} {name}"),
        type=STEPS[kind].types[0],
        time=moment,
        sealed_at=moment + timedelta(seconds=3),
        basis=basis.get(kind, "observed"),
        identity=identity or "service:scoring",
        position=EventPosition("acme/p0", at, 0),
        fields=fields,
        integrity="verified",
    )


def links() -> tuple[Link, ...]:
    """A whole story, with one gap: nobody registered the source."""
    release = id_of("release r1")
    return (
        link(
            "decision",
            "d1",
            30,
            output="refer",
            mode="human_in_loop",
            path="model",
            use="credit",
            adverse=True,
            reason_codes=["income", "history"],
            case_id=str(id_of("case")),
            payload_commitment=None,
            caller=None,
            replaces_decision_id=None,
            release_id=str(release),
        ),
        link(
            "deployment",
            "prod",
            20,
            environment="production",
            service="loans-api",
            role="champion",
            traffic=1.0,
            emergency=False,
        ),
        link(
            "process attestation",
            "host",
            21,
            artifact_digest=digest_of("model"),
            configuration_digest=digest_of("settings"),
            matches=True,
            host="host-1",
        ),
        link(
            "release",
            "r1",
            15,
            release="2026.1",
            release_digest=digest_of("release"),
            model="loans",
            version="v1",
            artifact_digest=digest_of("model"),
            configuration_digest=digest_of("settings"),
            thresholds={"refer": 0.5},
            approved_uses=["credit"],
            restrictions=["adults"],
            change_class="substantial",
            environment_digest=None,
        ),
        link(
            "approval",
            "a1",
            18,
            "person:maria",
            gate="production",
            decision="conditional",
            meaning="approval",
            conditions=["review after 90 days"],
            signature_kind="person_key",
        ),
        link(
            "evaluation",
            "e1",
            12,
            kind="performance",
            metrics=[{"name": "auc", "value": 0.81, "low": None, "slice": None}],
            passed=True,
            overlap_rows=0,
            tool="scikit-learn",
        ),
        link("criterion", "c1", 8, metric="auc", direction="at_least", limit_value=0.7),
        link(
            "run",
            "train",
            9,
            run="train-loans",
            seeds={"numpy": 7},
            parameters={"depth": "3"},
            code={"repository": "git@host:loans", "commit": "1f2e3d", "dirty": False},
            environment={"python": "3.11.7", "cpu": None},
        ),
        link("run end", "train", 10, outcome="completed"),
        link(
            "dataset version",
            "train",
            5,
            dataset="loans",
            digest=digest_of("train"),
            scheme="table1",
            rows=1_000,
            split={"name": "train", "fraction": 0.7},
        ),
        link(
            "dataset", "loans", 3, dataset="loans", title="Loans", purposes=["credit"]
        ),
        Link("source", NOT_RECORDED, reason="bureau", missing=STEPS["source"].types[0]),
        link(
            "system", "lending", 1, system="lending", title="Lending", purpose="Loans"
        ),
        link(
            "statement",
            "s1",
            25,
            "person:olga",
            author="person:olga",
            role="compliance",
            field="R5.contact",
            text="Write to <contest@acme.example> & we answer",
        ),
    )


def chain(
    *, verified: bool = True, exit_code: int = 0, drop: UUID | None = None
) -> Chain:
    """The story as a chain, without one event if so wished."""
    kept = tuple(one for one in links() if one.event_id is None or one.event_id != drop)
    return Chain(id_of("decision d1"), kept, verified, exit_code)
