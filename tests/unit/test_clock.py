"""Ids are UUIDv7 and ascend within a process, also from many threads."""

from __future__ import annotations

import os
import threading
import uuid

from ledger import clock


def test_ids_are_uuid7_of_now() -> None:
    before = clock.now_ms()
    made = uuid.UUID(bytes=clock.new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= int.from_bytes(made.bytes[:6], "big") <= clock.now_ms() + 1


def test_ids_ascend_and_differ() -> None:
    ids = [clock.new_id() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_threads_never_share_an_id() -> None:
    found: list[bytes] = []

    def work() -> None:
        found.extend([clock.new_id() for _ in range(2_000)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 16_000


def test_a_forked_child_makes_other_ids() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, clock.new_id())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) != clock.new_id()
    os.close(reading)
    os.close(writing)
