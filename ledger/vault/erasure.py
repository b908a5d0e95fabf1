"""Deletion: plan, rows, transport, keys, evidence; whatever was begun is finished.

::

    1 plan     holds and retention rules first; written down before anything is done
    2 rows     what stays is put under a new key; the rest is deleted
    3 topic    what the vault has taken is deleted from the transport
    4 keys     data keys destroyed, and the event that says so kept, in one transaction
    5 evidence the event is emitted, durable in the journal; then the plan is forgotten

A crash after any step is mended by doing the same again: the event's bytes are made
once, so that a second copy in the log is the same event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.avro import built_in_schemas
from ledger.codec import Decoders
from ledger.errors import LedgerError
from ledger.payload.transport import CLEAR_DAYS
from ledger.vault.crypt import decrypt, encrypt
from ledger.vault.evidence import Trace, deletion_events, pack, unpack
from ledger.vault.plan import Plan, Reason, made_ms, planned, written
from ledger.vault.rules import DAY_US, Rule, Rules, in_force, is_due
from ledger.vault.shelf import Begun
from ledger.vault.store import Encrypted
from ledger.vault.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ledger.codec import Decoded
    from ledger.vault.store import Held
    from ledger.vault.worker import Vault

QUARANTINE_DAYS = 30
"""What no decision committed to is deleted after so many days, by no other rule."""
QUARANTINE_RULE = "vault.quarantine"
AT_ONCE = 1_000
"""So many data keys are destroyed in one deletion on schedule."""
_NEVER_US = 200_000 * DAY_US


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deletion that is done: one event, or more for very many decisions."""

    events: list[Decoded]

    @property
    def deleted_at_us(self) -> int:
        """When the keys were destroyed, microseconds since 1970."""
        return self.events[0].fields["deleted_at"]

    @property
    def decisions(self) -> list[bytes]:
        """The decisions whose payload is gone."""
        return [i for event in self.events for i in event.fields["decisions"]]


@dataclass(frozen=True, slots=True)
class _Limits:
    before_us: int
    uses: Sequence[str]
    stale_us: int


