"""Serve a witness over HTTP, with the standard library alone.

One thread for each connection, up to a limit; requests of bounded size, each read
within a bounded time, however slowly its bytes arrive. Connections are kept alive, as
the protocol asks. What is signed is durable before it is sent (see
:class:`ledger.witness.Witness`), so the process may be killed at any moment.
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from ledger import clock
from ledger.errors import ConfigurationError, UnavailableError
from ledger.witness.protocol import MAX_REQUEST, PATH, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST_SECONDS = 10.0
IDLE_SECONDS = 30.0
MAX_CONNECTIONS = 128
_GRACE_SECONDS = 2.0
_MAX_SKIPPED = 4 << 20


class WitnessServer(ThreadingHTTPServer):
    """Answers ``POST /add-checkpoint``.

    Args:
        address: host and port to listen on; port 0 takes any free one.
        answer: what answers a request's body; called from several threads.
        request_seconds: how long one request may take to arrive.
        idle_seconds: how long a connection may wait for its next request.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[bytes], Answer],
        *,
        request_seconds: float = REQUEST_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.answer = answer
        self.request_seconds = request_seconds
        self.idle_seconds = idle_seconds
        self._places = threading.Semaphore(MAX_CONNECTIONS)
        self._busy = 0
        self._idle = threading.Condition()
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        """Where it listens, as a submission prefix."""
        host, port = self.server_address[:2]
        name = str(host)
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    @contextmanager
    def working(self) -> Generator[None]:
        """Count a request that is being answered."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def stop(self) -> None:
        """Take no more connections; let requests at work end; from another thread."""
        self.shutdown()
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, _GRACE_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection its thread, or close it where there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Let the place go with the connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a connection that breaks off is the other side's affair."""


class _TimedReader(io.RawIOBase):
    """Reads a socket until a deadline, whatever the pace of the other side."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - clock.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"

    @property
    def _own(self) -> WitnessServer:
        return cast("WitnessServer", self.server)

    def setup(self) -> None:
        super().setup()
        self._timed = _TimedReader(self.connection)
        self.rfile.close()
        self.rfile = self._buffer = io.BufferedReader(self._timed)

    def handle_one_request(self) -> None:
        """Wait for a request, then give it its time; over-long ones end the line."""
        self._timed.deadline = clock.monotonic() + self._own.idle_seconds
        try:
            if not self._buffer.peek(1):
                self.close_connection = True
                return
        except (TimeoutError, OSError):
            self.close_connection = True
            return
        self._timed.deadline = clock.monotonic() + self._own.request_seconds
        super().handle_one_request()

    def do_POST(self) -> None:
        """Answer one request."""
        length = self._length()
        if length is None:
            return
        body = self.rfile.read(length)
        if len(body) != length:
            self.close_connection = True
            return
        if self.path != PATH:
            self._refuse(404, f"no such place; the one here is {PATH}")
            return
        with self._own.working():
            self._send(self._answer(body))

    def _length(self) -> int | None:
        text = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not text:
            self._refuse(411, "say how long the request is")
        elif not (text.isascii() and text.isdecimal()):
            self._refuse(400, "Content-Length is not a number")
        elif len(text) > 9 or int(text) > MAX_REQUEST:
            self._skip(min(int(text[:9]), _MAX_SKIPPED))
            self._refuse(413, f"a request has at most {MAX_REQUEST} bytes")
        else:
            return int(text)
        return None

    def _skip(self, left: int) -> None:
        """Let go of a body: who is still sending does not read the answer."""
        while left > 0 and (part := self.rfile.read(min(left, 1 << 16))):
            left -= len(part)

    def _answer(self, body: bytes) -> Answer:
        try:
            return self._own.answer(body)
        except UnavailableError as error:
            self.log_error("%s", error)
            return Answer(503, b"nothing can be remembered now, so nothing is signed\n")

    def _refuse(self, status: int, reason: str) -> None:
        """Answer what was not read to its end, and hang up."""
        self.close_connection = True
        self._send(Answer(status, f"{reason}\n".encode()))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def send_error(
        self,
        code: int,
        message: str | None = None,
        explain: str | None = None,  # noqa: ARG002
    ) -> None:
        """Answer in plain words what http.server itself refuses; 405 for a method."""
        status = 405 if code == 501 else code
        self._refuse(status, message or "not a request this server knows")

    def version_string(self) -> str:
        """Name the program, not the versions of what it is made of."""
        return "mlledger-witness"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep no log of honest requests."""


def parse_address(text: str) -> tuple[str, int]:
    """Parse ``HOST:PORT``, an IPv6 host in brackets.

    Raises:
        ConfigurationError: it has another form.
    """
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_number = port.isascii() and port.isdecimal() and len(port) < 6
    if not (host and colon and is_number and int(port) < 1 << 16):
        raise ConfigurationError(
            f"{text!r}: not an address",
            hint="--listen HOST:PORT, such as 127.0.0.1:8080",
        )
    return host, int(port)
