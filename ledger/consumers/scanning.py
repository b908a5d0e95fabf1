"""Look at the readers of the watched topics, and record what is new about them."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from ledger import __version__, clock
from ledger.consumers.memory import Memory, load_memory, save_memory
from ledger.consumers.sightings import (
    NOBODY,
    OFFSETS,
    Observation,
    TopicMemory,
    observe,
)
from ledger.errors import ConfigurationError, LedgerError, LogUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ledger.broker_readers import ConsumerEvidence, Readers
    from ledger.config import Config
    from ledger.emitter import EventRef
    from ledger.events.base import Event

COLLECTOR = "mlledger.consumers"
TOPIC = "kafka.topic"
EVERY_US = 60_000_000
"""Microseconds between two scans of :func:`scan_if_due`."""
MAX_READERS = 1_000
"""Rows of one look that are recorded at most; the rest is said to be cut."""
BLIND_SPOTS = ("this ledger's own sealers and projections: they read without a group",)
_CUT = f"readers beyond the first {MAX_READERS} of a look"
_SLACK = 0.9
_log = logging.getLogger(__name__)


class Recorder(Protocol):
    """What takes events; an :class:`ledger.emitter.Emitter` is one."""

    def emit(self, event: Event) -> EventRef:
        """Record an event."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """An observation, and the id of the event that records it."""

    observation: Observation
    event_id: bytes


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a topic came to.

    Attributes:
        topic: whose readers were looked for.
        rows: signs of readers, recorded now or before.
        recorded: what was recorded now.
        blind_spots: readers that this way of looking cannot see.
        error: why there was no look, or None.
    """

    topic: str
    rows: tuple[ConsumerEvidence, ...] = ()
    recorded: tuple[Recorded, ...] = ()
    blind_spots: tuple[str, ...] = ()
    error: LedgerError | None = None


def watched_topics(config: Config) -> tuple[str, ...]:
    """Return the topics whose readers are watched, this ledger's events first."""
    own = f"{config.name}.events"
    return tuple(dict.fromkeys([own, *config.consumers.topics]))


def scan(
    config: Config,
    emitter: Recorder,
    *,
    topics: Sequence[str] | None = None,
    known: Memory | None = None,
    now: Callable[[], int] = clock.now_us,
) -> list[Looked]:
    """Look at the readers of each topic and record what is new.

    A reader is recorded at first sight and then once an hour while it is seen. What was
    seen is remembered in the home's ``consumers.json``, after it was recorded: a crash
    in between repeats an event and loses none.

    Args:
        config: a ledger on Kafka.
        emitter: takes the events.
        topics: topics to look at; the watched ones by default.
        known: what was found before; that of the home by default.
        now: the clock, microseconds since 1970.

    Returns:
        One item for each topic; one that could not be looked at carries its error.

    Raises:
        ConfigurationError: the log is not on Kafka, or its client is not installed.
        JournalError: the emitter does not take the events.
        OSError: the home cannot be written.
    """
    _refuse_other_logs(config)
    memory = load_memory(config) if known is None else known
    if topics is None:
        memory = replace(memory, tried=now())
    looked: list[Looked] = []
    try:
        look = _looker()
        for topic in watched_topics(config) if topics is None else topics:
            if unavailable := _unavailable(looked):
                looked.append(Looked(topic, error=unavailable))
                continue
            before = memory.topics.get(topic, TopicMemory())
            one, after = _look(config, emitter, topic, before, look, now)
            looked.append(one)
            memory = memory.with_topic(topic, after)
            if one.error is not None:
                memory = memory.with_failure(f"{topic}: {one.error}")
    finally:
        save_memory(config, memory)
    return looked


def is_due(config: Config, *, now: Callable[[], int] = clock.now_us) -> bool:
    """Tell whether :func:`scan_if_due` would scan; never where the log is no Kafka."""
    if config.log.kind != "kafka":
        return False
    return not 0 <= now() - load_memory(config).tried < EVERY_US * _SLACK


