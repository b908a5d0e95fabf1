"""The audit of a ledger: its foundation here, its origins in processes of their own."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from queue import Empty
from typing import TYPE_CHECKING, Any

from ledger.audit.documents import verify_documents
from ledger.audit.origins import Task, audit_origin
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.verification.control import ControlReader
from ledger.verification.cuts import verify_manifests
from ledger.verification.tokens import roots_of
from ledger.verification.whole import verify_foundation
from ledger.verification.witnessing import ANY_TERMS, WitnessTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.config import Config
    from ledger.verification.steps import Step

_LOOK_S = 0.2
# Set once in each worker process: the way its progress goes back.
_told: Any = None


def audit_ledger(
    config: Config,
    *,
    ledger_id: bytes | None = None,
    origins: Sequence[str] | None = None,
    resume: bool = False,
    processes: int = 1,
    progress: Callable[[int], None] | None = None,
    tsa_roots: Sequence[bytes] | None = None,
    terms: WitnessTerms = ANY_TERMS,
) -> list[Step]:
    """Audit a ledger; returns every step, origin by origin.

    Args:
        config: the ledger home.
        ledger_id: 32 bytes from elsewhere; None for the one in the configuration.
        origins: the origins to audit; None for all that the control log knows.
        resume: go on from the progress files of an audit that was stopped.
        processes: how many origins are audited at a time, 1 or more.
        progress: called with the number of leaves that were done since the last call.
        tsa_roots: root certificates, PEM or DER, of the time authorities that the
            caller believes; None for those of the configuration.
        terms: what the caller knows of the witnesses, and how old what they signed may
            be.

    Raises:
        UnavailableError: the log is away.
    """
    pinned = ledger_id or config.ledger_id
    log, public = open_log(config), PublicFolder(config.public)
    try:
        control = ControlReader(log=log, public=public, ledger_id=pinned)
        found = verify_foundation(control, public)
        if control.checkpoint is None:
            return found
        wanted = control.control.origins if origins is None else origins
        tasks = [Task(config, pinned, name, resume, terms) for name in wanted]
        found += _audit_all(tasks, processes, progress or _silent)
        if origins is None:
            roots = roots_of(config) if tsa_roots is None else tsa_roots
            found += verify_manifests(
                log=log, public=public, control=control, tsa_roots=roots
            )
            found += verify_documents(config.blobs)
        return found
    finally:
        log.close()


def _audit_all(
    tasks: Sequence[Task], processes: int, progress: Callable[[int], None]
) -> list[Step]:
    if processes > 1 and len(tasks) > 1:
        return _in_processes(tasks, processes, progress)
    return [step for task in tasks for step in audit_origin(task, progress)]


def _silent(_leaves: int) -> None:
    """Show no progress."""


def _in_processes(
    tasks: Sequence[Task], processes: int, progress: Callable[[int], None]
) -> list[Step]:
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    with ProcessPoolExecutor(
        min(processes, len(tasks)), context, initializer=_begin, initargs=(told,)
    ) as pool:
        running = [pool.submit(_audited, task) for task in tasks]
        _follow(running, told, progress)
    return [step for future in running for step in future.result()]


def _follow(
    running: Sequence[Future[list[Step]]], told: Any, progress: Callable[[int], None]
) -> None:
    waiting = set(running)
    while waiting:
        _, waiting = wait(waiting, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
        try:
            while True:
                progress(told.get_nowait())
        except Empty:
            continue


def _begin(told: Any) -> None:
    global _told  # noqa: PLW0603  a pool hands its workers things in no other way
    _told = told


def _audited(task: Task) -> list[Step]:
    return audit_origin(task, _told.put)
