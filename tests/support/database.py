"""Real projections for tests: a database, a ledger that is projected, a whole story."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.conninfo import conninfo_to_dict

from ledger import clock
from ledger.administration import new_key
from ledger.config import Config
from ledger.control import Control
from ledger.events.base import Event, event_class
from ledger.keys import load_signer
from ledger.verification import LedgerVerifier, load_control
from projections.database import Connection, Database
from projections.projection import Advanced, advance
from projections.schemas import migrate
from tests.support.events import ref
from tests.support.ledger import SmallLedger, Stream, copy_ledger, make_ledger
from tests.support.postgres import fresh_database

PERSON = "person:maria"


def digest_of(text: str) -> str:
    """A digest that stands for some content."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def record(name: str, /, **fields: Any) -> Event:
    """A new event; full ones are observed unless they say otherwise."""
    cls: Any = event_class(name)
    if "meta" in cls.model_fields:
        fields.setdefault("basis", "observed")
    return cls.record(**fields)


def with_database(config: Config, dsn: str) -> Config:
    """The same home with another database."""
    return replace(config, database=replace(config.database, dsn=dsn))


@dataclass
class Projected:
    """A small ledger with its projections in a real database."""

    ledger: SmallLedger
    database: Database
    migrated: bool = False

    @property
    def control(self) -> Control:
        return load_control(
            self.ledger.log, self.ledger.public, self.ledger.config.ledger_id
        )

    def verifier(self) -> LedgerVerifier:
        return LedgerVerifier(
            log=self.ledger.log,
            public=self.ledger.public,
            ledger_id=self.ledger.config.ledger_id,
        )

    @contextmanager
    def connection(self, role: Any = "auditor") -> Iterator[Connection]:
        connection = self.database.connect(role, autocommit=True)
        try:
            yield connection
        finally:
            connection.close()

    def migrate(self) -> None:
        with self.connection("owner") as connection:
            migrate(connection, now=clock.now_us())
        self.migrated = True

    def project(self, **options: Any) -> Advanced:
        """Advance the projections to the sealed head."""
        if not self.migrated:
            self.migrate()
        with self.connection("writer") as connection:
            return advance(
                connection,
                log=self.ledger.log,
                public=self.ledger.public,
                control=self.control,
                **options,
            )

    def seal_and_project(self) -> Advanced:
        self.ledger.seal()
        return self.project()

    def tamper(self, statement: str, *parameters: object) -> int:
        """Change the database as its administrator could; returns the rows changed."""
        with self.connection("owner") as connection:
            return connection.execute(statement.encode(), parameters or None).rowcount


@contextmanager
def projected(ledger: SmallLedger, dsn: str) -> Iterator[Projected]:
    """Project a ledger into the database of a DSN."""
    ledger.config = with_database(ledger.config, dsn)
    with Database.open(ledger.config) as database:
        yield Projected(ledger, database)


@dataclass(frozen=True)
class Template:
    """A ledger and its tables, made once: each test works with copies of both."""

    home: Path
    server: str
    database: str

    @contextmanager
    def copied(self, folder: Path) -> Generator[Projected]:
        """Copy the home below ``folder``; whoever writes to it opens a new stream."""
        with fresh_database(self.server, template=self.database) as dsn:
            ledger = copy_ledger(self.home, folder / "home")
            with projected(ledger, dsn) as made:
                made.migrated = True
                yield made
            ledger.close()


@contextmanager
def template(
    folder: Path, server: str, fill: Callable[[Projected], object]
) -> Generator[Template]:
    """Make a ledger below ``folder`` and a database, and fill both."""
    ledger = make_ledger(folder)
    with fresh_database(server) as dsn:
        with projected(ledger, dsn) as made:
            fill(made)
        ledger.close()
        yield Template(ledger.home, server, str(conninfo_to_dict(dsn)["dbname"]))


@dataclass
class Story:
    """A model from its source to its decisions, each event by a short name."""

    events: dict[str, Event] = field(default_factory=dict[str, Event])
    decisions: list[Event] = field(default_factory=list[Event])

    def id(self, name: str) -> UUID:
        return UUID(bytes=self.events[name].event_id)

    def ref(self, name: str) -> Any:
        return ref(self.events[name])

    @property
    def decision_id(self) -> UUID:
        return UUID(bytes=self.decisions[0].event_id)

    def add(self, key: str, name: str, /, **fields: Any) -> Event:
        self.events[key] = record(name, **fields)
        return self.events[key]


def tell(*, decisions: int = 3) -> Story:
    """A whole story: source, data, run, model, test, release, approval, decisions."""
    story = Story()
    _data(story)
    _training(story)
    _model(story)
    _release(story)
    for number in range(decisions):
        story.decisions.append(
            record(
                "prediction.decision.recorded",
                release=story.events["release"].event_id,
                deployment=story.events["deployment"].event_id,
                attestation=story.events["attestation"].event_id,
                path="model",
                mode="solely_automated",
                output="refer" if number % 2 else "accept",
                adverse=bool(number % 2),
                reason_codes=["income"],
                latency_us=1_000 + number,
            )
        )
    return story


