"""Who reads a topic, as far as consumer groups show it, and what they cannot show."""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kafka.errors import AuthorizationError, KafkaError, for_code

from ledger.errors import LedgerError, NotFoundError
from ledger.log.kafka_client import connected, translate
from ledger.log.kafka_groups import (
    DESCRIBED,
    HiddenGroupError,
    Member,
    members_of,
    share_positions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kafka import KafkaAdminClient

    from ledger.config import Config

COLLECTOR = "kafka.group"
BLIND_SPOTS = (
    "readers without a group (assign instead of subscribe) that commit no offsets",
    "the authenticated principal: a group shows only client id and host",
    "members of streams groups; only their committed offsets show",
    "groups that came and went between two looks",
    "readers that get the data from another consumer's output",
)


@dataclass(frozen=True, slots=True)
class ConsumerEvidence:
    """A sign that someone reads a topic.

    Attributes:
        topic: the topic that is read.
        channel: ``kafka.group`` for a member that is assigned the topic now,
            ``kafka.group_offsets`` for offsets a group has committed, or from which
            a share group goes on.
        group: the group's id.
        group_type: ``classic``, ``consumer`` (KIP-848), ``share`` and so on.
        state: of the group, such as ``Stable`` or ``Empty``.
        client_id: the member's own name for itself, or None when not visible.
        host: the member's address, or None when not visible.
        partitions: Kafka partitions that are assigned, or have committed offsets.
        committed: sum of these offsets; None for a member.
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
        NotAuthorisedError: this user may not see the topic.
        LogUnavailableError: the cluster cannot be reached.
    """
    with connected(config) as admin:
        if code := admin.describe_topics([topic])[0]["error_code"]:
            raise _absent(topic, for_code(code))
        groups = sorted(admin.list_groups(), key=lambda group: group["group_id"])
        look = _Look(admin, topic)
        rows = [row for group in groups for row in look.rows(group)]
    return Readers(tuple(rows), (*BLIND_SPOTS, *look.hidden))


def _absent(topic: str, kind: type[KafkaError]) -> LedgerError:
    if issubclass(kind, AuthorizationError):
        return translate(kind(topic), topic)
    return NotFoundError(f"{topic}: the cluster shows no such topic")


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the groups of a cluster for readers of a topic.

    Attributes:
        admin: asks.
        topic: whose readers are looked for.
        hidden: what could not be seen this time, in words.
    """

    admin: KafkaAdminClient
    topic: str
    hidden: list[str] = field(default_factory=list[str])

    def rows(self, group: dict[str, Any]) -> Iterator[ConsumerEvidence]:
        """Yield what shows of one group: its members, then its offsets."""
        common = {
            "topic": self.topic,
            "group": group["group_id"],
            "group_type": str(group.get("group_type") or "classic").lower(),
            "state": str(group.get("group_state") or "unknown"),
        }
        group_id, group_type = common["group"], common["group_type"]
        for member in self._members(group_id, group_type):
            yield ConsumerEvidence(
                **common,
                channel="kafka.group",
                client_id=member.client_id,
                host=member.host,
                partitions=member.partitions,
            )
        if offsets := self._offsets(group_id, group_type):
            yield ConsumerEvidence(
                **common,
                channel="kafka.group_offsets",
                client_id=None,
                host=None,
                partitions=tuple(sorted(offsets)),
                committed=sum(offsets.values()),
            )

    def _members(self, group: str, group_type: str) -> Iterable[Member]:
        if group_type == "classic":
            return _classic_members(self.admin, group, self.topic)
        if group_type not in DESCRIBED:
            return ()
        try:
            return members_of(self.admin, group, group_type, self.topic)
        except HiddenGroupError as error:
            self.hidden.append(f"members of group {group!r:.80}: {error}")
            return ()

    def _offsets(self, group: str, group_type: str) -> dict[int, int]:
        if group_type == "share":
            try:
                return share_positions(self.admin, group, self.topic)
            except HiddenGroupError as error:
                self.hidden.append(f"position of group {group!r:.80}: {error}")
                return {}
        found = self.admin.list_group_offsets({group: None})[group]
        return {
            at.partition: place.offset
            for at, place in found.items()
            if at.topic == self.topic
        }


def _classic_members(
    admin: KafkaAdminClient, group: str, topic: str
) -> Iterator[Member]:
    for member in admin.describe_groups([group])[group]["members"]:
        partitions = _assigned(member["member_assignment"], topic)
        if partitions:
            yield Member(member["client_id"], member["client_host"], partitions)


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
