"""Statistics of what was captured: the only thing of a payload that reaches the log.

::

    1 window    the oldest one of a deployment whose end and time of grace are over
    2 sample    one payload a person, drawn without chance; too few persons: nothing
    3 access    that they are opened, and what for, is recorded first
    4 sketch    opened in small batches, gathered, too coarse to show a person
    5 event     ``monitoring.sketch.recorded``, made once and written down, then emitted

Statistics in the log cannot be taken back. So payload of persons who asked for deletion
is not opened, a window is measured once, and what comes late is counted only. A crash
after any step is mended by the next turn: the event's bytes are made once, so that a
second copy in the log is the same event.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.codec import encode
from ledger.drift.gathering import Gathering
from ledger.entry import MAX_EVENT
from ledger.errors import IntegrityError, InvalidEventError
from ledger.vault.crypt import decrypt
from ledger.vault.windows import Windows, newest_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.codec import Encoded
    from ledger.vault.store import Encrypted
    from ledger.vault.windows import Sample, Window
    from ledger.vault.worker import Vault

BATCH = 64
"""Payloads that are open at a time."""
_FEWER = (50, 20, 5)
"""Values named in a column, tried until the event fits."""


class Statistician:
    """Measures windows, one a turn.

    Args:
        vault: its parts, brought up to date by the worker, deletions included.
        emit: takes (schema id, body) of events; durable when it returns.

    Attributes:
        done: what was done since the start, by kind.
    """

    def __init__(
        self, vault: Vault, emit: Callable[[list[tuple[bytes, bytes]]], None]
    ) -> None:
        self._vault = vault
        self._emit = emit
        self._windows = Windows(vault.store)
        self.done = {
            "windows measured": 0,
            "windows too small": 0,
            "payloads that do not open": 0,
        }

    def turn(self) -> bool:
        """Measure the oldest window that is due; tell whether there was one.

        Raises:
            UnavailableError: database or journal is away; try again.
        """
        self._tell()
        settings = self._vault.config.vault
        if not (hours := settings.statistics_hours):
            return False
        wait = settings.statistics_wait_hours
        until = newest_end(self._vault.now_us(), hours=hours, wait_hours=wait)
        window = self._windows.due(hours=hours, until_us=until)
        if window is None:
            return False
        event = self._measured(window)
        self._windows.put(window, event)
        self._vault.on_step("window measured")
        self.done["windows too small" if event is None else "windows measured"] += 1
        self._tell()
        return True

    def _tell(self) -> None:
        for deployment_id, begin, event in self._windows.untold():
            self._emit([(event[:32], event[32:])])
            self._vault.on_step("window emitted")
            self._windows.told(deployment_id, begin)

    def _measured(self, window: Window) -> bytes | None:
        """Return the event of a window, or None if too few persons are in it."""
        settings = self._vault.config.vault
        sample = self._windows.sample(
            window, excluded=self._excluded(), most=settings.statistics_most
        )
        if len(sample.decisions) < settings.statistics_least:
            return None
        self._emit([self._access(sample)])
        gathering = Gathering(rare=settings.statistics_rare)
        for start in range(0, len(sample.decisions), BATCH):
            batch = sample.decisions[start : start + BATCH]
            for item in self._windows.payloads(batch):
                self._add(gathering, item)
        if gathering.rows < settings.statistics_least:
            return None
        return self._event(window, sample, gathering)

    def _excluded(self) -> list[bytes]:
        """Return the keys of persons who asked for deletion; a duty may keep some."""
        shelf = self._vault.shelf
        keys = (shelf.open_key(tag) for tag in shelf.suppressed())
        return [key.key_id for key in keys if key is not None]

    def _add(self, gathering: Gathering, item: Encrypted) -> None:
        key = self._vault.shelf.key(item.key_id)
        if key is None:
            return  # destroyed
        try:
            payload = decrypt(item, key).payload
        except IntegrityError:
            # Who reads it is told; here it must not stop the taking in of others.
            self.done["payloads that do not open"] += 1
            return
        gathering.add(payload.features, payload.output)

    def _access(self, sample: Sample) -> tuple[bytes, bytes]:
        """Return the event that says that payloads are opened, before they are."""
        from ledger.events.governance import AccessLogged

        config = self._vault.config
        made = AccessLogged.record(
            basis="observed",
            time=self._vault.now_us(),
            kind="payload",
            principal=config.vault.identity or config.producer.identity,
            purpose="monitoring",
            query="vault statistics",
            rows=len(sample.decisions),
            payload_opened=True,
            break_glass=False,
            channel="vault",
        )
        return encode(made)

    def _event(self, window: Window, sample: Sample, gathering: Gathering) -> bytes:
        for most in _FEWER:
            made = self._encoded(window, sample, gathering, most)
            if len(made.body) <= MAX_EVENT:
                return made.schema_id + made.body
        raise InvalidEventError(
            f"statistics of {window.model or 'a model'}: too large for an event",
            hint="set [vault] statistics_hours = 0, or capture fewer features",
        )

    def _encoded(
        self, window: Window, sample: Sample, gathering: Gathering, most: int
    ) -> Encoded:
        from ledger.events.monitoring import SketchRecorded

        late = self._windows.late(window.deployment_id)
        made = SketchRecorded.record(
            basis="observed",
            time=self._vault.now_us(),
            system_id=window.system_id,
            subject=f"captured payload: {sample.captured} held, of {sample.persons} "
            f"persons; {gathering.rows} opened, one a person; {late} of earlier "
            "windows came too late",
            model=window.model,
            deployment={"id": window.deployment_id, "digest": window.digest},
            window_from=window.from_us,
            window_to=window.to_us,
            rows=sample.captured,
            columns=[one.fields() for one in gathering.sketches(most_categories=most)],
            sample_digest=sha256(b"".join(sorted(sample.decisions))).digest(),
        )
        return encode(made)