def write(ledger: SmallLedger, story: Story, *, partition: int = 0) -> None:
    """Append a story: approvals in a person's own stream, the rest in the service's."""
    person = _person_stream(ledger, partition)
    stream = ledger.stream(partition)
    for name, event in story.events.items():
        (person if name == "approval" else stream).append([event])
    for start in range(0, len(story.decisions), 10):
        stream.append(story.decisions[start : start + 10])


def _person_stream(ledger: SmallLedger, partition: int) -> Stream:
    config = ledger.config
    path = config.keys / "person-maria.key"
    if not path.exists():
        new_key(config, ledger.log, identity=PERSON, kind="person")
        ledger.seal()
    signer = load_signer(f"file:{path.relative_to(config.home)}", base=config.home)
    stream = Stream(ledger.log, signer, config.origin(partition), partition)
    stream.open()
    return stream


def _data(story: Story) -> None:
    story.add(
        "source",
        "data.source.registered",
        source="bureau",
        title="Credit bureau",
        kind="vendor",
    )
    story.add(
        "dataset",
        "data.dataset.registered",
        dataset="loans",
        title="Loans",
        purposes=["credit"],
        sources=["bureau"],
    )
    story.add(
        "raw",
        "data.dataset_version.created",
        dataset="loans",
        digest=digest_of("raw"),
        scheme="file",
        derived_from=[],
        sources=["bureau"],
        identity_strength="content",
    )
    story.add(
        "train",
        "data.dataset_version.created",
        dataset="loans",
        digest=digest_of("train"),
        scheme="table1",
        rows=1_000,
        derived_from=[story.ref("raw")],
        sources=["bureau"],
        identity_strength="content",
    )


def _training(story: Story) -> None:
    run = story.add(
        "run",
        "pipeline.run.started",
        run="train-loans",
        step="train",
        seeds={"numpy": 7},
        parameters={"depth": "3"},
        capture={"code": "on"},
        redactions=[],
        system_id="lending",
    ).event_id
    story.add(
        "input",
        "pipeline.input.read",
        run=run,
        name="train",
        role="training",
        dataset_version=story.ref("train"),
        dataset="loans",
        digest=digest_of("train"),
        scheme="table1",
        rank=0,
    )
    story.add(
        "update",
        "pipeline.run.updated",
        run=run,
        parameters={},
        metrics=[{"name": "auc", "value": 0.81}],
        tags={},
    )
    outputs = [{"name": "model", "digest": digest_of("model"), "scheme": "file"}]
    story.add(
        "end", "pipeline.run.ended", run=run, outcome="completed", outputs=outputs
    )


def _model(story: Story) -> None:
    story.add(
        "system",
        "governance.system.registered",
        system="lending",
        title="Lending",
        purpose="decides on loans",
        origin="internal",
    )
    story.add(
        "model",
        "registry.model.registered",
        model="loans",
        kind="classifier",
        origin="internal",
    )
    story.add(
        "criterion",
        "evaluation.criteria.set",
        model="loans",
        metric="auc",
        limit=0.7,
        direction="at_least",
    )
    story.add(
        "version",
        "registry.model_version.created",
        model="loans",
        version="v1",
        artifact_digest=digest_of("model"),
        artifact_scheme="file",
        artifacts=[],
        run=story.ref("run"),
        inputs=[],
        outputs=[],
        parents=[],
        system_id="lending",
    )
    story.add(
        "evaluation",
        "evaluation.test.completed",
        kind="performance",
        model_version=story.ref("version"),
        dataset_version=story.ref("train"),
        metrics=[{"name": "auc", "value": 0.8}],
        criteria=[story.events["criterion"].event_id],
        passed=True,
    )


def _release(story: Story) -> None:
    story.add(
        "release",
        "registry.release.created",
        release="2026.1",
        model_version=story.ref("version"),
        model="loans",
        version="v1",
        artifact_digest=digest_of("model"),
        configuration_digest=digest_of("configuration"),
        thresholds={"accept": 0.5},
        backing_services=[],
        secret_references=[],
        approved_uses=["credit"],
        restrictions=[],
        change_class="none",
        digest=digest_of("release"),
        system_id="lending",
    )
    story.add(
        "approval",
        "registry.approval.decided",
        object=story.ref("release"),
        gate="production",
        digest=digest_of("release"),
        decision="approve",
        meaning="approval",
        conditions=[],
        signature_kind="person_key",
    )
    story.add(
        "deployment",
        "serving.deployment.activated",
        release=story.ref("release"),
        release_digest=digest_of("release"),
        environment="production",
        service="loans-api",
        role="champion",
        traffic=1.0,
        emergency=False,
        system_id="lending",
    )
    story.add(
        "attestation",
        "serving.process.attested",
        deployment=story.ref("deployment"),
        release_digest=digest_of("release"),
        artifact_digest=digest_of("model"),
        configuration_digest=digest_of("configuration"),
        host="host-1",
        python="3.11",
        matches=True,
    )
