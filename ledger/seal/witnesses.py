"""The witnesses of one origin, as its sealer asks them and what they answered.

Cosignatures are checked before they are used: what a witness sends that is not its own
valid signature over this checkpoint is refused and shown. A witness that, at its first
answer since the sealer's start, holds a larger tree than the state, or one that ours
does not continue, stops the sealer: the state was rolled back, or history forked.
Later such an answer is an alarm: a witness must not be able to stop a running log.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import ConfigurationError, EvidenceError, IntegrityError
from ledger.note import (
    Note,
    SignatureLine,
    Vkey,
    is_signed_by,
    parse_note,
    verify_cosignature,
)
from ledger.seal.files import make_folder
from ledger.witness.client import Reply, Submission, WitnessClient, ask_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ledger.config import Config
    from ledger.policy import Policy, Witness

SECONDS = 2.0
"""How long all witnesses together may take."""
REPORT = "witnesses.json"
_ROLLED_BACK = (
    "the sealer's state is older than what witnesses signed: restore the newest state. "
    "If it is the newest, somebody else signs with this log's key, or the witness is "
    "wrong: take it out of [[witness]] to go on without it"
)
_FORKED = (
    "keep both histories as evidence and seal no further; if the witness is wrong, "
    "take it out of [[witness]] to go on without it"
)


@dataclass(frozen=True, slots=True)
class Collected:
    """A note with what the witnesses of the policy signed of it.

    Attributes:
        note: the log's signatures, then cosignatures in the policy's order.
        signed: names of the witnesses in it.
        replies: what came of asking, one for each witness of the policy.
    """

    note: bytes
    signed: frozenset[str] = frozenset()
    replies: tuple[Reply, ...] = ()

    def alarm(self, policy: Policy) -> str:
        """Return what a person must know about it, empty when all is well."""
        troubles = [f"{r.witness} {r.problem}" for r in self.replies if r.problem]
        forked = any(reply.kind in {"ahead", "fork"} for reply in self.replies)
        if policy.is_satisfied(self.signed) and not forked:
            return ""
        count = f"{len(self.signed)} of {len(policy.witnesses)} witnesses signed"
        return "; ".join([count, *troubles])


class Witnesses:
    """Asks the witnesses of the policy in force, and keeps their connections.

    Args:
        config: names their URLs.
        origin: such as ``acme/p0``.
        seconds: how long all of them together may take.
    """

    def __init__(
        self, config: Config, origin: str, *, seconds: float = SECONDS
    ) -> None:
        self._urls = {item.vkey: item.url for item in config.witnesses}
        self._origin = origin
        self._seconds = seconds
        self._clients: dict[Witness, WitnessClient] = {}
        self._folder = config.staging / origin

    def collect(
        self, submission: Submission, policy: Policy, known: Sequence[bytes]
    ) -> Collected:
        """Ask for cosignatures and put them into the note.

        Args:
            submission: the note with the log's signatures alone.
            policy: in force for the checkpoint.
            known: notes published before; cosignatures over the same text are kept.

        Raises:
            IntegrityError: at its first answer a witness holds a larger tree, or one
                that ours does not continue.
        """
        clients, replies = self._clients_of(policy.witnesses, known)
        new = {client.name for client in clients if not client.has_answered}
        for reply in ask_all(clients, submission, seconds=self._seconds):
            replies[reply.witness] = reply
        ordered = tuple(replies[witness.name] for witness in policy.witnesses)
        self._report(ordered, submission.now_s)
        for reply in ordered:
            if reply.witness in new and reply.kind in {"ahead", "fork"}:
                raise _stop(self._origin, reply)
        lines = _known_lines(submission.text, policy.witnesses, known)
        lines |= {reply.witness: reply.line for reply in ordered if reply.line}
        return Collected(
            _with_lines(submission.note, policy.witnesses, lines),
            frozenset(lines),
            ordered,
        )

    def _clients_of(
        self, witnesses: Iterable[Witness], known: Sequence[bytes]
    ) -> tuple[list[WitnessClient], dict[str, Reply]]:
        """Return whom to ask, and replies for those who cannot be asked."""
        replies: dict[str, Reply] = {}
        clients: list[WitnessClient] = []
        for witness in witnesses:
            try:
                clients.append(self._client(witness, known))
            except ConfigurationError as error:
                replies[witness.name] = Reply(witness.name, "away", str(error))
        return clients, replies

    def _client(self, witness: Witness, known: Sequence[bytes]) -> WitnessClient:
        if witness not in self._clients:
            url = self._urls.get(str(witness.vkey)) or witness.url
            if not url:
                raise ConfigurationError("has no URL: enter it under [[witness]]")
            self._clients[witness] = WitnessClient(
                name=witness.name,
                vkey=witness.vkey,
                url=url,
                size=_size_signed(witness.vkey, known),
            )
        return self._clients[witness]

    def _report(self, replies: Iterable[Reply], now_s: int) -> None:
        """Leave what was answered where ``mlledger witness ls`` finds it."""
        make_folder(self._folder)
        path = self._folder / REPORT
        before = {item["witness"]: item for item in read_report(path)}
        rows = [_row(reply, before.get(reply.witness, {}), now_s) for reply in replies]
        fresh = path.with_name(f"{REPORT}.new")
        fresh.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)


def read_report(path: Path) -> list[dict[str, object]]:
    """Return what a sealer last reported of its witnesses; nothing when unreadable."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []


