"""A witnessed ledger: what its witnesses refuse, and what a policy then misses."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.entry import peek_env
from ledger.keys import Ed25519Signer, Signer, load_signer
from ledger.leaf import SealLeaf
from ledger.log import Record
from ledger.note import Note, SignatureLine, cosign, parse_note
from ledger.seal.service import log_key_uri
from ledger.tree import consistency_proof, leaf_hash, nodes_of
from ledger.verification import WitnessTerms
from ledger.witness.protocol import Answer, format_request
from tests.support.forgeries.home_base import (
    LOG,
    SEALER,
    Asked,
    Witnessed,
    beside,
    leaves_of,
    publish_anew,
    quiet,
)
from tests.support.forgeries.log_rows import tail_cut
from tests.support.forgeries.rows import Check, Found, Row
from tests.support.ledger import SmallLedger
from tests.support.witnesses import post

NOTE = "acme/p0/checkpoint"


def _answered(answer: Answer) -> Found:
    return Found(f"HTTP {answer.status}", (answer.body.decode().strip(),))


WITNESS = Check("witness", _answered)


def head_of(ledger: SmallLedger) -> Checkpoint:
    return parse_checkpoint((ledger.folder() / "checkpoint").read_bytes())[0]


def stolen_key(ledger: SmallLedger) -> Signer:
    return load_signer(log_key_uri(ledger.config, 0), base=ledger.home)


def shown(
    make: Callable[[Checkpoint], Checkpoint],
    *,
    old: int | None = None,
    proof: Sequence[bytes] = (),
    signer: Signer | None = None,
    more: bytes = b"",
) -> Callable[[Witnessed], Answer]:
    """Ask a witness to cosign another checkpoint under the log's key."""

    def forge(it: Witnessed) -> Answer:
        head = head_of(it.ledger)
        key = signer or stolen_key(it.ledger)
        note = sign_checkpoint(make(head), key) + more
        size = head.size if old is None else old
        body = format_request(old_size=size, proof=proof, note=note)
        return post(it.witnesses[0].url, body)

    return forge


def noted(change: Callable[[Note], Note]) -> Callable[[SmallLedger], None]:
    """Change the signature lines of the newest checkpoint, in both its files."""

    def forge(ledger: SmallLedger) -> None:
        path = ledger.folder() / "checkpoint"
        note = parse_note(path.read_bytes())
        data = change(note).to_bytes()
        size = head_of(ledger).size
        for name in ("checkpoint", f"checkpoint.{size}"):
            (ledger.folder() / name).write_bytes(data)

    return forge


def fewer(note: Note) -> Note:
    return replace(note, signatures=note.signatures[:2])


def unlisted(note: Note) -> Note:
    line = cosign(
        note.text,
        name="west.example/w",
        signer=Ed25519Signer.generate(),
        time_s=int(time.time()),
    )
    return replace(note, signatures=(*note.signatures, line))


def in_its_name(note: Note) -> Note:
    """The line of a listed witness, by a key that is not its own."""
    true = note.signatures[-1]
    line = cosign(
        note.text,
        name=true.name,
        signer=Ed25519Signer.generate(),
        time_s=int(time.time()),
    )
    forged = SignatureLine(true.name, true.key_id, line.signature)
    return replace(note, signatures=(*note.signatures[:-1], forged))


def aged(ledger: SmallLedger) -> Asked:
    """A state that was the newest ten minutes ago."""
    now_s = int(time.time()) + 600
    return Asked(ledger, WitnessTerms(now_s=now_s, max_age_s=60))


def ahead(ledger: SmallLedger) -> Asked:
    """Cosignatures that are dated ten minutes ahead of the reader."""
    return Asked(ledger, WitnessTerms(now_s=int(time.time()) - 600))


def grown_elsewhere(it: Witnessed) -> SmallLedger:
    """The home comes out of a backup; witnesses have seen it grow since."""
    for witness in it.witnesses:
        head = head_of(it.ledger)
        origin = head.origin
        latest = witness.state.latest(origin)
        assert latest is not None
        newer = replace(latest, size=head.size + 5, root=b"n" * 32)
        with witness.state.transaction():
            witness.state.remember(origin, newer)
    return it.ledger


