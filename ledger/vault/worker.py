"""The vault's worker: takes envelopes in, once each, behind the sealed log.

::

    step: read the sealed log: decisions that committed to a payload, rules, holds
          read the transport: open, find the subject's key, encrypt, store
          compare what waits with what is sealed: kept, or quarantined with a reason

Every step may be cut off anywhere and is repeated: a data key is durable before what
lies under it, and rows and position are one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import IntegrityError, MalformedError, MissingEvidenceError
from ledger.payload.envelope import Opened, open_envelope
from ledger.vault.crypt import encrypt
from ledger.vault.lock import alone
from ledger.vault.store import Encrypted, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ledger.config import Config
    from ledger.log import Record
    from ledger.payload.transport import PayloadLog
    from ledger.vault.follow import Follower
    from ledger.vault.postgres import PostgresVault
    from ledger.vault.secrets import Secrets
    from ledger.vault.shelf import Shelf

BATCH = 256
PATIENCE_DAYS = 8
"""A payload waits so long for its decision: longer than a producer keeps resending
while the transport still holds what it sent."""
_DAY_US = 86_400_000_000


@dataclass(slots=True)
class Vault:
    """The parts of a vault, opened.

    Attributes:
        config: of the home.
        secrets: its keys.
        shelf: the data keys.
        store: the database.
        transport: where envelopes come from.
        follower: reads the sealed log.
        now_us: clock.
        on_step: told the name of each step once it is done; tests kill there.
    """

    config: Config
    secrets: Secrets
    shelf: Shelf
    store: PostgresVault
    transport: PayloadLog
    follower: Follower
    now_us: Callable[[], int] = clock.now_us
    on_step: Callable[[str], None] = field(default=lambda _step: None)

    def alone(self) -> AbstractContextManager[None]:
        """Hold the vault's lock for a block; see :mod:`ledger.vault.lock`."""
        keys = self.config.home / self.config.vault.keys
        return alone(keys.with_suffix(".lock"))


class VaultWorker:
    """Does the vault's work step by step.

    Args:
        vault: its parts.

    Attributes:
        done: what was done since the start, by kind.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.done = {
            "decisions seen": 0,
            "payloads taken": 0,
            "kept": 0,
            "quarantined": 0,
            "refused": 0,
            "expired on the way": 0,
        }

    def step(self) -> bool:
        """Do all there is to do now; tell whether there was anything.

        Raises:
            UnavailableError: log, transport or database is away; try again.
            IntegrityError: the evidence contradicts itself.
        """
        before = dict(self.done)
        with self._vault.alone():
            self.catch_up()
        return self.done != before

    def catch_up(self) -> None:
        """Do a step within the caller's hold on the vault."""
        self.follow()
        self.take()
        self.settle()

    def follow(self) -> None:
        """Read the sealed log to its end."""
        follower, store = self._vault.follower, self._vault.store
        for origin in follower.origins():
            at = store.position(origin)
            while (read := follower.read(origin, at)) is not None:
                store.put_sealed(read)
                self._vault.on_step("followed")
                at = read.next_leaf
                self.done["decisions seen"] += len(read.decisions)

    def take(self) -> None:
        """Read the transport to its end."""
        store, transport = self._vault.store, self._vault.transport
        try:
            source = f"transport/{transport.identity().hex()}"
            first, _end = transport.bounds()
        except MissingEvidenceError:
            return  # there is no payload topic: nothing was captured yet
        at = store.position(source)
        if at < first:
            is_topic = self._vault.config.log.kind == "kafka"
            self.done["expired on the way"] += (first - at) if is_topic else 0
            at = first
        while records := transport.read(at, limit=BATCH):
            at = self._take(source, records)
        if self._vault.config.log.kind == "sqlite":
            transport.forget(at)  # a letter box: what the vault has may go at once
            self._vault.on_step("emptied")

    def settle(self) -> None:
        """Compare payloads that wait with the decisions that are sealed by now."""
        now = self._vault.now_us()
        counts = self._vault.store.settle(stale_before_us=now - PATIENCE_DAYS * _DAY_US)
        for state, count in counts.items():
            self.done[state] += count
        self._vault.shelf.forget_suppressed(now // 1_000)

    def _take(self, source: str, records: list[Record]) -> int:
        arrived: list[Encrypted] = []
        refused: list[Refused] = []
        for record in records:
            try:
                opened = self._opened(record.value or b"")
            except (MalformedError, IntegrityError) as error:
                digest = sha256(record.value or b"").digest()
                refused.append(Refused(record.offset, digest, str(error)))
                continue
            arrived.append(self._encrypted(opened))
        self._vault.on_step("keyed")
        following = records[-1].offset + 1
        now = self._vault.now_us()
        self._vault.store.put_arrived(source, following, arrived, refused, now)
        self._vault.on_step("taken")
        self.done["payloads taken"] += len(arrived)
        self.done["refused"] += len(refused)
        return following

    def _opened(self, envelope: bytes) -> Opened:
        vault = self._vault
        return open_envelope(
            envelope, vault.secrets.private_key, ledger_id=vault.config.ledger_id
        )

    def _encrypted(self, opened: Opened) -> Encrypted:
        shelf = self._vault.shelf
        return encrypt(opened, shelf.key_for(shelf.tag(opened.payload.subject)))
