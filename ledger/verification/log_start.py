"""Where a log begins: only a sealed ``ledger.log.trimmed`` may have moved that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.verification.places import log_place, partition_of
from ledger.verification.steps import Step, held, step_of

if TYPE_CHECKING:
    from ledger.control import Control
    from ledger.log import Log


def verify_log_start(log: Log, origin: str, control: Control) -> str:
    """Check that no record was deleted from the beginning of a log unannounced.

    Args:
        log: the ledger's log; its live bounds count, not what is archived.
        origin: an origin that is open.
        control: the verified control log.

    Returns:
        What was found, in words.

    Raises:
        IntegrityError: the log begins after what a sealed trimming allows.
    """
    start, end = log.bounds(partition_of(origin))
    trimmed = control.trimmed(origin)
    allowed = trimmed.before_offset if trimmed else 0
    if start > allowed:
        place = log_place(origin, allowed)
        raise IntegrityError(
            f"log {origin}: offsets {allowed} to {start - 1} were deleted without a "
            "sealed ledger.log.trimmed",
            place=place,
            expected=f"a log that begins at offset {allowed} or before",
            actual=f"offsets [{start}, {end})",
            hint="restore them from an archive: mlledger log restore",
        )
    if trimmed is None:
        return f"begins at offset {start}; nothing was trimmed"
    return (
        f"begins at offset {start}; may be trimmed below {trimmed.before_offset} "
        f"({trimmed.rule}), as control leaf {trimmed.leaf} says"
    )


def log_start_step(log: Log, origin: str, control: Control) -> Step:
    """Return the outcome of :func:`verify_log_start` for one origin as a step.

    The log of an origin that was closed may be gone: that is what a break is for.
    """
    name, state = f"{origin} log start", control.logs.get(origin)
    if state is not None and state.closed_at is not None:
        return held(name, f"closed at control leaf {state.closed_at}; not looked at")
    try:
        return held(name, verify_log_start(log, origin, control))
    except (IntegrityError, MissingEvidenceError) as error:
        return step_of(name, error)
