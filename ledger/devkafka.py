"""A real Apache Kafka broker for development and tests, from Python packages alone.

One KRaft node with its data in a folder; it listens on localhost only and keeps its
ports when started again. The broker holds a file lock for as long as it lives, so that
"does it run?" has one answer, also after a crash or when its process id is used anew.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ledger import clock
from ledger.devkafka_jars import class_path, java
from ledger.errors import ConflictError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

_HOST = "127.0.0.1"
_READY_SECONDS = 60.0
_TERM_SECONDS = 20.0
_KILL_SECONDS = 10.0
_JOINED = {"listeners", "advertised.listeners", "listener.security.protocol.map"}
# The shell ends once the broker is in the background: it is then no child of ours.
_BACKGROUND = '"$@" >>"$0" 2>&1 </dev/null & echo $!'


@dataclass(frozen=True, slots=True)
class DevKafka:
    """A running broker.

    Attributes:
        bootstrap: ``host:port`` for clients.
        pid: its process id.
    """

    bootstrap: str
    pid: int


def start(
    folder: Path,
    *,
    heap: str = "1g",
    deletable: bool = True,
    wait: bool = True,
    further: Mapping[str, str] | None = None,
) -> DevKafka:
    """Start the broker of a folder, or return the one that runs there already.

    Args:
        folder: for data, settings and the server's log; made where absent.
        heap: largest Java heap, such as ``512m``.
        deletable: whether topics may be deleted (``delete.topic.enable``).
        wait: return only when the broker answers.
        further: more settings of the broker, by Kafka's names; listeners and their
            protocols come after the broker's own, which stay.

    Raises:
        ConfigurationError: the extra ``devkafka`` is not installed.
        ConflictError: another program uses the broker's port.
        UnavailableError: the jars cannot be fetched, or the broker does not come up.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder, fcntl.LOCK_EX) as lock:
        if lock is not None:
            written = {"delete.topic.enable": str(deletable).lower(), **(further or {})}
            _launch(folder, lock, heap=heap, further=written)
    _until((folder / "kafka.pid").is_file, _READY_SECONDS)
    return _wait_ready(folder) if wait else _recorded(folder)


def stop(folder: Path) -> bool:
    """Stop the broker of a folder, by force if need be; its data stays.

    Returns:
        Whether one was running.

    Raises:
        UnavailableError: the process outlives SIGKILL.
    """
    running = status(folder)
    if running is None:
        return False
    for number, seconds in (
        (signal.SIGTERM, _TERM_SECONDS),
        (signal.SIGKILL, _KILL_SECONDS),
    ):
        with suppress(ProcessLookupError):
            os.kill(running.pid, number)
        if _until(lambda: status(folder) is None, seconds):
            return True
    raise UnavailableError(f"process {running.pid} of the broker cannot be ended")


def status(folder: Path) -> DevKafka | None:
    """Return the broker that runs in a folder, or None; a crashed one is None."""
    if not (folder / "kafka.lock").is_file():
        return None
    with _lock(folder, fcntl.LOCK_SH) as lock:
        return _recorded(folder) if lock is None else None


