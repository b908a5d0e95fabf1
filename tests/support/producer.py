"""A real home for producers, a producer that kills itself, and what the log accepts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger import clock
from ledger.codec import Decoded, Decoders
from ledger.config import Config, load_config
from ledger.emitter import Emitter
from ledger.errors import LogUnavailableError
from ledger.journal_admin import Flushed, flush_journals
from ledger.keys import Signer, load_signer
from ledger.log import Log, Position, open_log
from ledger.public import PublicFolder
from ledger.setup import initialise
from ledger.shipping.foundlings import Foundlings
from ledger.shipping.packer import Packer
from ledger.shipping.surroundings import Surroundings
from ledger.verdict import Judgement, MemoryStreams, Verdict, judge
from ledger.verification import load_control
from tests.support.forked import run_forked

ROOT = Path(__file__).resolve().parents[2]
DECISION = "prediction.decision.recorded"
IDENTITY = "service:local"


def make_home(tmp_path: Path, *, name: str = "acme") -> Config:
    """A real ledger, its control log sealed."""
    return initialise(tmp_path / "home", name=name, identity=IDENTITY).config


def decision_fields(number: int = 0) -> dict[str, Any]:
    """Fields of a decision with a fresh id."""
    return {
        "id": clock.new_id(),
        "time": clock.now_us(),
        "release": bytes(15) + b"r",
        "deployment": bytes(15) + b"d",
        "path": "model",
        "mode": "advisory",
        "output": f"output {number}",
        "reason_codes": [],
    }


def decision_class() -> Any:
    from ledger.events.base import event_class

    return event_class(DECISION)


def signer_of(config: Config) -> Signer:
    return load_signer(config.producer.key, base=config.home)


def packer_of(config: Config) -> Packer:
    return Packer(
        identity=IDENTITY,
        signer=signer_of(config),
        partitions=config.log.partitions,
        origin=config.origin,
        heartbeat_s=60,
        seen=lambda _origin: None,
    )


def make_emitter(config: Config, **options: Any) -> Emitter:
    """An emitter of the home's first producer."""
    options = {"identity": IDENTITY, "signer": signer_of(config), **options}
    return Emitter(config, **options)


def emit(emitter: Emitter, count: int = 1) -> list[bytes]:
    """Emit decisions; returns their ids."""
    cls = decision_class()
    return [
        emitter.emit_encoded(cls, decision_fields(number)).id for number in range(count)
    ]


def judged(config: Config, partition: int = 0) -> list[Judgement]:
    """Judge every record of a partition, as the sealer would."""
    log = open_log(config)
    try:
        public = PublicFolder(config.public)
        control = load_control(log, public, config.ledger_id)
        origin = config.origin(partition)
        streams, found = MemoryStreams(), list[Judgement]()
        records = log.read(partition, 0, max_bytes=1 << 40, max_records=1 << 30)
        for leaf, record in enumerate(records):
            judgement = judge(
                record.value,
                origin=origin,
                log_id=sha256(origin.encode()).digest(),
                streams=streams,
                control=control,
                registry_size=control.size,
            )
            streams.apply(judgement, leaf)
            found.append(judgement)
        return found
    finally:
        log.close()


def accepted_ids(config: Config, partition: int = 0) -> Counter[bytes]:
    """Count the accepted decisions in the log by event id."""
    return Counter(one.id for one in accepted(config, DECISION, partition))


def accepted(config: Config, name: str, partition: int = 0) -> list[Decoded]:
    """Return the accepted events of a type in the log, in order."""
    decoders = Decoders(_schema_lookup())
    return [
        decoded
        for judgement in judged(config, partition)
        if judgement.verdict == Verdict.ACCEPTED and judgement.entry is not None
        for event in judgement.entry.events
        if (decoded := decoders.decode(event.schema_id, event.body)).name == name
    ]


def _schema_lookup() -> Callable[[bytes], bytes]:
    from ledger.avro import schema_bytes, schema_id
    from ledger.events.base import event_classes

    known = {schema_id(cls): schema_bytes(cls) for cls in event_classes()}
    return lambda wanted: known[wanted]


def seal(config: Config) -> int:
    """Seal everything that is in the log."""
    from ledger.seal import open_state, seal_all

    log, state = open_log(config), open_state(config)
    try:
        return seal_all(config, log, state)
    finally:
        state.close()
        log.close()


