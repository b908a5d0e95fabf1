"""A vault at work: what its commands do, each under the vault's lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.avro import built_in_schemas
from ledger.codec import Decoders, encode
from ledger.errors import (
    ConflictError,
    IntegrityError,
    MissingEvidenceError,
    NotFoundError,
)
from ledger.payload.content import verify_commitment
from ledger.vault.crypt import decrypt
from ledger.vault.erasure import Deleted, Eraser
from ledger.vault.follow import rule_of
from ledger.vault.plan import Plan, Reason
from ledger.vault.reading import check_purpose, event_of
from ledger.vault.rules import Rules, in_force
from ledger.vault.statistics import Statistician
from ledger.vault.windows import Windows
from ledger.vault.worker import VaultWorker

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from ledger.emitter import Emitter
    from ledger.events import Event
    from ledger.payload.content import Payload
    from ledger.vault.reading import Reading
    from ledger.vault.worker import Vault

LATE = "arrived, or its duty ended, after the deletion on request"


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of a request to delete.

    Attributes:
        plan: what goes and what stays.
        deleted: the deletion, or None if it was only planned.
    """

    plan: Plan
    deleted: Deleted | None


class VaultService:
    """Runs a vault.

    Args:
        vault: its parts.
        emitter: opens an emitter in mode ``strict``, when evidence is to be emitted.

    Attributes:
        done: what was done since the start, by kind.
    """

    def __init__(self, vault: Vault, emitter: Callable[[], Emitter]) -> None:
        self._vault = vault
        self._open_emitter = emitter
        self._emitter: Emitter | None = None
        self._worker = VaultWorker(vault)
        self._statistician = Statistician(vault, self._emit)
        self.done: dict[str, int] = {
            **self._worker.done,
            **self._statistician.done,
            "deletions": 0,
        }

    def step(self) -> bool:
        """Take in what came, finish what was begun, and measure a window that is due.

        Returns:
            Whether there was anything to do; there may be more windows then.

        Raises:
            UnavailableError: log, transport or database is away; try again.
            IntegrityError: the evidence contradicts itself.
        """
        before = dict(self.done)
        with self._vault.alone():
            self._catch_up()
            measured = self._statistician.turn()
        self.done |= self._statistician.done
        return measured or self.done != before

    def plan(self, subject: str) -> Erased:
        """Return what :meth:`erase` would do; changes nothing that it would delete.

        Raises:
            NotFoundError: the vault holds nothing of that subject.
        """
        with self._vault.alone():
            self._catch_up()
            return Erased(self._planned(subject), None)

    def erase(self, subject: str, reason: Reason) -> Erased:
        """Delete a subject's payload and destroy its keys, duties and holds apart.

        Raises:
            NotFoundError: the vault holds nothing of that subject.
            ConflictError: a duty or hold covers all of it; nothing was deleted.
        """
        with self._vault.alone():
            tag = self._vault.shelf.tag(subject)
            began = [b for b in self._vault.shelf.begun() if b.tag == tag]
            finished = self._catch_up()
            if began:
                ours = [d for d in finished if d.events[0].id == began[0].id]
                return Erased(Plan((), (), ()), ours[0])
            plan = self._planned(subject)
            if not plan.deleted:
                raise _refused(plan)
            deleted = self._eraser().erase(plan, reason, tag=tag)
            self.done["deletions"] += 1
            return Erased(plan, deleted)

    def expire(self, *, dry_run: bool = False) -> list[Erased]:
        """Delete what is due by retention rules."""
        with self._vault.alone():
            self._catch_up()
            eraser = self._eraser()
            found: list[Erased] = []
            for rule, plan in eraser.plan_schedule():
                deleted = None
                if not dry_run:
                    deleted = eraser.erase(plan, Reason("schedule", rule=rule))
                    self.done["deletions"] += 1
                found.append(Erased(plan, deleted))
            return found

    def show(self, decision_id: bytes, reading: Reading) -> Payload:
        """Return a decision's payload, compared with the sealed decision.

        The reading is recorded first, with its purpose; where it cannot be, nothing is
        opened.

        Raises:
            InvalidEventError: the purpose is none of those a payload may be read for.
            NotFoundError: the vault holds none.
            MissingEvidenceError: its decision is not sealed yet.
            IntegrityError: what lies there is not what the decision committed to.
            JournalError: the reading cannot be recorded.
        """
        check_purpose(reading)
        with self._vault.alone():
            arrived = self._vault.store.arrived(decision_id)
            if not arrived:
                raise NotFoundError(
                    "the vault holds no payload of that decision",
                    hint="see mlledger decision show: captured, deleted, or neither",
                )
            first = arrived[0]
            if first.state == "waiting":
                raise MissingEvidenceError("the decision is not sealed yet")
            if first.state != "kept" or first.committed is None:
                raise IntegrityError(f"quarantined: {first.reason}")
            key = self._vault.shelf.key(first.encrypted.key_id)
            if key is None:
                raise NotFoundError("the key of that payload was destroyed")
            self._note(decision_id, reading, first.committed)
            opened = decrypt(first.encrypted, key)
        verify_commitment(
            salt=opened.salt, content=opened.content, committed=first.committed
        )
        return opened.payload

    def decisions_of(self, subject: str) -> list[bytes]:
        """Return the decisions whose payload lies under a subject's key.

        Raises:
            NotFoundError: the vault holds nothing of that subject.
        """
        with self._vault.alone():
            self._catch_up()
            plan = self._planned(subject)
        held = [*plan.deleted, *(item.held for item in plan.kept)]
        return sorted({item.decision_id for item in held})

    def declare(self, event: Event) -> None:
        """Emit a retention rule or a hold; it counts here at once, sealed or not."""
        known_as, body = encode(event)
        decoders = Decoders(built_in_schemas().__getitem__)
        with self._vault.alone():
            self._emit([(known_as, body)])
            self._vault.store.put_rule(rule_of(decoders.decode(known_as, body)))

    def rules(self) -> Rules:
        """Return the holds and retention rules in force."""
        with self._vault.alone():
            self._catch_up()
            return in_force(self._vault.store.rules())

    def status(self) -> dict[str, Any]:
        """Return how many payloads are in which state, what was begun and measured."""
        counts: dict[str, Any] = dict(self._vault.store.counts())
        counts |= Windows(self._vault.store).counts()
        return {**counts, "deletions begun": len(self._vault.shelf.begun())}

    def close(self) -> None:
        """End the emitter's stream; what is left stays in the journal."""
        if self._emitter is not None:
            self._emitter.close(10.0)
            self._emitter = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _catch_up(self) -> list[Deleted]:
        finished: list[Deleted] = []
        if self._vault.shelf.begun():
            finished += self._eraser().finish_begun()
        self._worker.catch_up()
        if self._vault.shelf.suppressed():
            eraser = self._eraser()
            for tag, before_ms, plan in list(eraser.plan_late()):
                reason = Reason("request", text=LATE)
                finished.append(
                    eraser.erase(plan, reason, tag=tag, before_ms=before_ms)
                )
        self.done |= self._worker.done
        self.done["deletions"] += len(finished)
        return finished

    def _note(self, decision_id: bytes, reading: Reading, committed: bytes) -> None:
        """Write a reading down: for the ledger, then in the vault's own table."""
        vault, now_us = self._vault, self._vault.now_us()
        event = event_of(vault.config, decision_id, reading, committed, now_us)
        self._emit([encode(event)])
        vault.store.note_access(
            decision_id, purpose=reading.purpose, reader=reading.login, now_us=now_us
        )

    def _planned(self, subject: str) -> Plan:
        plan = self._eraser().plan_subject(subject)
        if plan is None or not (plan.deleted or plan.kept):
            raise NotFoundError(
                "nothing of that subject is in the vault",
                hint="looked up to what was sent and sealed by now; journals of "
                "producers elsewhere were not seen",
            )
        return plan

    def _eraser(self) -> Eraser:
        return Eraser(self._vault, self._emit)

    def _emit(self, events: list[tuple[bytes, bytes]]) -> None:
        if self._emitter is None:
            self._emitter = self._open_emitter()
        self._emitter.emit_many(events)


def _refused(plan: Plan) -> ConflictError:
    first = plan.duties[0].duty
    assert first is not None  # noqa: S101  duties have one
    until = "its release" if first.until_us is None else _day(first.until_us)
    return ConflictError(
        f"nothing was deleted: {first.rule} ({first.provision or 'no provision named'})"
        f" keeps {len(plan.duties)} payloads until {until}",
        hint="mlledger vault rules shows what is in force",
    )


def _day(microseconds: int) -> str:
    from ledger.output import format_time

    return (format_time(microseconds) or "")[:10]