@contextmanager
def _lock(folder: Path, kind: int) -> Generator[int | None]:
    """Give the locked file's descriptor, or None when a broker holds the lock."""
    descriptor = os.open(folder / "kafka.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor if _is_locked(descriptor, kind) else None
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _recorded(folder: Path) -> DevKafka:
    try:
        return DevKafka(**json.loads((folder / "kafka.pid").read_text("ascii")))
    except (OSError, ValueError, TypeError) as error:
        raise UnavailableError(
            f"{folder}: a broker runs here or is just starting, but kafka.pid is absent"
        ) from error


def _launch(folder: Path, lock: int, *, heap: str, further: Mapping[str, str]) -> None:
    (folder / "kafka.pid").unlink(missing_ok=True)
    broker_port, controller_port = _ports(folder)
    properties = folder / "server.properties"
    properties.write_text(
        _properties(folder, broker_port, controller_port, further), "utf-8"
    )
    program = [str(java()), f"-Xmx{heap}", "-XX:+UseSerialGC", "-cp", class_path()]
    program.append("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
    if not (folder / "data" / "meta.properties").is_file():
        _format(folder, program)
    arguments = [*program, "kafka.Kafka", str(properties)]
    shell = subprocess.run(
        ["/bin/sh", "-c", _BACKGROUND, str(folder / "server.log"), *arguments],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        start_new_session=True,
        pass_fds=(lock,),
        cwd=folder,
    )
    running = DevKafka(f"{_HOST}:{broker_port}", int(shell.stdout))
    written = folder / "kafka.pid.new"
    written.write_text(json.dumps(asdict(running)), "ascii")
    written.replace(folder / "kafka.pid")


def _ports(folder: Path) -> tuple[int, int]:
    """Return the broker's and the controller's port: the same at every start."""
    path = folder / "ports.json"
    if path.is_file():
        kept: list[int] = json.loads(path.read_text("ascii"))
        for port in kept:
            _refuse_taken(port, path)
        return kept[0], kept[1]
    with socket.socket() as one, socket.socket() as two:
        one.bind((_HOST, 0))
        two.bind((_HOST, 0))
        ports = int(one.getsockname()[1]), int(two.getsockname()[1])
    path.write_text(json.dumps(ports), "ascii")
    return ports


def _refuse_taken(port: int, path: Path) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise ConflictError(
                f"port {port} of the development broker is taken by another program",
                hint=f"end that program, or delete {path} to have new ports drawn",
            ) from error


def _format(folder: Path, program: list[str]) -> None:
    cluster = base64.urlsafe_b64encode(clock.random_bytes(16)).decode("ascii")[:22]
    tool = [*program, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"]
    done = subprocess.run(
        [*tool, "-c", str(folder / "server.properties")],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(
            f"Kafka's storage tool failed: {(done.stderr or done.stdout).strip()}"
        )


def _properties(
    folder: Path, broker_port: int, controller_port: int, further: Mapping[str, str]
) -> str:
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{_HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{_HOST}:{broker_port},"
        f"CONTROLLER://{_HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{_HOST}:{broker_port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(folder / "data"),
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # A killed broker is let in again when its old session has ended.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "1000",
        "group.initial.rebalance.delay.ms": "0",
        "log.cleaner.dedupe.buffer.size": str(8 << 20),
        "num.network.threads": "2",
        "num.io.threads": "4",
    }
    added = {
        name: f"{settings[name]},{further[name]}" for name in _JOINED & set(further)
    }
    written = {**settings, **further, **added}
    return "".join(f"{name}={value}\n" for name, value in written.items())


def _wait_ready(folder: Path) -> DevKafka:
    running = _recorded(folder)
    host, port = running.bootstrap.split(":")
    gone = False

    def settled() -> bool:
        nonlocal gone
        gone = status(folder) is None
        return gone or _answers(host, int(port))

    if not _until(settled, _READY_SECONDS) or gone:
        raise UnavailableError(
            f"the development broker did not come up; {_last_lines(folder)}",
            hint=f"see {folder / 'server.log'}",
        )
    return running


def _answers(host: str, port: int) -> bool:
    """Ask for the API versions, the first question of every Kafka client."""
    # length, key 18, version 0, correlation id 7, no client id
    request = (10).to_bytes(4, "big") + bytes([0, 18, 0, 0, 0, 0, 0, 7, 0xFF, 0xFF])
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(request)
            reply = connection.recv(10)
    except OSError:
        return False
    return reply[4:10] == b"\x00\x00\x00\x07\x00\x00"


def _last_lines(folder: Path) -> str:
    path = folder / "server.log"
    text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    return "its last words: " + " / ".join(text.strip().splitlines()[-3:])


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    end = clock.monotonic() + seconds
    while not condition():
        if clock.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
