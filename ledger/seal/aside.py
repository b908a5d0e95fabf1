"""Do one slow thing beside the sealer, so that sealing does not wait for it."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def aside(work: Callable[[], Result], *, name: str) -> Future[Result]:
    """Begin some work in a thread that does not keep the process alive.

    Args:
        work: what to do; what it raises is raised again where the result is taken.
        name: name of the thread.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  raised where it is taken
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future
