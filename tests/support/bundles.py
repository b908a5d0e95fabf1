"""A ledger of fixed keys and a fixed clock, to make and to forge bundles with.

``python -m tests.support.bundles`` writes ``tests/vectors/bundle``. Its keys are made
from fixed texts and protect nothing. Only the time-stamp token is not made anew: an
authority's signature is another one each time, so ``token.der`` and ``tsa-root.pem``
stay as they are unless they are removed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.bundle import write_bundle
from ledger.bundle.collect import Collector
from ledger.bundle.contents import Contents, Place
from ledger.bundle.layout import to_files
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.codec import encode
from ledger.control import Control
from ledger.entry import EncodedEvent, peek_env
from ledger.events.base import Event, event_class
from ledger.genesis import operator_stream
from ledger.judgement import Judgement
from ledger.leaf import SealLeaf
from ledger.log import CONTROL, MANIFEST
from ledger.log.memory import MemoryLog
from ledger.note import Note, cosign, cosignature_vkey, log_vkey, parse_note
from ledger.policy import Policy, parse_policy
from ledger.public import PublicFolder
from ledger.tiles import TileWriter
from ledger.tree import Frontier
from tests.support.ledgers import (
    NAME,
    TIME_US,
    Judge,
    Stream,
    ambient,
    first_values,
    signer,
)

FOLDER = Path(__file__).resolve().parent.parent / "vectors" / "bundle"
NOW_S = TIME_US // 1_000_000 + 86_400
WITNESSES = ("north", "south", "east")
LOGS = {CONTROL: "control", MANIFEST: "manifest", 0: "p0"}
TYPES = frozenset(
    (
        "consumer.access.observed",
        "data.dataset.registered",
        "data.dataset_version.created",
        "data.source.registered",
        "evaluation.criteria.set",
        "evaluation.test.completed",
        "governance.document.stored",
        "governance.payload.deleted",
        "governance.report.issued",
        "governance.statement.recorded",
        "governance.system.registered",
        "pipeline.input.read",
        "pipeline.run.ended",
        "pipeline.run.started",
        "pipeline.run.updated",
        "prediction.decision.recorded",
        "registry.approval.decided",
        "registry.approval.requested",
        "registry.model.registered",
        "registry.model_version.created",
        "registry.release.created",
        "serving.deployment.activated",
        "serving.deployment.changed",
        "serving.deployment.deactivated",
        "serving.process.attested",
    )
)
"""What its producers may write: other types come and go, these bytes stay."""


@dataclass
class FixedLedger:
    """A ledger in memory whose bytes are the same in every run.

    Attributes:
        root: folder of the published files.
        log: its records.
        now_ms: the clock of sealer and witnesses; it moves on with each sealing.
    """

    root: Path
    producers: Sequence[tuple[str, bytes]] = ()
    now_ms: int = TIME_US // 1_000
    leaves: dict[int, list[bytes]] = field(default_factory=dict[int, list[bytes]])

    def __post_init__(self) -> None:
        self.log = MemoryLog(now_ms=lambda: self.now_ms)
        self.control = Control()
        self.judges = {
            number: Judge(self.control, f"{NAME}/{log}") for number, log in LOGS.items()
        }
        self.frontiers = {number: Frontier() for number in LOGS}
        people = [
            ("service:a", signer("a").public_key),
            ("person:b", signer("b").public_key),
        ]
        for value in first_values([*people, *self.producers], types=TYPES):
            self.log.append(CONTROL, value)
        self.seal(CONTROL)

    @property
    def ledger_id(self) -> bytes:
        return self.control.ledger_id

    @property
    def public(self) -> PublicFolder:
        return PublicFolder(self.root)

    def collector(self) -> Collector:
        return Collector(log=self.log, public=self.public, ledger_id=self.ledger_id)

    def operate(self, *facts: Event, label: str) -> None:
        """Append a stream of the operator's to the control log and seal it."""
        values = operator_stream(
            name=NAME,
            operator_signer=signer("operator"),
            facts=facts,
            software="s",
            version="1",
            ambient=ambient(label),
        )
        for value in values:
            self.log.append(CONTROL, value)
        self.seal(CONTROL)

    def seal(self, partition: int = 0) -> None:
        """Seal what was appended: leaves, tiles, a cosigned checkpoint."""
        self.now_ms += 1_000
        known = self.leaves.setdefault(partition, [])
        records = list(self.log.read(partition, len(known)))
        new = [self.leaf(partition, record.offset, record.value) for record in records]
        known += new
        self.publish(partition, new)

    def leaf(self, partition: int, offset: int, value: bytes | None) -> bytes:
        """The leaf of a record, by the rules."""
        pinned = offset if partition == CONTROL else self.control.size
        return self.leaf_of(self.judges[partition](value), offset, value, pinned)

    def leaf_of(
        self, judgement: Judgement, offset: int, value: bytes | None, pinned: int
    ) -> bytes:
        return SealLeaf(
            verdict=judgement.verdict,
            offset=offset,
            broker_timestamp_ms=self.now_ms - 500,
            aux=judgement.aux,
            registry_size=pinned,
            sealed_at_ms=self.now_ms,
            record_hash=sha256(value or b"").digest(),
            env=peek_env(value or b""),
        ).to_bytes()

    def publish(self, partition: int, new: Sequence[bytes]) -> None:
        """Write tiles and checkpoint of a log that grew."""
        origin = f"{NAME}/{LOGS[partition]}"
        folder = self.root / origin
        writer = TileWriter(
            lambda path: (folder / path).read_bytes(), self.frontiers[partition]
        )
        size, root, files = writer.extend(list(new))
        self.frontiers[partition] = writer.frontier
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        note = self.note(Checkpoint(origin, size, root))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint").write_bytes(note)
        (folder / f"checkpoint.{size}").write_bytes(note)

    def note(
        self, checkpoint: Checkpoint, witnesses: Sequence[str] = WITNESSES[:2]
    ) -> bytes:
        """The checkpoint signed by its log and some witnesses."""
        data = sign_checkpoint(checkpoint, signer(f"log {checkpoint.origin}"))
        note, time_s = parse_note(data), self.now_ms // 1_000
        lines = [
            cosign(
                checkpoint.body,
                name=witness_name(each),
                signer=signer(f"witness {each}"),
                time_s=time_s,
            )
            for each in witnesses
        ]
        return Note(note.text, (*note.signatures, *lines)).to_bytes()

    @property
    def manifest_text(self) -> bytes:
        """What a token over the newest manifest would be over."""
        note = self.public.read(f"{NAME}/manifest", "checkpoint")
        return parse_note(note).text.encode()

    def publish_manifest(self, token: bytes = b"") -> None:
        """Append and seal a manifest, and publish a token over it."""
        cuts = [
            {"origin": f"{NAME}/{LOGS[n]}", "size": f.size, "root": f.root()}
            for n, f in self.frontiers.items()
            if n != MANIFEST
        ]
        fact = made("ledger.manifest.published", "manifest", checkpoints=cuts)
        stream = Stream(signer("operator"), f"{NAME}/manifest", stream_id=b"m" * 16)
        for value in (stream.open(), stream.data(fact)):
            self.log.append(MANIFEST, value)
        self.seal(MANIFEST)
        folder = self.root / NAME / "manifest"
        size = self.frontiers[MANIFEST].size
        if token:
            (folder / f"checkpoint.{size}.tsr").write_bytes(token)


