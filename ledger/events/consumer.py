"""Consumers: who may use predictions, and who was seen to read them."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, event
from ledger.events.types import Count, Digest, Flag, Name, Text, Time


class Channel(Part):
    """A way on which predictions reach a consumer."""

    kind: Name = Field(description="kind of channel, such as kafka.topic or http")
    id: Name = Field(description="its name, such as the topic")


@event("consumer.contract.declared")
class ContractDeclared(FullEvent):
    """It was agreed who may use which predictions, and what for."""

    consumer: Name = Field(description="name of the consumer")
    owner: Text | None = Field(None, description="who answers for the consumer")
    channels: list[Channel] = Field(
        default_factory=list[Channel], description="channels it may use"
    )
    columns: list[Text] = Field(
        default_factory=list[str], description="columns it may use"
    )
    purpose: Text = Field(description="what it may use them for")
    legal_basis: Text | None = Field(None, description="legal basis, if one is needed")
    valid_from: Time = Field(description="from when, microseconds since 1970")
    valid_to: Time | None = Field(
        None, description="until when, microseconds since 1970; none is open"
    )


class Collector(Part):
    """The program that observed."""

    id: Name = Field(description="name of the collector")
    version: Text = Field(description="its version")
    config_digest: Digest | None = Field(None, description="its configuration")


@event("consumer.access.observed")
class AccessObserved(FullEvent):
    """A collector saw who read a resource in a window of time.

    An empty window is recorded too: seen nothing differs from not looked.
    """

    collector: Collector | None = Field(None, description="the program that observed")
    window_from: Time = Field(description="begin, microseconds since 1970, inclusive")
    window_to: Time = Field(description="end, microseconds since 1970, exclusive")
    complete: Flag = Field(description="whether the whole window was observed")
    resource: Channel = Field(description="what was read")
    channel: Name = Field(
        description="how it was seen, such as kafka.group or kafka.group_offsets"
    )
    consumer: Text = Field(description="who read, such as the consumer group id")
    group_type: Text | None = Field(None, description="type of the consumer group")
    client_id: Text | None = Field(None, description="client id; a claim of the client")
    host: Text | None = Field(None, description="host it came from")
    principal: Text | None = Field(None, description="who it authenticated as")
    operation: Text = Field(description="what it did, such as read or commit")
    count: Count | None = Field(None, description="how often or how many records")
    first_time: Time | None = Field(None, description="first time in the window")
    last_time: Time | None = Field(None, description="last time in the window")
    blind_spots: list[Text] = Field(
        default_factory=list[str], description="readers this collector cannot see"
    )
