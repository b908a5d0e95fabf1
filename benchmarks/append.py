"""Appending: events handed over encoded → journal, pack, sign, acknowledged by Kafka.

Beside it kafka-python alone sends the very same values to the same broker (zstd, at
most 64 in flight, acks=all), in turn.
"""

# pyright: basic
# kafka-python has no types.

from __future__ import annotations

import threading
import time

from kafka import KafkaProducer

from benchmarks.kafka_world import kafka_ledger
from benchmarks.measure import Result, interleaved, peak_rss_mb
from benchmarks.world import EVENTS_PER_ENTRY, encoded_decisions, entries
from ledger.config import Config
from ledger.setup import open_emitter

ROUNDS = 5
IN_FLIGHT = 64


def run(scale: float = 1.0) -> list[Result]:
    """Append 200 entries of 500 events of 250 bytes, both ways, five times in turn."""
    count = max(4, int(200 * scale))
    with kafka_ledger(partitions=1) as config:
        encoded = [
            (event.schema_id, event.body)
            for event in encoded_decisions(count * EVENTS_PER_ENTRY)
        ]
        values = entries(config, 0, count)
        cpu, raw_cpu = list[float](), list[float]()
        ours, raw = interleaved(
            lambda: _ours(config, encoded, cpu),
            lambda: _raw(config, values, raw_cpu),
            ROUNDS,
        )
    events = count * EVENTS_PER_ENTRY
    raw_cpu_us = sum(raw_cpu) / len(raw_cpu) / events * 1e6
    return [
        Result(
            "append",
            events / ours,
            "events/s",
            events / raw,
            sum(cpu) / len(cpu) / events * 1e6,
            f"beside kafka-python with the same values; {ROUNDS} rounds in turn",
            {"raw_cpu_us_per_event": raw_cpu_us, "peak_rss_mb": peak_rss_mb()},
        )
    ]


def _ours(
    config: Config, encoded: list[tuple[bytes, bytes]], cpu: list[float]
) -> float:
    emitter = open_emitter(config)
    try:
        emitter.emit_many(encoded[:1])
        emitter.flush(30.0)  # connected, as the raw producer is before its clock starts
        start, used = time.perf_counter(), time.process_time()
        for first in range(1, len(encoded), EVENTS_PER_ENTRY):
            emitter.emit_many(encoded[first : first + EVENTS_PER_ENTRY])
        if not emitter.flush(300.0):
            raise RuntimeError(f"not acknowledged: {emitter.stats()}")
        cpu.append(time.process_time() - used)
        return time.perf_counter() - start
    finally:
        emitter.close(5.0)


def _raw(config: Config, values: list[bytes], cpu: list[float]) -> float:
    producer = KafkaProducer(
        bootstrap_servers=config.log.bootstrap,
        acks="all",
        compression_type="zstd",
        batch_size=1_048_576,
        max_request_size=1_048_576,
        linger_ms=0,
    )
    room = threading.Semaphore(IN_FLIGHT)
    topic = f"{config.name}.events"
    try:
        producer.send(topic, values[0], partition=0).get(30)
        start, used = time.perf_counter(), time.process_time()
        futures = []
        for value in values[1:]:
            room.acquire()
            future = producer.send(topic, value, partition=0)
            future.add_both(lambda _outcome: room.release())
            futures.append(future)
        for future in futures:
            future.get(60)
        cpu.append(time.process_time() - used)
        return time.perf_counter() - start
    finally:
        producer.close()
