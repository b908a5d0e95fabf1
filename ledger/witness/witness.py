"""What a witness signs, and what it answers otherwise.

============================================================  ======
the request                                                   answer
============================================================  ======
does not parse, or ``old`` is larger than the checkpoint      400
names a log that is not known                                 404
carries no valid signature of a key known for that log        403
starts from another size than the one signed last             409
proof does not hold; same size, other root; size 0, a root    422
holds: remembered first, then signed                          200
============================================================  ======

A log that was never signed starts at size 0, or at its pin. A pin is the size and root
that the operator of the witness was told by other ways than the log itself.

Source: C2SP tlog-witness v1.0.0, "add-checkpoint".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger import clock
from ledger.checkpoint import verify_log_signatures
from ledger.errors import (
    ConfigurationError,
    EvidenceError,
    MalformedError,
    SignatureError,
)
from ledger.merkle import EMPTY_ROOT, HASH_SIZE
from ledger.note import Note, Vkey, cosign, parse_base64, parse_decimal, parse_note
from ledger.tree import verify_consistency
from ledger.witness.protocol import (
    SIZE_TYPE,
    Answer,
    Request,
    format_size,
    parse_request,
)
from ledger.witness.state_sqlite import Remembered

if TYPE_CHECKING:
    from ledger.keys import Signer
    from ledger.witness.state_sqlite import WitnessState


@dataclass(frozen=True, slots=True)
class Head:
    """The tree head that any log's checkpoint names.

    Attributes:
        origin: of the log.
        size: number of leaves.
        root: 32 bytes.
    """

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Pin:
    """Where the history of a log must start: told from elsewhere.

    Attributes:
        origin: of the log.
        size: 0 or more.
        root: 32 bytes.
    """

    origin: str
    size: int
    root: bytes


class Witness:
    """Cosigns the checkpoints of some logs; safe to use from several threads.

    Args:
        name: name of the witness, the one its key's id is made with.
        signer: its key, which signs nothing else.
        logs: keys of the logs; several may share an origin.
        state: what it remembers.
        now_s: wall clock, seconds since 1970.
        hook: called with ``persisted`` when an answer is durable but not given yet.
    """

    def __init__(
        self,
        *,
        name: str,
        signer: Signer,
        logs: Sequence[Vkey],
        state: WitnessState,
        now_s: Callable[[], int] = lambda: clock.now_ms() // 1000,
        hook: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._name = name
        self._signer = signer
        self._logs = _by_origin(logs)
        self._state = state
        self._now_s = now_s
        self._hook = hook

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request; what is signed has been made durable before.

        Raises:
            DatabaseUnavailableError: nothing could be remembered, nothing is signed.
        """
        try:
            request = parse_request(body)
            origin = _first_line(request.note)
            if origin not in self._logs:
                return _refusal(404, f"{origin[:80]!r}: not a log known here")
            note = parse_note(request.note)
            head = parse_head(note.text)
        except MalformedError as error:
            return _refusal(400, str(error))
        try:
            verify_log_signatures(note, self._logs[origin])
        except SignatureError as error:
            return _refusal(403, str(error))
        if request.old_size > head.size:
            return _refusal(400, "old size is larger than the checkpoint's")
        if head.size == 0 and head.root != EMPTY_ROOT:
            return _refusal(422, "size 0 with a root that is not the empty tree's")
        return self._decide(request, head, note)

    def _decide(self, request: Request, head: Head, note: Note) -> Answer:
        with self._state.transaction():
            known = self._state.latest(head.origin) or Remembered.nothing()
            if request.old_size != known.size:
                return Answer(409, format_size(known.size), SIZE_TYPE)
            time_s = max(self._now_s(), known.time_s)
            try:
                _verify_grown(known, head, request.proof)
            except EvidenceError as error:
                self._state.keep_conflict(head.origin, time_s, request.note)
                return _refusal(422, str(error))
            remembered = Remembered(head.size, head.root, time_s, request.note)
            self._state.remember(head.origin, remembered)
        self._hook("persisted")
        line = cosign(note.text, name=self._name, signer=self._signer, time_s=time_s)
        return Answer(200, f"{line}\n".encode())


def parse_head(text: str) -> Head:
    """Parse a checkpoint's text, which may have extension lines below the three.

    Raises:
        MalformedError: it is none, or an extension line is empty.

    Source: C2SP tlog-checkpoint v1.0.0, "Note text".
    """
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines):
        raise MalformedError("a checkpoint has three lines or more, none empty")
    root = parse_base64(lines[2])
    if len(root) != HASH_SIZE:
        raise MalformedError(f"a root has {HASH_SIZE} bytes")
    return Head(lines[0], parse_decimal(lines[1]), root)


def parse_pin(text: str) -> Pin:
    """Parse ``<origin>=<size>:<root in hex>``.

    Raises:
        ConfigurationError: it has another form, or is not a tree.
    """
    origin, equals, rest = text.rpartition("=")
    size, colon, root = rest.partition(":")
    try:
        pin = Pin(origin, parse_decimal(size), bytes.fromhex(root))
    except (MalformedError, ValueError) as error:
        raise _no_pin(text) from error
    wrong = len(pin.root) != HASH_SIZE or (pin.size == 0) != (pin.root == EMPTY_ROOT)
    if not (origin and equals and colon) or wrong:
        raise _no_pin(text)
    return pin


def _no_pin(text: str) -> ConfigurationError:
    return ConfigurationError(
        f"{text[:200]!r}: not a pin", hint="--pin ORIGIN=SIZE:ROOT, the root in hex"
    )


def _first_line(note: bytes) -> str:
    line, newline, _ = note.partition(b"\n")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the checkpoint is not UTF-8") from error
    if not (newline and text):
        raise MalformedError("no checkpoint below the empty line")
    return text


def _verify_grown(known: Remembered, head: Head, proof: Sequence[bytes]) -> None:
    if known.size > 0:
        verify_consistency(
            old_size=known.size,
            new_size=head.size,
            old_root=known.root,
            new_root=head.root,
            proof=proof,
        )
    elif proof:
        raise MalformedError("the proof from size 0 is empty")


def _by_origin(logs: Sequence[Vkey]) -> dict[str, tuple[Vkey, ...]]:
    found: dict[str, tuple[Vkey, ...]] = {}
    for vkey in logs:
        found[vkey.name] = (*found.get(vkey.name, ()), vkey)
    return found


def _refusal(status: int, reason: str) -> Answer:
    return Answer(status, f"{reason}\n".encode())
