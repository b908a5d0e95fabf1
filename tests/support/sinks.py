"""Receivers that really listen: an HTTP server and an SMTP server of a few lines."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass
class Received:
    """One HTTP request: its path, headers in lower case, and body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Sink:
    """What came in, and which answers come next (200 when none is left)."""

    url: str
    requests: list[Received] = field(default_factory=list[Received])
    answers: list[int] = field(default_factory=list[int])


@contextmanager
def http_sink(*answers: int) -> Generator[Sink]:
    """Listen on a free port; answers requests with these statuses, then with 200."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {key.lower(): value for key, value in self.headers.items()}
            sink.requests.append(Received(self.path, headers, body))
            self.send_response(sink.answers.pop(0) if sink.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink = Sink(f"http://127.0.0.1:{server.server_port}", answers=list(answers))
    with _served(server):
        yield sink


@contextmanager
def smtp_sink(*, refuse: bool = False) -> Generator[tuple[str, list[str]]]:
    """Listen for mail on a free port; yields its address and the letters."""
    letters: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 sink")
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "DATA":
                    self._take()
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("550 no" if refuse and verb == "RCPT" else "250 ok")

        def _take(self) -> None:
            self._say("354 go on")
            lines: list[str] = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            letters.append("".join(lines))
            self._say("250 taken")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port = cast("tuple[str, int]", server.server_address)[1]
    with _served(server):
        yield f"smtp://127.0.0.1:{port}", letters


@contextmanager
def _served(server: socketserver.TCPServer) -> Generator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