def sealed_ahead(it: Witnessed) -> SmallLedger:
    """A sealer's clock a day ahead; its witnesses sign the growth, at their time."""
    ledger, old = it.ledger, leaves_of(it.ledger)
    ledger.emit_decisions(1)
    added = [leaf_over(record, old[-1]) for record in ledger.log.read(0, len(old))]
    leaves = [*old, *added]
    publish_anew(ledger, leaves)
    data = (ledger.folder() / "checkpoint").read_bytes()
    nodes = nodes_of([leaf_hash(leaf.to_bytes()) for leaf in leaves])
    proof = consistency_proof(nodes, old_size=len(old), new_size=len(leaves))
    body = format_request(old_size=len(old), proof=proof, note=data)
    for witness in it.witnesses:
        data += post(witness.url, body).body
    for name in ("checkpoint", f"checkpoint.{len(leaves)}"):
        (ledger.folder() / name).write_bytes(data)
    return ledger


def leaf_over(record: Record, before: SealLeaf) -> SealLeaf:
    """The leaf of an accepted record, sealed a day later than it is."""
    value = record.value or b""
    return replace(
        before,
        offset=record.offset,
        broker_timestamp_ms=record.timestamp_ms,
        sealed_at_ms=before.sealed_at_ms + 86_400_000,
        record_hash=sha256(value).digest(),
        env=peek_env(value),
    )


def grown(head: Checkpoint) -> Checkpoint:
    return replace(head, size=head.size + 3, root=b"x" * 32)


def asking(title: str, forge: object, status: int, by: str = "S") -> Row:
    return Row(by, title, beside("north"), forge, WITNESS, f"HTTP {status}")  # type: ignore[arg-type]


def row(by: str, title: str, forge: object, code: str, place: str = NOTE) -> Row:
    return Row(by, title, quiet, forge, LOG, code, place)  # type: ignore[arg-type]


ROWS = [
    asking(
        "a witness is shown another tree of the size it signed",
        shown(lambda head: replace(head, root=b"x" * 32)),
        422,
    ),
    asking("a witness is shown growth without proof", shown(grown), 422),
    asking(
        "a witness is shown growth with a made-up proof",
        shown(grown, proof=[b"p" * 32] * 4),
        422,
    ),
    asking(
        "a witness is asked to begin again from nothing",
        shown(lambda head: replace(head, root=b"x" * 32), old=0),
        409,
    ),
    asking(
        "a witness is shown a smaller tree",
        shown(lambda head: replace(head, size=2)),
        400,
    ),
    asking(
        "a witness is shown a checkpoint by a stranger's key",
        shown(lambda head: head, signer=Ed25519Signer.generate()),
        403,
        "O",
    ),
    asking(
        "a witness is asked about a log it does not know",
        shown(lambda head: replace(head, origin="other.example/p0")),
        404,
        "O",
    ),
    Row(
        "S",
        "a home out of a backup, while witnesses saw it grow",
        beside("north", "south", "east"),
        grown_elsewhere,
        SEALER,
        "5",
        NOTE,
    ),
    Row(
        "S",
        "a leaf sealed a day after witnesses saw it",
        beside("north", "south", "east"),
        sealed_ahead,
        LOG,
        "5",
        "acme/p0 leaf 14",
    ),
    row("S", "the last entries cut off log and tree, under witnesses", tail_cut, "6"),
    row("S", "cosignatures taken off a published checkpoint", noted(fewer), "6"),
    row("S", "an unlisted witness on a published checkpoint", noted(unlisted), "5"),
    row("S", "a witness's line forged on a checkpoint", noted(in_its_name), "5"),
    row("S", "an old state published as the newest (freeze)", aged, "6"),
    row("S", "cosignatures dated ahead of the reader", ahead, "5"),
]