def witness_name(label: str) -> str:
    return f"{label}.example/w1"


def policy_text(
    *, quorum: int = 2, witnesses: Sequence[str] = WITNESSES, logs: bool = True
) -> str:
    """A policy over the ledger's logs and some witnesses."""
    lines: list[str] = []
    if logs:
        for log in LOGS.values():
            key = signer(f"log {NAME}/{log}").public_key
            lines.append(f"log {log_vkey(f'{NAME}/{log}', key)}")
    for each in witnesses:
        key = signer(f"witness {each}").public_key
        vkey = cosignature_vkey(witness_name(each), key)
        lines.append(f"witness {each} {vkey}")
    if witnesses:
        lines.append(f"group outside {quorum} {' '.join(witnesses)}")
    lines.append(f"quorum {'outside' if witnesses else 'none'}")
    return "".join(f"{line}\n" for line in lines)


def policy(**options: Any) -> Policy:
    return parse_policy(policy_text(**options))


def fixed_id(label: str) -> bytes:
    return sha256(f"id {label}".encode()).digest()[:16]


def digest(label: str) -> str:
    return f"sha256:{sha256(label.encode()).hexdigest()}"


def made(name: str, label: str, /, **fields: Any) -> EncodedEvent:
    """Encode an event whose id follows from a label, at the fixed time."""
    cls: Any = event_class(name)
    common: dict[str, Any] = {"id": fixed_id(label), "time": TIME_US}
    if "meta" in cls.model_fields:
        common |= {"basis": "observed", "system_id": "lending"}
    return EncodedEvent(*encode(cls.record(**common | fields)))


