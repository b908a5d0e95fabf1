"""What the vault reads in the log: sealed decisions with a commitment, rules, holds.

Deployments and releases are read as well, as statistics are told by them.

Leaves come from the published tree and records from the log, each compared with its
hash: the vault takes nobody's word for what a decision committed to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.codec import Decoders, to_json
from ledger.entry import parse_entry
from ledger.errors import (
    IntegrityError,
    MalformedError,
    MissingEvidenceError,
    RootMismatchError,
)
from ledger.leaf import parse_leaf
from ledger.origins import parse_origin
from ledger.public import PublicFolder, head_reader
from ledger.vault.store import Deployed, RuleEvent, SealedDecision
from ledger.verdict import Verdict
from ledger.verification import ControlReader
from ledger.verification.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.codec import Decoded
    from ledger.config import Config
    from ledger.log import Log

DECISION = "prediction.decision.recorded"
DEPLOYMENT = "serving.deployment.activated"
RELEASE = "registry.release.created"
RULES = (
    "governance.retention_rule.set",
    "governance.hold.placed",
    "governance.hold.released",
)
BATCH_LEAVES = 2_000


@dataclass(slots=True)
class Read:
    """What some consecutive leaves of an origin say.

    Attributes:
        origin: the log they are of.
        next_leaf: one past the last of them.
        deployments: that began.
        releases: id → name of the model.
    """

    origin: str
    next_leaf: int
    decisions: list[SealedDecision] = field(default_factory=list[SealedDecision])
    rules: list[RuleEvent] = field(default_factory=list[RuleEvent])
    deployments: list[Deployed] = field(default_factory=list[Deployed])
    releases: dict[bytes, str] = field(default_factory=dict[bytes, str])


class Follower:
    """Reads every event origin from where the vault stands.

    Args:
        config: names the origins.
        log: where records are read.
    """

    def __init__(self, config: Config, log: Log) -> None:
        self._config = config
        self._log = log
        self._public = PublicFolder(config.public)
        self._control = ControlReader(
            log=log, public=self._public, ledger_id=config.ledger_id
        )
        self._decoders = Decoders(self._schema)

    def origins(self) -> list[str]:
        """Return the origins of events, and bring the control log up to date.

        Raises:
            IntegrityError, MissingEvidenceError: as verification says.
        """
        control = self._control.refresh()
        known = self._config.known_origins
        events = [origin for origin in known if parse_origin(origin).base >= 0]
        return [origin for origin in events if origin in control.log_vkeys]

    def read(self, origin: str, start: int) -> Read | None:
        """Return what the next leaves of an origin say; None when there are none.

        Raises:
            IntegrityError: log, tiles and checkpoint contradict each other.
        """
        control = self._control.control
        try:
            # What waits for witnesses counts as well: a hold must not be overlooked.
            reader = head_reader(self._public, control.active_vkeys(origin))
        except MissingEvidenceError:
            return None  # nothing of it was published yet
        end = min(reader.checkpoint.size, start + BATCH_LEAVES)
        if start >= end:
            return None
        found = Read(origin, start)
        records = None
        for number, data in enumerate(reader.leaves(start, end), start):
            leaf = parse_leaf(data)
            if leaf.registry_size > control.size:
                break  # the next step has a newer control log
            if leaf.verdict == Verdict.ACCEPTED:
                if records is None:
                    partition = self._config.partition(origin)
                    records = Records(self._log, partition, leaf.offset)
                record = records.at(leaf.offset)
                if record is not None:  # else it was trimmed
                    value = _matching(leaf.record_hash, record.value, origin, number)
                    self._take(found, value, number)
            found.next_leaf = number + 1
        return found if found.next_leaf > start else None

    def _take(self, found: Read, value: bytes, leaf: int) -> None:
        for idx, event in enumerate(parse_entry(value).events):
            try:
                decoded = self._decoders.decode(event.schema_id, event.body)
            except MalformedError:
                continue  # the projections report it
            if decoded.name == DECISION:
                found.decisions += _decision(decoded, found.origin, leaf, idx)
            elif decoded.name in RULES:
                found.rules.append(rule_of(decoded))
            elif decoded.name == DEPLOYMENT:
                found.deployments.append(_deployment(decoded))
            elif decoded.name == RELEASE:
                found.releases[decoded.id] = decoded.fields["model"]

    def _schema(self, schema_id: bytes) -> bytes:
        schema = self._control.control.schema(schema_id)
        if schema is None:
            raise IntegrityError(
                f"an accepted entry names schema {schema_id.hex()}, "
                "which the control log does not hold",
                place=f"schema {schema_id.hex()}",
            )
        return schema


def rule_of(event: Decoded) -> RuleEvent:
    """Return what an event says about rules and holds."""
    fields = to_json(event)
    fields.pop("meta", None)
    return RuleEvent(event.id, event.name, event.time, fields)


def _decision(
    event: Decoded, origin: str, leaf: int, idx: int
) -> Iterator[SealedDecision]:
    f = event.fields
    if f["payload_commitment"] is not None:
        yield SealedDecision(
            event.id,
            f["payload_commitment"],
            event.time,
            f["use"],
            f["case_id"],
            origin,
            leaf,
            idx,
            f["deployment"],
        )


def _deployment(event: Decoded) -> Deployed:
    release = event.fields["release"]
    system = (event.meta or {}).get("system_id")
    return Deployed(event.id, event.digest(), release["id"], system)


def _matching(expected: bytes, value: bytes | None, origin: str, leaf: int) -> bytes:
    computed = sha256(value or b"").digest()
    if value is None or computed != expected:
        raise RootMismatchError(
            expected=expected,
            computed=computed,
            place=f"log {origin} leaf {leaf}",
            what="record hash",
        )
    return value
