"""Processes of a run: started, watched while they work, ended also after a failure."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from benchmarks.emitting import Emitted
from ledger.config import Config

_STOP_SECONDS = 60.0


@contextmanager
def worker(config: Config) -> Generator[subprocess.Popen[str]]:
    """Run ``mlledger worker`` on a home; SIGTERM ends it, and it must end well."""
    command = ["-m", "ledger", "worker", "--home", str(config.home)]
    with _process(command) as process:
        yield process
        process.terminate()
        if process.wait(_STOP_SECONDS):
            raise RuntimeError(f"the worker ended with {process.returncode}")


@contextmanager
def vault_worker(config: Config) -> Generator[subprocess.Popen[str]]:
    """Run ``mlledger vault serve`` on a home; SIGTERM ends it, and it must end well."""
    command = ["-m", "ledger", "vault", "serve", "--home", str(config.home)]
    with _process(command) as process:
        yield process
        process.terminate()
        if process.wait(_STOP_SECONDS):
            raise RuntimeError(f"the vault ended with {process.returncode}")


@contextmanager
def emitter(config: Config, count: int) -> Generator[subprocess.Popen[str]]:
    """Start a process that will emit decisions once :func:`go` tells it to."""
    command = ["-m", "benchmarks.emitting", str(config.home), str(count)]
    with _process(command) as process:
        yield process


def go(process: subprocess.Popen[str], timeout: float) -> Emitted:
    """Have an emitting process begin; return what it tells at its end."""
    told, _ = process.communicate("go\n", timeout)
    if process.returncode:
        raise RuntimeError(f"the emitting process ended with {process.returncode}")
    return Emitted(**json.loads(told))


@contextmanager
def _process(arguments: Sequence[str]) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@dataclass(slots=True)
class Memory:
    """Resident sizes of one process and its children over time, in MiB."""

    sizes: list[float] = field(default_factory=list[float])

    def summary(self) -> dict[str, int]:
        """Return the sizes at the start, in the middle, at the end, and the peak."""
        if not self.sizes:
            return {}
        return {
            "start": round(self.sizes[0]),
            "middle": round(self.sizes[len(self.sizes) // 2]),
            "end": round(self.sizes[-1]),
            "peak": round(max(self.sizes)),
        }


@contextmanager
def watched(pids: dict[str, int], every: float = 0.5) -> Generator[dict[str, Memory]]:
    """Sample resident sizes on a thread while the block runs.

    A process that ends is sampled until it does. What children share with each other,
    such as the buffers of Postgres, counts once.
    """
    memory = {name: Memory() for name in pids}
    done = threading.Event()

    def sample() -> None:
        while not done.wait(every):
            for name, pid in pids.items():
                size = _resident(pid)
                if size:
                    memory[name].sizes.append(size)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def _resident(pid: int) -> float:
    own: list[float] = []
    shared: list[float] = []
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            info = process.memory_info()
            own.append(info.rss - info.shared)
            shared.append(info.shared)
    except psutil.NoSuchProcess:
        return 0.0 if not own else (sum(own) + max(shared)) / 2**20
    return (sum(own) + max(shared)) / 2**20


def until(reached: Callable[[], bool], timeout: float, what: str) -> float:
    """Wait until a condition holds; return the monotonic clock at that moment."""
    end = time.monotonic() + timeout
    while not reached():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {timeout:.0f} s")
        time.sleep(0.02)
    return time.monotonic()