def ref(label: str, event: EncodedEvent) -> Mapping[str, object]:
    """Refer to an event by its label and its bytes."""
    return {"id": fixed_id(label), "digest": f"sha256:{sha256(event.body).hexdigest()}"}


def chain_events(suffix: str = "") -> dict[str, EncodedEvent]:
    """The events of one decision's chain, by label; a suffix makes another chain."""
    found: dict[str, EncodedEvent] = {}

    def add(name: str, label: str, /, **fields: Any) -> Mapping[str, object]:
        found[label] = made(name, label + suffix, **fields)
        return ref(label + suffix, found[label])

    model, data = "loans", f"applications{suffix}"
    add(
        "governance.system.registered",
        "system",
        system="lending",
        title="Lending",
        purpose="decides on loans",
        origin="internal",
    )
    add(
        "data.dataset.registered",
        "dataset",
        dataset=data,
        title="A",
        sources=["bureau"],
    )
    version = add(
        "data.dataset_version.created",
        "dataset version",
        dataset=data,
        digest=digest("train"),
        scheme="file",
        identity_strength="content",
    )
    run = add("pipeline.run.started", "run", run="train", step="train")
    add(
        "pipeline.input.read",
        "input",
        run=fixed_id(f"run{suffix}"),
        name="train",
        role="train",
        dataset_version=version,
        dataset=data,
        digest=digest("train"),
        scheme="file",
        rank=0,
    )
    add(
        "pipeline.run.ended",
        "run end",
        run=fixed_id(f"run{suffix}"),
        outcome="completed",
    )
    model_version = add(
        "registry.model_version.created",
        "model version",
        model=model,
        version="v1",
        artifact_digest=digest("weights"),
        artifact_scheme="file",
        run=run,
    )
    add(
        "evaluation.test.completed",
        "evaluation",
        kind="performance",
        model_version=model_version,
        dataset_version=version,
        metrics=[{"name": "auc", "value": 0.81}],
    )
    release = add(
        "registry.release.created",
        "release",
        release="r-v1",
        model_version=model_version,
        model=model,
        version="v1",
        artifact_digest=digest("weights"),
        change_class="none",
        digest=digest("release"),
    )
    deployment = add(
        "serving.deployment.activated",
        "deployment",
        release=release,
        release_digest=digest("release"),
        environment="prod",
        service="loans-api",
        role="champion",
        traffic=1.0,
        emergency=False,
    )
    add(
        "serving.process.attested",
        "process attestation",
        deployment=deployment,
        artifact_digest=digest("weights"),
        matches=True,
        host="h",
    )
    add(
        "prediction.decision.recorded",
        "decision",
        release=fixed_id(f"release{suffix}"),
        deployment=fixed_id(f"deployment{suffix}"),
        attestation=fixed_id(f"process attestation{suffix}"),
        path="model",
        mode="advisory",
        output="refer",
    )
    add(
        "registry.approval.decided",
        "approval",
        object=release,
        gate="production",
        digest=digest("release"),
        decision="approve",
        meaning="approval",
        signature_kind="person_key",
    )
    return found


