"""Receipts: what the published ledger says about entries that were appended.

An entry is *sealed* once a leaf of the published tree, authenticated up to a checkpoint
that the origin's log key signed, says ACCEPTED of exactly its bytes, or DUPLICATE and
names such a leaf. The log key comes from the control log, verified from the ledger id.
Until that can be verified, nothing counts as sealed and the journal keeps everything.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import (
    LedgerError,
    MissingEvidenceError,
    NotFoundError,
    SignatureError,
)
from ledger.forks import gate
from ledger.public import PublicFolder
from ledger.shipping.receipt import Receipt, receipt_of
from ledger.verdict import Verdict

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.journal.rows import Waiting
    from ledger.log import Log
    from ledger.public import OriginReader
    from ledger.shipping.epochs import OpenEpochs
    from ledger.verification.control import ControlReader


class ReceiptReader:
    """Reads receipts from ``public/``; used from one thread.

    Args:
        config: names the ledger and its id; tells where ``public/`` is.
        log_factory: opens the log, once, to read the control log.
        epochs: told which origins are open, as the control log says; None tells nobody.
    """

    def __init__(
        self,
        config: Config,
        log_factory: Callable[[Config], Log],
        epochs: OpenEpochs | None = None,
    ) -> None:
        self._config = config
        self._epochs = epochs
        self._log_factory = log_factory
        self._public = PublicFolder(config.public)
        self._log: Log | None = None
        self._control: ControlReader | None = None

    def receipts(self, rows: Sequence[Waiting]) -> list[Receipt]:
        """Return the receipts that have been published, in the order of the rows.

        Raises:
            MissingEvidenceError: checkpoint, tile or control log are not there yet.
            LogUnavailableError: the control log cannot be read now.
            IntegrityError: the published ledger contradicts itself.
        """
        readers: dict[str, OriginReader] = {}
        unsealed: dict[str, int] = {}
        if rows and self._epochs is not None:
            self._epochs.learn(self._controls().refresh())
        found: list[Receipt] = []
        for row in rows:
            if row.offset >= unsealed.get(row.origin, row.offset + 1):
                continue
            if row.origin not in readers:
                readers[row.origin] = self._reader(row.origin)
            receipt = receipt_of(readers[row.origin], row)
            if self._is_closed(row.origin) and not (receipt and receipt.is_sealed):
                # Its log takes no more: the events are signed anew for an open one.
                receipt = Receipt(row, Verdict.WRONG_LOG, is_ours=True)
            if receipt is None:
                unsealed[row.origin] = row.offset
            else:
                found.append(receipt)
        return found

    def may_sign(self, key_fp: bytes) -> Callable[[bytes], bool]:
        """Return what tells by schema id whether a key may write such events now.

        Raises:
            LedgerError: as :meth:`receipts`.
        """
        from ledger.authority import may_write

        control = self._controls().refresh()
        key = control.key(key_fp)

        def allowed(schema_id: bytes) -> bool:
            try:
                name, _version = control.schema_name(schema_id)
            except NotFoundError:
                return True  # to be registered: the sealer says UNKNOWN_SCHEMA, we wait
            return key is not None and may_write(key, name, "events")

        return allowed

    def is_authorised(self, key_fp: bytes) -> bool:
        """Tell whether the control log knows a key and has not revoked it.

        Raises:
            LedgerError: as :meth:`receipts`.
        """
        key = self._controls().refresh().key(key_fp)
        return key is not None and key.revoked_at is None

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            self._log.close()
            self._log = self._control = None

    def _is_closed(self, origin: str) -> bool:
        state = self._controls().control.logs.get(origin)
        return state is not None and state.closed_at is not None

    def _reader(self, origin: str) -> OriginReader:
        controls = self._controls()
        if origin not in controls.control.log_vkeys:
            controls.refresh()
        vkeys = controls.control.active_vkeys(origin)
        if not vkeys:
            raise MissingEvidenceError(f"{origin}: no log key in the control log yet")
        try:
            return self._under_policy(origin)
        except SignatureError:
            # Its key may have come into use since the control log was read.
            controls.refresh()
            return self._under_policy(origin)

    def _under_policy(self, origin: str) -> OriginReader:
        from ledger.verification.witnessing import published_reader

        enforce = self._config.seal.witnesses == "enforce"
        return published_reader(self._public, self._controls(), origin, enforce=enforce)

    def _controls(self) -> ControlReader:
        if self._control is None:
            from ledger.verification.control import ControlReader

            self._log = self._log_factory(self._config)
            self._control = ControlReader(
                log=self._log,
                public=self._public,
                ledger_id=self._config.ledger_id,
            )
        return self._control


@dataclass(frozen=True, slots=True)
class Question:
    """What the shipper wants to know.

    Attributes:
        rows: journal id → entries that wait for a verdict.
        key_fp: the producer's key.
        wants_key: whether signing waits for that key to be authorised.
    """

    rows: Mapping[bytes, Sequence[Waiting]]
    key_fp: bytes
    wants_key: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What could be found out.

    Attributes:
        receipts: journal id → receipts.
        may_sign: tells by schema id what the key may write; None unless one of the
            receipts asks for it.
        is_authorised: whether the key is known and not revoked; None likewise.
        error: why nothing could be found out, or None; empty when what is needed has
            not been published yet.
    """

    receipts: Mapping[bytes, Sequence[Receipt]]
    may_sign: Callable[[bytes], bool] | None = None
    is_authorised: bool | None = None
    error: str | None = None


class ReceiptDesk:
    """Answers the shipper's questions on a thread of its own, one at a time.

    ``public/`` may be slow or far away; sending never waits for it.
    """

    def __init__(self, reader: ReceiptReader, wake: Callable[[], None]) -> None:
        self._reader = reader
        self._wake = wake
        self._asked: queue.SimpleQueue[Question | None] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.is_busy = False

    def ask(self, question: Question) -> None:
        """Ask; only when the last question has been answered."""
        self.is_busy = True
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="mlledger-receipts", daemon=True
            )
            self._thread.start()
        self._asked.put(question)

    def reply(self) -> Reply | None:
        """Return the answer, once; None while there is none."""
        try:
            reply = self._replies.get_nowait()
        except queue.Empty:
            return None
        self.is_busy = False
        return reply

    def close(self) -> None:
        """End the thread when it has finished what it is doing; does not wait."""
        self._asked.put(None)

    def _run(self) -> None:
        while (question := self._asked.get()) is not None:
            with gate:
                reply = answer(self._reader, question)
            self._replies.put(reply)
            self._wake()
        self._reader.close()


_ASKS_FOR_KEY = frozenset((Verdict.NOT_AUTHORISED, Verdict.KEY_REVOKED))


def answer(reader: ReceiptReader, question: Question) -> Reply:
    """Answer one question; what fails is said in the reply."""
    try:
        receipts = {
            journal: reader.receipts(rows) for journal, rows in question.rows.items()
        }
        verdicts = {item.verdict for items in receipts.values() for item in items}
        if not (verdicts & _ASKS_FOR_KEY or question.wants_key):
            return Reply(receipts)
        return Reply(
            receipts,
            may_sign=reader.may_sign(question.key_fp),
            is_authorised=reader.is_authorised(question.key_fp),
        )
    except MissingEvidenceError:
        return Reply({}, error="")
    except (LedgerError, OSError) as error:
        return Reply({}, error=f"{type(error).__name__}: {error}")
