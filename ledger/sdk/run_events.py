"""How a run's reports become events: what is refused costs nothing else.

A report that does not fit is left out alone, named with its reason in the run's
``capture`` map and, once the run has started, in a tag ``capture.<what>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.errors import InvalidEventError, TooLargeError
from ledger.sdk.faults import reason_of
from ledger.sdk.texts import neutral
from ledger.sdk.updates import Updates, halved, named

if TYPE_CHECKING:
    from ledger.sdk.capture import Capture
    from ledger.sdk.recorder import Recorder, Reference


class RunEvents:
    """Records the events of one run.

    Args:
        client: records them.
        capture: where it is noted what became of each item.
        system: the AI system that the run belongs to, if it says so.

    Attributes:
        id: 16-byte id of the run; empty before its start.
        updates: reports that wait.
    """

    def __init__(self, client: Recorder, capture: Capture, system: str | None) -> None:
        self.id = b""
        self.updates = Updates()
        self._client = client
        self._capture = capture
        self._system = system

    def fail(self, what: str, reason: str) -> None:
        """Note that something could not be recorded."""
        self.note(what, f"failed: {reason}")

    def send(self, *, due_only: bool) -> None:
        """Record the reports that wait; one that is refused is left out alone."""
        fields = self.updates.take(clock.monotonic(), due_only=due_only)
        if fields is not None:
            for kind, name, error in self._report(fields):
                self.leave_out(kind, {neutral(name, 200): error})

    def leave_out(self, kind: str, items: Mapping[str, Exception]) -> None:
        """Note what could not be recorded, one by one; strict mode raises the first."""
        for name, error in items.items():
            self.fail(f"{kind}.{name}", reason_of(error))
        for name, error in items.items():
            self._client.faults.note(f"run {kind}", error, name=name)

    def note(self, what: str, note: str) -> None:
        """Note what became of something, also in the ledger once the run has begun."""
        what, note = neutral(what), neutral(note)
        self._capture.notes[what] = note
        if self.id:
            self.updates.add(tags={neutral(f"capture.{what}"): note})

    def start(self, fields: dict[str, Any]) -> Reference:
        """Record the start; parameters that are too many for it follow in reports."""
        try:
            return self.tell("pipeline.run.started", id=self.id, **fields)
        except TooLargeError:
            self.updates.add(parameters=fields["parameters"])
            fields = {**fields, "parameters": {}}
            return self.tell("pipeline.run.started", id=self.id, **fields)

    def end(self, outputs: list[dict[str, Any]], fields: Mapping[str, Any]) -> None:
        """Record the end; without its outputs rather than not at all."""
        name = "pipeline.run.ended"
        try:
            self.tell(name, run=self.id, outputs=outputs, **fields)
        except (InvalidEventError, TooLargeError) as error:
            self.fail("outputs", reason_of(error))
            self.send(due_only=False)
            self.tell(name, run=self.id, outputs=[], **fields)
            self._client.faults.note("run outputs", error)

    def tell(self, event: str, /, **fields: Any) -> Reference:
        """Record one event of the run.

        Raises:
            InvalidEventError: a field does not fit.
            TooLargeError: all together are more than an event may hold.
        """
        return self._client.record(
            event,
            basis="observed",
            correlation_id=self.id,
            system_id=self._system or self._client.system,
            **fields,
        )

    def _report(self, fields: dict[str, Any]) -> list[tuple[str, str, Exception]]:
        """Record reports; returns kind, name and error of those that cannot be."""
        try:
            self.tell("pipeline.run.updated", run=self.id, **fields)
        except (InvalidEventError, TooLargeError) as error:
            if parts := halved(fields):
                return [bad for part in parts for bad in self._report(part)]
            return [(kind, name, error) for kind, name in named(fields)]
        return []