@dataclass
class Story:
    """A fixed ledger with one chain in it, and where its events are."""

    ledger: FixedLedger
    places: dict[str, Place]

    def decision(self) -> Contents:
        """The bundle of the decision, as it would be written."""
        chain = [place for label, place in self.places.items() if label != "decision"]
        return self.ledger.collector().decision(self.places["decision"], chain)

    def event(self, label: str = "decision") -> Contents:
        return self.ledger.collector().event(self.places[label])


def tell(root: Path, *, suffix: str = "", token: bytes = b"") -> Story:
    """Write one chain: training, serving, approval by a person, other decisions."""
    ledger = FixedLedger(root)
    events = chain_events(suffix)
    places: dict[str, Place] = {}
    training = Stream(signer("a"), stream_id=b"t" * 16)
    serving = Stream(signer("a"), stream_id=b"s" * 16)
    person = Stream(signer("b"), stream_id=b"p" * 16)
    approval = ["approval"]
    served = ["deployment", "process attestation", "decision"]
    trained = [label for label in events if label not in {*served, *approval}]
    leaf = 0
    for stream, labels in ((training, trained), (person, approval), (serving, served)):
        ledger.log.append(0, stream.open())
        body = [events[label] for label in labels]
        # Other decisions of the same entry: what no bundle may give away.
        others = [
            made("prediction.decision.recorded", f"other {n}", **_OTHER)
            for n in range(4)
        ]
        more = others if stream is serving else []
        ledger.log.append(0, stream.data(*body, *more))
        places |= {label: Place("p0", leaf + 1, n) for n, label in enumerate(labels)}
        leaf += 2
    ledger.seal()
    ledger.publish_manifest(token)
    return Story(ledger, places)


_OTHER: dict[str, Any] = {
    "release": fixed_id("another release"),
    "deployment": fixed_id("another deployment"),
    "path": "model",
    "mode": "advisory",
    "output": "untold",
}


def data_of(contents: Contents) -> bytes:
    return write_bundle(to_files(contents))


def golden() -> dict[str, bytes]:
    """Return the files of ``tests/vectors/bundle`` that are made anew."""
    token_path, root_path = FOLDER / "token.der", FOLDER / "tsa-root.pem"
    from tests.support import answers

    with tempfile.TemporaryDirectory() as folder:
        story = tell(Path(folder) / "story", token=token_path.read_bytes())
        collector = story.ledger.collector()
        bundles = {
            "event": story.event(),
            "decision": story.decision(),
            "range": collector.range("p0", 1, 3),
        }
        made_answers = answers.golden(Path(folder) / "answers")
        bundles |= {name: made_answers[name] for name in ("Q01", "Q02", "Q05", "Q06")}
        about = {
            "policy": policy_text(),
            "ledger_id": story.ledger.ledger_id.hex(),
            "now_s": NOW_S,
            "tsa_root": root_path.read_text(),
            "exit": 0,
        }
        files = {f"{name}.zip": data_of(each) for name, each in bundles.items()}
        for name, contents in bundles.items():
            said = about | {"kind": contents.kind, "file": f"{name}.zip"}
            files[f"{name}.json"] = (json.dumps(said, indent=1) + "\n").encode()
    return files


def _write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "token.der").exists():
        _write_token()
    for name, data in golden().items():
        (FOLDER / name).write_bytes(data)
        sys.stdout.write(f"{name} {len(data)}\n")


def _write_token() -> None:
    from tests.support.tsa import DAY, Authority

    at = datetime.fromtimestamp(TIME_US // 1_000_000 + 20, UTC)
    authority = Authority(not_before=at - DAY, not_after=at + DAY)
    with tempfile.TemporaryDirectory() as folder:
        text = tell(Path(folder)).ledger.manifest_text
    (FOLDER / "token.der").write_bytes(authority.stamp(text, at=at))
    (FOLDER / "tsa-root.pem").write_bytes(authority.pem)


if __name__ == "__main__":
    _write()
