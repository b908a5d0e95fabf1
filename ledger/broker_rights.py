"""The least that each role of a ledger must be allowed on a Kafka cluster; pure.

Kafka allows DESCRIBE to whoever may READ, WRITE or DELETE, and an idempotent producer
needs nothing beyond WRITE since Kafka 3.0, so neither stands here. A program in several
roles needs the rights of each: ``mlledger worker`` is sealer, projector and observer.
Nobody here needs READ on a group: no reader of this ledger joins one.
"""

# pyright: basic
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.log import CONTROL, MANIFEST
from ledger.log.kafka_client import topic_of
from ledger.origins import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.config import Config

ROLES = {
    "emitter": "emits events; learns from the control log what became of them",
    "operator": "writes statements into the control log",
    "sealer": "reads what is to be sealed, writes manifests",
    "projector": "reads what is projected",
    "auditor": "reads all to compute it anew",
    "observer": "looks who reads the watched topics; records that as an emitter",
    "administrator": "creates and checks topics",
    "trimmer": "archives records and deletes them; states that as an operator",
    "vault": "takes payload in, deletes it behind; reads events, emits as an emitter",
}
"""Role → what it does."""


@dataclass(frozen=True, slots=True)
class Right:
    """One entry of an access control list.

    Attributes:
        role: one of :data:`ROLES`.
        resource: ``topic``, ``group`` or ``cluster``.
        name: of the resource; ``*`` is all of them.
        operation: by Kafka's name, in small letters.
        pattern: ``literal``, or ``prefixed`` for all names that begin so.
    """

    role: str
    resource: str
    name: str
    operation: str
    pattern: str = "literal"

    def command(self, principal: str) -> str:
        """Return the arguments of Kafka's ``kafka-acls.sh`` that allow it.

        Args:
            principal: such as ``User:emitter`` or ``User:CN=emitter``.
        """
        place = "--cluster" if self.resource == "cluster" else ""
        place = place or f"--{self.resource} '{self.name}'"
        kind = f" --resource-pattern-type {self.pattern}"
        return (
            f"--add --allow-principal '{principal}' --operation {self.operation}"
            f" {place}{kind if self.pattern != 'literal' else ''}"
        )


def rights(config: Config, role: str = "") -> list[Right]:
    """Return what each role needs, or one of them; touches nothing.

    Args:
        config: names the ledger, its partitions and the topics that are watched.
        role: one of :data:`ROLES`, or empty for all.
    """
    found = [right for one in _everything(config) for right in one]
    return [right for right in found if role in {"", right.role}]


def _everything(config: Config) -> Iterator[Iterator[Right]]:
    name = config.name
    every = _topics(config, _in_every_epoch(config))
    events = _topics(config, config.event_partitions)
    control = _topics(config, [CONTROL])
    manifest = _topics(config, [config.current(MANIFEST)])
    payload = [f"{name}.payload"] if config.capture.vault_key else []
    watched = dict.fromkeys([f"{name}.events", *config.consumers.topics])
    yield _on_topics("emitter", "write", [*events, *payload])
    yield _on_topics("emitter", "read", control)
    yield _on_topics("operator", "write", control)
    yield _on_topics("operator", "read", control)
    for role in ("sealer", "projector", "auditor", "trimmer"):
        yield _on_topics(role, "read", every)
    yield _on_topics("sealer", "write", manifest)
    yield _on_topics("trimmer", "delete", every)
    yield _of_administrators(f"{name}.")
    yield _on_topics("observer", "describe", list(watched))
    yield iter([Right("observer", "group", "*", "describe")])
    if payload:
        yield _on_topics("vault", "read", [*every, *payload])
        yield _on_topics("vault", "delete", payload)


def _of_administrators(prefix: str) -> Iterator[Right]:
    role = "administrator"
    for operation in ("create", "describe", "describe_configs"):
        yield Right(role, "topic", prefix, operation, "prefixed")
    yield Right(role, "cluster", "kafka-cluster", "describe_configs")


def _on_topics(role: str, operation: str, topics: list[str]) -> Iterator[Right]:
    for topic in topics:
        yield Right(role, "topic", topic, operation)


def _in_every_epoch(config: Config) -> Iterator[int]:
    """Yield all partitions, those that were broken off too: old records are read."""
    for base in (CONTROL, MANIFEST, *range(config.log.partitions)):
        for epoch in range(place_of(config.current(base)).epoch + 1):
            yield Place(base, epoch).partition


def _topics(config: Config, partitions: Iterable[int]) -> list[str]:
    names: list[str] = [topic_of(config, number).topic for number in partitions]
    return list(dict.fromkeys(names))
