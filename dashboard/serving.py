"""Start the dashboard's server in this process."""

from __future__ import annotations

import signal
import socket
import sys

from ledger.errors import ConfigurationError
from ledger.output import note


def serve(*, host: str, port: int) -> None:
    """Serve pages and health checks until the process is told to end.

    Args:
        host: address to listen on.
        port: TCP port.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    import uvicorn

    from dashboard.asgi import app

    _check_free(host, port)
    # uvicorn ends in order and then hands the signal on to whoever had it before: as
    # an exit, so that the embedded database is let go of.
    signal.signal(signal.SIGTERM, _exit_on)
    note(f"dashboard on http://{host}:{port} (end with Ctrl-C)")
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def _exit_on(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _check_free(host: str, port: int) -> None:
    """Say early, and in words, what the server would end with."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"{host}:{port}: {error.strerror}", hint="choose another with --port"
            ) from error