def _row(reply: Reply, before: Mapping[str, object], now_s: int) -> dict[str, object]:
    signed = reply.kind == "signed"
    return {
        "witness": reply.witness,
        "answer": reply.kind,
        "size": reply.size if reply.size is not None else before.get("size"),
        "signed_s": reply.time_s if signed else before.get("signed_s"),
        "asked_s": now_s,
        "error": reply.problem,
        "error_s": before.get("error_s") if signed else now_s,
        "last_error": before.get("last_error", "") if signed else reply.problem,
    }


def _size_signed(vkey: Vkey, known: Sequence[bytes]) -> int:
    """Return the largest size that a witness is known to have signed."""
    heads: list[tuple[Checkpoint, Note]] = [parse_checkpoint(note) for note in known]
    return max((h.size for h, note in heads if is_signed_by(note, vkey)), default=0)


def _known_lines(
    text: str, witnesses: Iterable[Witness], known: Sequence[bytes]
) -> dict[str, SignatureLine]:
    """Return the newest valid cosignature over a text of each witness."""
    found: dict[str, tuple[int, SignatureLine]] = {}
    notes = [note for note in map(parse_note, known) if note.text == text]
    for witness in witnesses:
        for note in notes:
            try:
                time_s = verify_cosignature(note, witness.vkey)
            except EvidenceError:
                continue  # none by this witness, or none that is worth keeping
            if witness.name not in found or found[witness.name][0] < time_s:
                found[witness.name] = time_s, _line_of(note, witness.vkey)
    return {name: line for name, (_, line) in found.items()}


def _line_of(note: Note, vkey: Vkey) -> SignatureLine:
    wanted = (vkey.name, vkey.key_id)
    return next(line for line in note.signatures if (line.name, line.key_id) == wanted)


def _with_lines(
    note: bytes, witnesses: Iterable[Witness], lines: Mapping[str, SignatureLine]
) -> bytes:
    own = parse_note(note)
    added = (lines[w.name] for w in witnesses if w.name in lines)
    return Note(own.text, (*own.signatures, *added)).to_bytes()


def _stop(origin: str, reply: Reply) -> IntegrityError:
    return IntegrityError(
        f"{origin}: witness {reply.witness} {reply.problem}",
        place=f"{origin}/checkpoint",
        hint=_ROLLED_BACK if reply.kind == "ahead" else _FORKED,
    )
