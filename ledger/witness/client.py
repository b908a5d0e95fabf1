"""Ask witnesses for cosignatures, from the side of one log.

All are asked at the same time, within one bound of time for all of them. Nothing a
witness says is believed without its signature, save two things that only make the log
more careful: that it holds a larger tree than ours, or another one.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ledger import clock
from ledger.errors import EvidenceError, LedgerError, MalformedError
from ledger.note import (
    SignatureLine,
    Vkey,
    is_signed_by,
    verify_cosignature,
)
from ledger.witness.connection import Connection
from ledger.witness.protocol import (
    SIZE_TYPE,
    Answer,
    format_request,
    parse_lines,
    parse_size,
)

Kind = Literal["signed", "ahead", "fork", "refused", "away"]
MAX_TRIES = 4
"""Requests of one submission: a witness whose size keeps moving is left alone."""
SKEW_S = 60
_PAUSES_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint to be cosigned.

    Attributes:
        text: the note's text.
        note: the whole note with the log's signatures.
        size: number of leaves.
        prove: returns the consistency proof from a smaller size, 1 or more.
        not_before_s: clock of the last leaf, seconds since 1970: who signs much
            earlier has a wrong clock.
        now_s: the log's clock.
    """

    text: str
    note: bytes
    size: int
    prove: Callable[[int], Sequence[bytes]]
    not_before_s: int
    now_s: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of asking one witness.

    Attributes:
        witness: its name in the policy.
        kind: ``signed``; ``ahead``, it holds a larger tree; ``fork``, it holds a tree
            that ours does not continue; ``refused``, by it or by us; ``away``.
        problem: in words, empty when it signed.
        line: its signature line, verified; None unless it signed.
        time_s: when it signed, by its clock; None unless it signed.
        size: size of the tree it holds, as far as is known.
    """

    witness: str
    kind: Kind
    problem: str = ""
    line: SignatureLine | None = None
    time_s: int | None = None
    size: int | None = None


class WitnessClient:
    """One witness, as the sealer of one log knows it.

    Args:
        name: its name in the policy.
        vkey: its cosignature key.
        url: its submission prefix.
        size: size of the tree it was last seen to hold; 0 when nothing is known.

    Raises:
        ConfigurationError: the URL is not usable.
    """

    def __init__(self, *, name: str, vkey: Vkey, url: str, size: int = 0) -> None:
        self.name = name
        self.vkey = vkey
        self.size = size
        self.has_answered = False
        self._connection = Connection(url)
        self._busy = threading.Lock()
        self._failures = 0
        self._next_s = 0.0
        self._last = Reply(name, "away", "not asked yet")

    def begin(
        self, submission: Submission, replies: queue.SimpleQueue[Reply], until: float
    ) -> bool:
        """Ask on a thread of its own; False when it is left alone for now."""
        if clock.monotonic() < self._next_s or not self._busy.acquire(blocking=False):
            return False
        threading.Thread(
            target=self._run, args=(submission, replies, until), daemon=True
        ).start()
        return True

    def abandon(self) -> Reply:
        """Stop waiting for an answer that is overdue."""
        self._connection.close()
        return self._note(Reply(self.name, "away", "no answer in time"))

    def last(self) -> Reply:
        """Return what came of asking last."""
        return self._last

    def _run(
        self, submission: Submission, replies: queue.SimpleQueue[Reply], until: float
    ) -> None:
        try:
            reply = self.ask(submission, until)
        finally:
            self._busy.release()
        replies.put(reply)

    def ask(self, submission: Submission, until: float) -> Reply:
        """Ask, and ask again from the size that the witness names.

        Args:
            submission: what to sign.
            until: when to give up, on :func:`ledger.clock.monotonic`.
        """
        try:
            reply = self._ask(submission, until)
        except EvidenceError as error:
            reply = Reply(self.name, "refused", str(error))
        except LedgerError as error:
            reply = Reply(self.name, "away", str(error))
        finally:
            self._connection.close()
        return self._note(reply)

    def _note(self, reply: Reply) -> Reply:
        self._last = reply
        self._failures = 0 if reply.kind == "signed" else self._failures + 1
        pause = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
        self._next_s = clock.monotonic() + pause
        return reply

    def _ask(self, submission: Submission, until: float) -> Reply:
        old = min(self.size, submission.size)
        for _ in range(MAX_TRIES):
            answer = self._post(submission, old, until)
            if answer.status != 409 or answer.content_type != SIZE_TYPE:
                return self._read(answer, submission, old)
            self.has_answered = True
            size = parse_size(answer.body)
            if size > submission.size:
                text = f"holds size {size}, ours is {submission.size}"
                return Reply(self.name, "ahead", text, size=size)
            if size == old:
                return Reply(
                    self.name, "refused", f"size {old} is, and is not, its own"
                )
            old = size
        return Reply(self.name, "refused", "its size keeps changing while it is asked")

    def _post(self, submission: Submission, old: int, until: float) -> Answer:
        proof = submission.prove(old) if 0 < old < submission.size else ()
        body = format_request(old_size=old, proof=proof, note=submission.note)
        return self._connection.post(body, until)

    def _read(self, answer: Answer, submission: Submission, old: int) -> Reply:
        if answer.status == 200:
            return self._signed(answer, submission)
        said = answer.body[:200].decode(errors="replace").strip()
        text = f"{_MEANINGS.get(answer.status, 'cannot answer')} ({answer.status})"
        text += f": {said!r}" if said else ""
        if answer.status in {409, 422}:
            self.has_answered = True
            return Reply(self.name, "fork", text, size=old)
        kind: Kind = "refused" if answer.status in _MEANINGS else "away"
        return Reply(self.name, kind, text)

    def _signed(self, answer: Answer, submission: Submission) -> Reply:
        note = parse_lines(submission.text, answer.body)
        if not is_signed_by(note, self.vkey):
            raise MalformedError(f"answered without a signature of {self.vkey}")
        time_s = verify_cosignature(note, self.vkey)
        earliest, latest = submission.not_before_s - SKEW_S, submission.now_s + SKEW_S
        if not earliest <= time_s <= latest:
            raise MalformedError(
                f"signed at {time_s}, which is not within {earliest} and {latest}: one "
                "of the two clocks is wrong"
            )
        self.has_answered = True
        self.size = submission.size
        wanted = (self.vkey.name, self.vkey.key_id)
        line = next(s for s in note.signatures if (s.name, s.key_id) == wanted)
        return Reply(self.name, "signed", "", line, time_s, submission.size)


_MEANINGS = {
    400: "calls the request malformed",
    403: "does not accept the log's signature",
    404: "does not know this log",
    409: "holds another tree of that size",
    422: "holds a tree that ours does not continue",
}


def ask_all(
    clients: Sequence[WitnessClient], submission: Submission, *, seconds: float
) -> list[Reply]:
    """Ask all witnesses at once; return their replies within that time, in order.

    Whoever failed shortly before is left alone for a while, and counts as it did.
    """
    until = clock.monotonic() + seconds
    replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
    asked = {c.name: c for c in clients if c.begin(submission, replies, until)}
    found: dict[str, Reply] = {}
    while len(found) < len(asked):
        try:
            reply = replies.get(timeout=max(until - clock.monotonic(), 0.001))
        except queue.Empty:
            break
        found[reply.witness] = reply
    for name in asked.keys() - found.keys():
        found[name] = asked[name].abandon()
    return [found.get(client.name, client.last()) for client in clients]
