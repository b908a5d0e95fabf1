"""Who reads a topic, as far as consumer groups show it, and what they cannot show."""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.errors import NotFoundError
from ledger.log.kafka_client import connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka import KafkaAdminClient

    from ledger.config import Config

COLLECTOR = "kafka.group"
BLIND_SPOTS = (
    "readers without a group (assign instead of subscribe) that commit no offsets",
    "the authenticated principal: a group shows only client id and host",
    "members of groups other than classic ones; only their committed offsets show",
    "groups that came and went between two looks",
    "readers that get the data from another consumer's output",
)


@dataclass(frozen=True, slots=True)
class ConsumerEvidence:
    """A sign that someone reads a topic.

    Attributes:
        topic: the topic that is read.
        channel: ``kafka.group`` for a member that is assigned the topic now,
            ``kafka.group_offsets`` for offsets a group has committed.
        group: the group's id.
        group_type: ``classic``, ``consumer`` (KIP-848), ``share`` and so on.
        state: of the group, such as ``Stable`` or ``Empty``.
        client_id: the member's own name for itself, or None when not visible.
        host: the member's address, or None when not visible.
        partitions: Kafka partitions that are assigned, or have committed offsets.
        committed: sum of the offsets committed for them; None for a member.
    """

    topic: str
    channel: str
    group: str
    group_type: str
    state: str
    client_id: str | None
    host: str | None
    partitions: tuple[int, ...]
    committed: int | None = None


@dataclass(frozen=True, slots=True)
class Readers:
    """What one look at a topic's readers found.

    Attributes:
        rows: the evidence, ordered by group.
        blind_spots: what this way of looking cannot see; never empty.
    """

    rows: tuple[ConsumerEvidence, ...]
    blind_spots: tuple[str, ...] = BLIND_SPOTS


def readers_of(config: Config, topic: str) -> Readers:
    """Look at the consumer groups of the ledger's cluster for readers of ``topic``.

    No row means *no reader was seen*, not that there is none: see ``blind_spots``.

    Raises:
        NotFoundError: there is no such topic.
        LogUnavailableError: the cluster cannot be reached.
    """
    with connected(config) as admin:
        if admin.describe_topics([topic])[0]["error_code"]:
            raise NotFoundError(f"{topic}: the cluster shows no such topic")
        groups = sorted(admin.list_groups(), key=lambda group: group["group_id"])
        rows = [row for group in groups for row in _rows(admin, group, topic)]
    return Readers(tuple(rows))


def _rows(
    admin: KafkaAdminClient, group: dict[str, Any], topic: str
) -> Iterator[ConsumerEvidence]:
    common = {
        "topic": topic,
        "group": group["group_id"],
        "group_type": str(group.get("group_type") or "classic").lower(),
        "state": str(group.get("group_state") or "unknown"),
    }
    if common["group_type"] == "classic":
        yield from _members(admin, common)
    if common["group_type"] == "share":
        return  # share groups have no committed offsets
    offsets = admin.list_group_offsets({common["group"]: None})[common["group"]]
    partitions = sorted(at.partition for at in offsets if at.topic == topic)
    if partitions:
        yield ConsumerEvidence(
            **common,
            channel="kafka.group_offsets",
            client_id=None,
            host=None,
            partitions=tuple(partitions),
            committed=sum(
                place.offset for at, place in offsets.items() if at.topic == topic
            ),
        )


def _members(
    admin: KafkaAdminClient, common: dict[str, str]
) -> Iterator[ConsumerEvidence]:
    described = admin.describe_groups([common["group"]])[common["group"]]
    for member in described["members"]:
        partitions = _assigned(member["member_assignment"], common["topic"])
        if partitions:
            yield ConsumerEvidence(
                **common,
                channel="kafka.group",
                client_id=member["client_id"],
                host=member["client_host"],
                partitions=partitions,
            )


def _assigned(assignment: Any, topic: str) -> tuple[int, ...]:
    """Return the partitions of ``topic`` in a decoded assignment, or none."""
    if not isinstance(assignment, dict):
        return ()
    return tuple(
        sorted(
            number
            for part in assignment["assigned_partitions"]
            if part["topic"] == topic
            for number in part["partitions"]
        )
    )