class Eraser:
    """Deletes payload.

    Args:
        vault: its parts, brought up to date by the worker.
        emit: takes (schema id, body) of the evidence; durable when it returns.
    """

    def __init__(
        self, vault: Vault, emit: Callable[[list[tuple[bytes, bytes]]], None]
    ) -> None:
        self._vault = vault
        self._emit = emit

    def plan_subject(self, subject: str) -> Plan | None:
        """Return what the deletion of a subject's payload would do; None if none is."""
        key = self._vault.shelf.open_key(self._vault.shelf.tag(subject))
        if key is None:
            return None
        rules = in_force(self._vault.store.rules())
        now = self._vault.now_us()
        held = self._vault.store.held_under([key.key_id])
        return planned([key.key_id], held, (), rules, now)

    def plan_schedule(self) -> Iterator[tuple[str, Plan]]:
        """Yield what is due by retention rules, by the name of the rule."""
        now = self._vault.now_us()
        rules = in_force(self._vault.store.rules())
        for rule in rules.ceilings:

            def is_ours(held: Held, rule: Rule = rule) -> bool:
                return is_due(rule, held, now_us=now)

            limits = _Limits(now - rule.period_us, rule.uses, 0)
            for plan in self._plans(limits, is_ours, rules):
                yield rule.name, plan
        stale = now - QUARANTINE_DAYS * DAY_US

        def is_stale(held: Held) -> bool:
            return held.state == "quarantined" and held.received_us <= stale

        for plan in self._plans(_Limits(0, (), stale), is_stale, rules):
            yield QUARANTINE_RULE, plan

    def plan_late(self) -> Iterator[tuple[bytes, int, Plan]]:
        """Yield what goes since a deletion on request: it came late, or a duty ended.

        Yields:
            The subject's tag, up to which decision time (ms) its payload goes, plan.
        """
        store, shelf, now = self._vault.store, self._vault.shelf, self._vault.now_us()
        for tag, before_ms in shelf.suppressed().items():
            if (key := shelf.open_key(tag)) is not None:
                held = store.held_under([key.key_id])
                stays = [h for h in held if made_ms(h) > before_ms]
                rules = in_force(store.rules())
                plan = planned([key.key_id], held, stays, rules, now)
                if plan.deleted:
                    yield tag, before_ms, plan

    def erase(
        self,
        plan: Plan,
        reason: Reason,
        *,
        tag: bytes | None = None,
        before_ms: int | None = None,
    ) -> Deleted:
        """Delete what a plan says, and emit the evidence.

        Args:
            plan: with something to delete.
            reason: why.
            tag: of the subject, for a deletion on request.
            before_ms: the request is about decisions made up to then; now by default.

        Raises:
            UnavailableError: something is away; call :meth:`finish_begun` later.
        """
        now = self._vault.now_us()
        ends = [item.duty.until_us or _NEVER_US for item in plan.duties if item.duty]
        until = max([now + (CLEAR_DAYS + 1) * DAY_US, *(e + 30 * DAY_US for e in ends)])
        begun = Begun(clock.new_id(), tag, written(plan, reason), None)
        self._vault.shelf.begin(
            begun,
            before_ms=now // 1_000 if before_ms is None else before_ms,
            until_ms=until // 1_000,
        )
        self._vault.on_step("planned")
        return self._finish(begun)

    def finish_begun(self) -> list[Deleted]:
        """Finish deletions that a process began and did not end."""
        return [self._finish(begun) for begun in self._vault.shelf.begun()]

    def _finish(self, begun: Begun) -> Deleted:
        packed = begun.event
        if packed is None:
            self._delete_rows(begun.plan)
            packed = self._destroy(begun, self._trim())
        events = unpack(packed)
        self._emit(events)
        self._vault.on_step("evidence")
        self._vault.shelf.finish(begun)
        self._vault.on_step("finished")
        decoders = Decoders(built_in_schemas().__getitem__)
        return Deleted([decoders.decode(known_as, body) for known_as, body in events])

    def _delete_rows(self, plan: dict[str, Any]) -> None:
        key_ids = [bytes.fromhex(text) for text in plan["key_ids"]]
        stays = {bytes.fromhex(text) for text in plan["stays"]}
        for key_id in key_ids:
            self._vault.shelf.leave(key_id)
        for held in self._vault.store.held_under(key_ids):
            if held.decision_id in stays:
                self._rekey(held)
        self._vault.on_step("rekeyed")
        self._vault.store.delete_under(key_ids)
        self._vault.on_step("rows deleted")

    def _rekey(self, held: Held) -> None:
        """Put a payload under its subject's next key, if it is not there already."""
        store, shelf = self._vault.store, self._vault.shelf
        row, old = store.under(held), shelf.key(held.key_id)
        tag = shelf.tag_of(held.key_id)
        if row is None or old is None or tag is None:
            return
        item = Encrypted(held.decision_id, held.commitment, held.key_id, *row)
        store.rekey(held, encrypt(decrypt(item, old), shelf.key_for(tag)))

    def _trim(self) -> str:
        """Delete from the transport what the vault has; returns how that went."""
        transport, store = self._vault.transport, self._vault.store
        try:
            source = f"transport/{transport.identity().hex()}"
            transport.forget(store.position(source))
        except LedgerError as error:
            return type(error).__name__
        self._vault.on_step("trimmed")
        return ""

    def _destroy(self, begun: Begun, trouble: str) -> bytes:
        vault, plan, now = self._vault, begun.plan, self._vault.now_us()
        key_ids = [bytes.fromhex(text) for text in plan["key_ids"]]
        deleted = [bytes.fromhex(text) for text in plan["deleted"]]
        trace = Trace(
            config=vault.config,
            now_us=now,
            accesses=vault.store.accesses(deleted),
            windows=Windows(vault.store).over(deleted),
            trouble=trouble,
        )
        packed = pack(deletion_events(begun, trace))
        vault.shelf.destroy(begun, key_ids, packed)
        vault.on_step("keys destroyed")
        return packed

    def _plans(
        self, limits: _Limits, goes: Callable[[Held], bool], rules: Rules
    ) -> Iterator[Plan]:
        store, after = self._vault.store, b""
        while key_ids := store.keys_due(
            before_us=limits.before_us,
            uses=limits.uses,
            stale_us=limits.stale_us,
            after=after,
            limit=AT_ONCE,
        ):
            after = key_ids[-1]
            held = store.held_under(key_ids)
            stays = [item for item in held if not goes(item)]
            plan = planned(key_ids, held, stays, rules, self._vault.now_us())
            if plan.deleted:
                yield plan