def scan_if_due(
    config: Config, emitter: Recorder, *, now: Callable[[], int] = clock.now_us
) -> list[Looked]:
    """Scan when a minute has passed since the last scan; for a loop that must go on.

    What fails is logged, counted in ``consumers.json``, and tried again a minute later;
    the time between counts as not watched.

    Returns:
        As :func:`scan`; empty when nothing was due or the scan failed as a whole.
    """
    try:
        if not is_due(config, now=now):
            return []
        looked = scan(config, emitter, now=now)
    except (LedgerError, OSError) as error:
        _log.warning("consumers were not looked at: %s", error)
        _count_failure(config, str(error), now())
        return []
    for one in looked:
        if one.error is not None:
            _log.warning("readers of %s were not looked at: %s", one.topic, one.error)
    return looked


def _count_failure(config: Config, text: str, now: int) -> None:
    try:
        failed = load_memory(config).with_failure(text)
        save_memory(config, replace(failed, tried=now))
    except OSError as error:
        _log.warning("that is not remembered either: %s", error)


def _refuse_other_logs(config: Config) -> None:
    if config.log.kind != "kafka":
        raise ConfigurationError(
            f"consumer groups are looked for on Kafka; this log is {config.log.kind}"
        )


def _looker() -> Callable[[Config, str], Readers]:
    try:
        from ledger.broker_readers import readers_of
    except ImportError as error:
        raise ConfigurationError(
            f"looking at Kafka needs further packages ({error})",
            hint="pip install 'mlledger[kafka]'",
        ) from error
    return readers_of


def _unavailable(looked: Sequence[Looked]) -> LogUnavailableError | None:
    """Return why the cluster is away; the next topic would wait for it in vain."""
    error = looked[-1].error if looked else None
    return error if isinstance(error, LogUnavailableError) else None


def _look(
    config: Config,
    emitter: Recorder,
    topic: str,
    before: TopicMemory,
    look: Callable[[Config, str], Readers],
    now: Callable[[], int],
) -> tuple[Looked, TopicMemory]:
    try:
        found = look(config, topic)
    except LedgerError as error:
        return Looked(topic, error=error), before
    rows = found.rows[:MAX_READERS]
    cut = len(rows) < len(found.rows)
    spots = (*found.blind_spots, *BLIND_SPOTS, *([_CUT] if cut else []))
    observations, after = observe(before, rows, now=now())
    if cut:
        observations = [replace(item, complete=False) for item in observations]
    recorded = [
        Recorded(item, emitter.emit(event).id)
        for item, event in _events(config, topic, observations, spots)
    ]
    return Looked(topic, rows, tuple(recorded), spots), after


def _events(
    config: Config,
    topic: str,
    observations: Sequence[Observation],
    spots: Sequence[str],
) -> Iterator[tuple[Observation, Event]]:
    from ledger.events.consumer import AccessObserved

    collector = {
        "id": COLLECTOR,
        "version": __version__,
        "config_digest": _settings_digest(config),
    }
    for item in observations:
        reader = item.reader
        yield (
            item,
            AccessObserved.record(
                basis="observed",
                collector=collector,
                window_from=item.window_from,
                window_to=item.window_to,
                complete=item.complete,
                resource={"kind": TOPIC, "id": topic},
                channel=reader.channel,
                consumer=reader.consumer,
                group_type=reader.group_type,
                client_id=reader.client_id,
                host=reader.host,
                operation=_operation(item),
                count=item.count,
                first_time=item.first,
                last_time=item.last,
                blind_spots=list(spots),
            ),
        )


def _operation(item: Observation) -> str:
    if item.reader == NOBODY:
        return "none"
    return "commit" if item.reader.channel == OFFSETS else "read"


def _settings_digest(config: Config) -> bytes:
    """Return the SHA-256 of what decides where this collector looks."""
    settings = {"cluster": config.log.bootstrap, "topics": watched_topics(config)}
    return sha256(json.dumps(settings, sort_keys=True).encode()).digest()