def journal_files(config: Config) -> list[str]:
    return sorted(path.name for path in config.journal.iterdir() if path.is_file())


def with_producer(config: Config, **changes: Any) -> Config:
    """The home with other producer settings."""
    return replace(config, producer=replace(config.producer, **changes))


class AwayLog:
    """A factory whose log is away until it is told otherwise."""

    def __init__(self) -> None:
        self.is_away = True
        self.tries = 0

    def __call__(self, config: Config) -> Log:
        self.tries += 1
        if self.is_away:
            raise LogUnavailableError("the log is away")
        return open_log(config)


class FlakyLog(Log):
    """The real log, but now and then an answer is lost after the record was taken."""

    def __init__(self, inner: Log, lost: Sequence[int]) -> None:
        self._inner = inner
        self._lost = set(lost)
        self.sends = 0

    def send(self, partition: int, value: bytes) -> Future[Position]:
        self.sends += 1
        future = self._inner.send(partition, value)
        if self.sends not in self._lost:
            return future
        future.result()
        broken: Future[Position] = Future()
        broken.set_exception(LogUnavailableError("the answer was lost"))
        return broken

    def read(self, partition: int, start: int, **limits: Any) -> Any:
        return self._inner.read(partition, start, **limits)

    def bounds(self, partition: int) -> tuple[int, int]:
        return self._inner.bounds(partition)

    def identity(self, partition: int) -> bytes:
        return self._inner.identity(partition)

    def partitions(self) -> int:
        return self._inner.partitions()

    def close(self) -> None:
        self._inner.close()


def run_child(
    *arguments: object, timeout: float = 200.0
) -> subprocess.CompletedProcess[str]:
    """Run this module as a program; see :func:`main`."""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.producer", *map(str, arguments)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def run_fork(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run :func:`main` in a process that is killed, and that imports nothing anew."""
    return run_forked(main, *map(str, arguments))


def main(home: str, task: str, *arguments: str) -> None:
    """Act as a producer process.

    ``kill STEP NTH COUNT IDS``: emit COUNT decisions, write the id of each one whose
    ``emit`` returned to the file IDS, and die at the NTH time STEP is done.
    ``adopt STEP``: emit nothing before dying, but adopt what others left.
    ``away``: emit, with the log away, and leave without closing; prints nothing.
    ``full BYTES MODE``: emit while no file may grow beyond BYTES.
    """
    tasks = {"kill": _kill, "adopt": _adopt, "away": _away, "full": _full, "import": id}
    tasks[task](load_config(Path(home)), *arguments)


def _kill(config: Config, step: str, nth: str, count: str, ids: str) -> None:
    seen = 0

    def on_step(done: str) -> None:
        nonlocal seen
        seen += done == step
        if seen == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)

    emitter = make_emitter(config, on_step=on_step)
    cls = decision_class()
    out = os.open(ids, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(int(count)):
        reference = emitter.emit_encoded(cls, decision_fields(number))
        os.write(out, reference.id)
        if number % 10 == 9:
            emitter.flush(5.0)
    emitter.close(5.0)


def _adopt(config: Config, step: str) -> None:
    def on_step(done: str) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    around = Surroundings(counts=lambda signed: {}, on_step=on_step)
    foundlings = Foundlings(config, packer_of(config), around)
    log = open_log(config)
    for _turn in range(2_000):
        foundlings.look()
        for outbox in foundlings.outboxes():
            outbox.collect()
            outbox.send(log, lambda: None)
        foundlings.let_go()


def _away(config: Config) -> None:
    emitter = make_emitter(config, log_factory=AwayLog())
    emit(emitter, 5)


def _full(config: Config, limit: str, mode: str) -> None:
    import resource

    emitter = make_emitter(config, mode=mode, log_factory=AwayLog())
    emit(emitter, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), before[1]))
    failures = 0
    for number in range(2_000):
        try:
            emitter.emit_encoded(decision_class(), decision_fields(number))
        except Exception as error:  # noqa: BLE001  named in the output
            failures += 1
            name = type(error).__name__
    print(failures, emitter.stats()["dropped"], emitter.stats()["emitted"])
    if failures:
        print(name)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def flush_left(config: Config, **options: Any) -> Flushed:
    """Adopt what other processes left, as ``mlledger journal flush`` does."""
    options = {"identity": IDENTITY, "signer": signer_of(config), **options}
    return flush_journals(config, **options)


if __name__ == "__main__":
    main(*sys.argv[1:])
