"""What the SDK does when its own work fails inside somebody else's program.

Training and serving must not end because a record could not be made. Such a failure
is counted, named in ``stats()``, logged once for each kind, and raised only in strict
mode.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter

from ledger.errors import LedgerError
from ledger.sdk.texts import neutral

_log = logging.getLogger("ledger.sdk")


class CaptureError(LedgerError):
    """Something about a run could not be found out; the text says why, in short."""

    code = "LDG-E004"


class Faults:
    """Counts failures of the SDK's own work.

    Attributes:
        strict: whether failures are raised instead.
        last: the latest failure as text, without personal data; empty at first.
        raised: decorated functions that raised, so that nothing was decided.
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.last = ""
        self.raised = 0
        self._counts: Counter[str] = Counter()
        self._advised: set[tuple[str, tuple[str, ...]]] = set()
        self._lock = threading.Lock()

    def note(self, what: str, error: Exception, *, name: str = "") -> str:
        """Count a failure and return its reason; raise it in strict mode.

        Args:
            what: what was being done, a short fixed text such as ``decision``.
            error: the failure.
            name: what it was about, such as an input's name; for the log line alone.
        """
        if self.strict:
            raise error
        reason = neutral(reason_of(error))
        with self._lock:
            self._counts[what] += 1
            first = self._counts[what] == 1
            self.last = f"{what}: {reason}"
        if first:
            _log.warning(
                "mlledger: %s was not recorded: %s (logged once; see stats())",
                neutral(f"{what} {name}" if name else what),
                neutral(_told(error), 2048),
            )
        return reason

    def advise(self, text: str, *facts: str) -> None:
        """Log advice, once for each text; that is no failure.

        Args:
            text: with a ``%s`` for each fact.
            facts: short, without personal data.
        """
        with self._lock:
            first = (text, facts) not in self._advised
            self._advised.add((text, facts))
        if first:
            _log.warning(f"mlledger: {text} (said once)", *map(neutral, facts))

    def note_raised(self) -> None:
        """Count a decorated function that raised; that is no failure of ours."""
        with self._lock:
            self.raised += 1

    def counts(self) -> dict[str, int]:
        """Return how many failures there were of each kind."""
        with self._lock:
            return dict(self._counts)


def _told(error: Exception) -> str:
    """Return the reason for a log line of this machine, which may name a file."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return reason_of(error)


def reason_of(error: BaseException) -> str:
    """Return a short reason: the text of our own errors, of others the class alone.

    The text of a foreign error may hold personal data or a secret.
    """
    text = str(error) if isinstance(error, LedgerError) else type(error).__name__
    return text[:200]
