"""Delete the first records of a Kafka partition."""

# pyright: basic, reportAttributeAccessIssue=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import LogUnavailableError
from ledger.log.kafka_client import connected, topic_of

if TYPE_CHECKING:
    from ledger.config import Config


def delete_records(config: Config, partition: int, before: int) -> None:
    """Move the start of a partition's log to ``before``.

    Raises:
        LogUnavailableError: the cluster is away, or left the start where it was.
        NotAuthorisedError: this user may not delete records.
    """
    at = topic_of(config, partition)
    with connected(config) as admin:
        answer = admin.delete_records({at: before})
    low = answer[at]["low_watermark"] if at in answer else -1
    if low < before:
        raise LogUnavailableError(
            f"{at.topic} partition {at.partition}: begins at {low}, not at {before}",
            hint="repeat the call",
        )
