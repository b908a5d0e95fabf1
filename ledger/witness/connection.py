"""A connection to one witness, on which every answer is bounded.

It is kept for the requests of one submission, and closed by whoever asked. Redirects
are not followed and proxies not asked: a witness is where its URL says.
"""

from __future__ import annotations

import http.client
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from ledger import clock
from ledger.errors import ConfigurationError, MalformedError, UnavailableError
from ledger.witness.protocol import MAX_ANSWER, PATH, Answer

_PART = 4096


class Connection:
    """Posts to ``<prefix>/add-checkpoint``; one thread at a time.

    Args:
        url: submission prefix, http or https.

    Raises:
        ConfigurationError: it is no such URL.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError as error:
            raise ConfigurationError(f"{url}: not a host and port") from error
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(
                f"{url!r}: not the URL of a witness", hint="https://HOST[:PORT]/PREFIX"
            )
        self._is_secure = parts.scheme == "https"
        self._host = parts.hostname
        self._path = parts.path.rstrip("/") + PATH
        self._open: http.client.HTTPConnection | None = None

    def post(self, body: bytes, until: float) -> Answer:
        """Send a request and return the answer.

        Args:
            body: of the request.
            until: when to give up, on :func:`ledger.clock.monotonic`.

        Raises:
            UnavailableError: no answer, or none in time.
            MalformedError: the answer is too long.
        """
        try:
            return self._exchange(body, until)
        except (http.client.HTTPException, OSError) as error:
            raise UnavailableError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Close the connection, from any thread; who waits for it is woken."""
        connection, self._open = self._open, None
        if connection is None:
            return
        with suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            connection.close()

    def _exchange(self, body: bytes, until: float) -> Answer:
        connection = self._connected(until)
        connection.request("POST", self._path, body, {"Content-Type": "text/plain"})
        response = connection.getresponse()
        data = _read(response, connection, until)
        if response.will_close:
            self.close()
        return Answer(
            response.status, data, response.headers.get("Content-Type", "").strip()
        )

    def _connected(self, until: float) -> http.client.HTTPConnection:
        if (connection := self._open) is None:
            kind = http.client.HTTPSConnection if self._is_secure else None
            connection = (kind or http.client.HTTPConnection)(
                self._host, self._port, timeout=_left(until)
            )
            self._open = connection
            connection.connect()
        connection.sock.settimeout(_left(until))
        return connection


def _read(
    response: http.client.HTTPResponse,
    connection: http.client.HTTPConnection,
    until: float,
) -> bytes:
    found = bytearray()
    while part := response.read1(_PART):
        found += part
        if len(found) > MAX_ANSWER:
            raise MalformedError(f"an answer of more than {MAX_ANSWER} bytes")
        if connection.sock:
            connection.sock.settimeout(_left(until))
    response.close()  # read1 leaves it open at its end, and the next request waits
    return bytes(found)


def _left(until: float) -> float:
    if (left := until - clock.monotonic()) <= 0:
        raise TimeoutError("no answer in time")
    return left
