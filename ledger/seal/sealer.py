"""The sealer of one origin: from records in the log to a signed checkpoint.

A batch ends after one second, 32 MiB or 5,000 records::

    1 read      from the next offset to the high watermark
    2 judge     registry size, verdicts, leaves, tiles, root
    3 stage     tiles into staging/, synced
    4 swap      compare-and-swap of head and streams: of two sealers one loses here
    5 sign      the note of the head that was swapped in, and of no other
    6 copy      staged files to their final names, create-exclusive
    7 publish   witnesses cosign; then ``checkpoint`` by atomic rename and
                ``checkpoint.<size>`` beside it, or ``checkpoint.pending``
    8 clean     overtaken partial tiles and staging go

Steps 1 to 3 leave no trace; from step 4 on the batch is history, and whatever stops the
sealer then is finished by the next start (:mod:`ledger.seal.recovery`).
No growth, no new checkpoint; its cosignatures are renewed, though.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import clock
from ledger.control import Control
from ledger.errors import IntegrityError, UnavailableError
from ledger.leaf import parse_leaf
from ledger.log import CONTROL, Log
from ledger.seal.batch import MAX_BYTES, MAX_RECORDS, Batch
from ledger.seal.origin import sealed_origin
from ledger.seal.recovery import (
    recover,
    verify_log_identity,
    verify_log_reaches,
    verify_open,
)
from ledger.seal.retention import CheckpointRetention
from ledger.seal.state import HeadState, State
from ledger.seal.steps import SealResult, no_hook
from ledger.seal.streams import BatchStreams
from ledger.tiles import TileWriter
from ledger.tree import Frontier
from ledger.verification.control import ControlReader, policy_of
from ledger.verification.log_start import verify_log_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.config import Config
    from ledger.keys import Signer
    from ledger.seal.publish import Hook
    from ledger.seal.signing import NoteSigner

TEND_SECONDS = 1.0
"""How often a sealer without growth looks whether its checkpoint needs anything."""


class Sealer:
    """Seals one origin. One thread uses it; other sealers of the origin lose.

    Args:
        config: the ledger home; public and staging folders come from it.
        partition: −1 control, −2 manifest, 0 and up events.
        log: the ledger's log.
        state: where the head is kept.
        signer: the origin's log keys, or the only one.
        control: the sealed control log; sealers of one process may share it.
        now_ms: wall clock in milliseconds; when it goes back, ``sealed_at_ms`` stays.
        monotonic: seconds that never go back, for the length of a batch.
        hook: called with the name of each step (:data:`STEPS`) before it is taken.
    """

    def __init__(  # noqa: PLR0913  a sealer touches the whole world
        self,
        config: Config,
        *,
        partition: int,
        log: Log,
        state: State,
        signer: NoteSigner | Signer,
        control: ControlReader,
        now_ms: Callable[[], int] = clock.now_ms,
        monotonic: Callable[[], float] = clock.monotonic,
        hook: Hook = no_hook,
    ) -> None:
        self._parts = parts = sealed_origin(
            config,
            partition=partition,
            log=log,
            state=state,
            signer=signer,
            control=self._control_now,
            now_ms=now_ms,
            hook=hook,
        )
        self._name = config.name
        self._source = control
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._hook = hook
        self._retention = CheckpointRetention(
            parts.publication.final, parts.publication.sealed_at_ms
        )
        self._ready = False
        self._head: HeadState | None = None
        self._own_control = Control()
        self._streams = BatchStreams(state, parts.origin)
        self._tiles = TileWriter(parts.publication.read, Frontier())
        self._tended_at = -TEND_SECONDS

    @property
    def origin(self) -> str:
        """The origin it seals."""
        return self._parts.origin

    @property
    def alarm(self) -> str:
        """What is wrong with the newest checkpoint's witnesses, or an empty text."""
        return self._parts.publisher.alarm

    @property
    def next_offset(self) -> int:
        """Offset of the first record that is not sealed, as this sealer knows it."""
        return self._head.next_offset if self._head else 0

    def log_end(self) -> int:
        """Return the offset that the next record of its log gets."""
        return self._parts.log.bounds(self._parts.partition)[1]

    def recover(self) -> None:
        """Compare state, public folder and log; finish what was left half done.

        Runs by itself before the first batch and after any failure.

        Raises:
            IntegrityError: they contradict each other; the text says what to do.
            MissingEvidenceError: tiles or records that are needed are absent.
        """
        with self._parts.publication.locked():
            self._recover()

    def _recover(self) -> None:
        self._own_control = Control()
        head = recover(self._parts)
        self._head = head
        self._streams = BatchStreams(self._parts.state, self.origin)
        frontier = Frontier.from_bytes(head.size, head.frontier) if head else Frontier()
        self._tiles = TileWriter(self._parts.publication.read, frontier)
        if self._parts.partition == CONTROL:
            self._own_control = self._source.refresh().copy() if head else Control()
            self._publish_policy()
        self._ready = True

    def seal_once(self) -> SealResult:
        """Seal one batch: what the log holds now, up to the limits of a batch.

        Raises:
            ConflictError: another sealer moved the head: this one must stop.
            IntegrityError: state, public folder and log contradict each other: stop.
            UnavailableError: log, database or disk is away or full: call again.
        """
        try:
            with self._parts.publication.locked():
                if not self._ready:
                    self._recover()
                return self._seal_once()
        except OSError as error:
            self._ready = False
            raise UnavailableError(
                f"{self.origin}: {error}", hint="nothing is lost; free the disk"
            ) from error
        except BaseException:
            self._ready = False
            raise

    def _seal_once(self) -> SealResult:
        self._hook("read")
        start = self._start()
        if self.log_end() == start:
            return self._tended()
        batch = self._judge(start)
        if not batch.leaves:
            return self._tended()
        head = self._stage(batch)
        self._swap(head)
        note = self._parts.sign(head)
        self._parts.copy(head)
        self._parts.publish(head, note)
        if self._parts.partition == CONTROL:
            self._publish_policy()
        self._parts.clean(head)
        self._retention.published()
        self._hook("done")
        return batch.result(head.size)

    def _start(self) -> int:
        if self._head is not None:
            verify_log_identity(self._parts, self._head)
        start = verify_log_reaches(self._parts, self.next_offset)
        if start:
            verify_log_start(self._parts.log, self.origin, self._control())
        return self.next_offset

    def _judge(self, start: int) -> Batch:
        head, partition = self._head, self._parts.partition
        batch = Batch(
            origin=self.origin,
            partition=partition,
            first_leaf=head.size if head else 0,
            next_offset=start,
            control=self._control(),
            sealed_at_ms=self._batch_clock(),
            streams=self._streams,
        )
        self._hook("judge")
        records = self._parts.log.read(
            partition, start, max_bytes=MAX_BYTES, max_records=MAX_RECORDS
        )
        batch.fill(records, self._monotonic)
        return batch

    def _control(self) -> Control:
        if self._parts.partition == CONTROL:
            return self._own_control
        control = self._source.refresh()
        pinned = self._head.registry_size if self._head else 0
        if control.size < pinned:
            raise IntegrityError(
                f"{self.origin}: its last leaf pins {pinned} control leaves, but the "
                f"control log has {control.size}",
                place=f"{self.origin} leaf {self._head.size - 1 if self._head else 0}",
                expected=f"control log of {pinned} or more",
                actual=f"{control.size}",
                hint="the control log was rolled back: restore its newest state",
            )
        verify_open(control, self.origin)
        return control

    def _batch_clock(self) -> int:
        """The clock of the batch; it is read after the control log on purpose.

        A control leaf must not look much older than a leaf that did not see it, nor
        newer than one that did: so no origin's clock goes back, and neither the control
        log's nor that of an origin which rests on it is behind the other.
        """
        last = self._head.sealed_at_ms if self._head else 0
        if self._parts.partition == CONTROL:
            last = max(last, self._parts.state.latest_sealed_ms(self._name))
        elif self._source.sealed_at_ms:
            last = max(last, self._source.sealed_at_ms[-1])
        return max(self._now_ms(), last)

    def _stage(self, batch: Batch) -> HeadState:
        size, root, files = self._tiles.extend(batch.leaves)
        head = HeadState(
            origin=self.origin,
            size=size,
            root=root,
            next_offset=batch.next_offset,
            topic_id=self._parts.log.identity(self._parts.partition),
            frontier=self._tiles.frontier.to_bytes(),
            sealed_at_ms=batch.sealed_at_ms,
            registry_size=parse_leaf(batch.leaves[-1]).registry_size,
        )
        self._hook("stage")
        self._parts.publication.stage(size=size, root=root, files=files)
        return head

    def _swap(self, head: HeadState) -> None:
        self._hook("swap")
        self._parts.state.swap(self._head, head, self._streams.changes())
        self._streams.committed()
        self._head = head

    def _publish_policy(self) -> None:
        if self._own_control.size:
            self._hook("policy")
            self._parts.publication.publish_policy(policy_of(self._own_control))

    def _control_now(self) -> Control:
        """The control log as it stands for the newest head, published or not."""
        if self._parts.partition != CONTROL:
            return self._source.control if self._head else self._source.refresh()
        head = self._parts.state.head(self.origin)
        if head is not None and self._own_control.size != head.size:
            checkpoint = self._parts.checkpoint_of(head)
            self._own_control = self._source.folded_to(checkpoint)
        return self._own_control

    def _tended(self) -> SealResult:
        """Without growth: publish what waits for witnesses, renew cosignatures."""
        now = self._monotonic()
        if self._head and now - self._tended_at >= TEND_SECONDS:
            self._tended_at = now
            self._control()
            if self._parts.publisher.is_due():
                self._parts.publish_again(self._head)
        return SealResult(self.origin, 0, 0, self._head.size if self._head else 0)
