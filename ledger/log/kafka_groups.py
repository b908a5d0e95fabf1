"""Members and positions of groups that kafka-python 3.0.12 cannot describe itself.

It knows the classic protocol alone. Groups of the consumer protocol (KIP-848) and share
groups (KIP-932) are asked for with Kafka's own messages, defined beside this module and
sent over kafka-python's connections.
"""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportGeneralTypeIssues=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka.errors import GroupIdNotFoundError, IncompatibleBrokerVersion, for_code
from kafka.protocol.api_message import ApiMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kafka import KafkaAdminClient

_FILES = "ledger.log.group_messages"


class ConsumerGroupDescribeRequest(ApiMessage, load_json=_FILES):
    """Asks for members of groups of the consumer protocol."""


class ConsumerGroupDescribeResponse(ApiMessage, load_json=_FILES):
    """Answers it."""


class ShareGroupDescribeRequest(ApiMessage, load_json=_FILES):
    """Asks for members of share groups."""


class ShareGroupDescribeResponse(ApiMessage, load_json=_FILES):
    """Answers it."""


class DescribeShareGroupOffsetsRequest(ApiMessage, load_json=_FILES):
    """Asks how far share groups have come."""


class DescribeShareGroupOffsetsResponse(ApiMessage, load_json=_FILES):
    """Answers it."""


_DESCRIBE: Mapping[str, type[ApiMessage]] = {
    "consumer": ConsumerGroupDescribeRequest,
    "share": ShareGroupDescribeRequest,
}
DESCRIBED = frozenset(_DESCRIBE)
"""Types of groups whose members :func:`members_of` finds."""


class HiddenGroupError(Exception):
    """The broker does not describe a group to this client; the text says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group, and what it is assigned of a topic.

    Attributes:
        client_id: its own name for itself.
        host: its address, as the broker sees it.
        partitions: Kafka partitions of the topic, in order; never empty.
    """

    client_id: str
    host: str
    partitions: tuple[int, ...]


def members_of(
    admin: KafkaAdminClient, group: str, group_type: str, topic: str
) -> list[Member]:
    """Return the members of a group that are assigned a topic now.

    Args:
        admin: asks.
        group: its id.
        group_type: one of :data:`DESCRIBED`.
        topic: the topic.

    Raises:
        HiddenGroupError: the broker is too old, or does not show the group.
    """
    kind = _DESCRIBE[group_type]
    request = kind(group_ids=[group], include_authorized_operations=False)
    (found,) = _asked(admin, group, request).groups
    return list(_assigned(_checked(found).members, topic))


def share_positions(admin: KafkaAdminClient, group: str, topic: str) -> dict[int, int]:
    """Return from which offset a share group goes on, by partition of a topic.

    Raises:
        HiddenGroupError: the broker is too old, or does not show the group.
    """
    kind = DescribeShareGroupOffsetsRequest
    asked = kind.DescribeShareGroupOffsetsRequestGroup(group_id=group, topics=None)
    (found,) = _asked(admin, group, kind(groups=[asked])).groups
    return {
        place.partition_index: place.start_offset
        for one in _checked(found).topics
        if one.topic_name == topic
        for place in one.partitions
        if not place.error_code and place.start_offset >= 0
    }


def _asked(admin: KafkaAdminClient, group: str, request: ApiMessage) -> Any:
    manager = admin._manager  # noqa: SLF001  no public way; the version is pinned

    async def ask() -> Any:
        places = await admin._find_coordinator_ids([group])  # noqa: SLF001  see above
        return await manager.send(request, node_id=places[group])

    try:
        return manager.run(ask)
    except IncompatibleBrokerVersion as error:
        raise HiddenGroupError("the broker's version does not describe it") from error


def _checked(found: Any) -> Any:
    if found.error_code and for_code(found.error_code) is not GroupIdNotFoundError:
        name = for_code(found.error_code).__name__.removesuffix("Error")
        raise HiddenGroupError(f"{name}: {found.error_message or 'no more is said'}")
    return found


def _assigned(members: Any, topic: str) -> Iterator[Member]:
    for member in members:
        numbers = sorted(
            number
            for place in member.assignment.topic_partitions
            if place.topic_name == topic
            for number in place.partitions
        )
        if numbers:
            yield Member(member.client_id, member.client_host, tuple(numbers))
