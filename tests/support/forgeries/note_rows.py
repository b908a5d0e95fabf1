"""Checkpoints of a bundle: what an operator signs, shows, repeats or keeps back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace

from ledger.bundle.contents import Contents
from ledger.note import Note, SignatureLine, log_vkey, parse_note
from tests.support.browser_verify import Case
from tests.support.bundles import NOW_S, policy_text
from tests.support.forgeries.bundle_base import BUNDLE, Bundles, Forge
from tests.support.forgeries.note_hands import (
    P0_NOTE,
    lines_added,
    lines_kept,
    noted,
    renoted,
    root_line,
    signed_anew,
    stray_bits,
    witness_lines,
)
from tests.support.forgeries.rows import Row
from tests.support.forgeries.stage import bundles
from tests.support.ledgers import NAME, signer

SEALED_S = NOW_S - 86_400
LOW_ORDER = bytes([1]) + bytes(31)
NO_WITNESS = policy_text(witnesses=())


def second_history(contents: Contents) -> Contents:
    """Take the cosignatures off every log that differs: no witness would give them."""
    for log in ("p0", "manifest"):
        contents = renoted(contents, lines_kept(1), log)
    return contents


def split_view(**given: object) -> Forge:
    """Another history under the stolen log keys, whole and consistent in itself."""

    def forge(it: Bundles) -> Case:
        forged = second_history(it.other.event())
        return it.case(forged, **given)

    return forge


def text(change: Callable[[str], str]) -> Forge:
    """The checkpoint's text spelled otherwise; log and witnesses have signed it so."""
    return noted(signed_anew(change))


def later(text: str) -> list[SignatureLine]:
    return witness_lines(text, "north", "south", time_s=NOW_S + 3_600)


def unlisted(note: Note) -> list[SignatureLine]:
    return witness_lines(note.text, "west", "middle", time_s=SEALED_S)


def in_the_name_of_a_witness(note: Note) -> list[SignatureLine]:
    """A witness's name and key id over a signature of the operator's own."""
    true = note.signatures[-1]
    (line,) = witness_lines(note.text, "south", time_s=SEALED_S, key="operator")
    return [replace(line, key_id=true.key_id)]


def low_order(data: bytes) -> bytes:
    """A signature that some libraries take for any text: R of low order, S zero."""
    note = parse_note(data)
    origin = f"{NAME}/p0"
    key_id = log_vkey(origin, signer(f"log {origin}").public_key).key_id
    line = SignatureLine(origin, key_id, LOW_ORDER + bytes(32))
    return Note(note.text, (line, *note.signatures[1:])).to_bytes()


def of_control(it: Bundles) -> Case:
    """The checkpoint of another log, verbatim."""
    control = it.event.logs["control"].checkpoint
    return it.case(renoted(it.event, lambda _old: control))


def loose_base64(data: bytes) -> bytes:
    """A signature line whose base64 leaves bits over; same bytes, other text."""
    head, _, last = data.decode().rstrip("\n").rpartition(" ")
    return f"{head} {stray_bits(last)}\n".encode()


def by_stranger(data: bytes) -> bytes:
    note = parse_note(data)
    stranger = signer("stranger")
    vkey = log_vkey(f"{NAME}/p0", stranger.public_key)
    line = SignatureLine(vkey.name, vkey.key_id, stranger.sign(note.text.encode()))
    return Note(note.text, (line, *note.signatures[1:])).to_bytes()


def root_of(value: bytes) -> Callable[[str], str]:
    return lambda text: root_line(text, lambda _root: b64encode(value).decode())


def row(by: str, title: str, forge: object, code: str = "5", place: str = "") -> Row:
    where = "" if code == "0" else place or f"step 5 {P0_NOTE}"
    return Row(by, title, bundles, forge, BUNDLE, code, where)  # type: ignore[arg-type]


ROWS = [
    row("SO", "a second history under stolen log keys", split_view(), "6"),
    row(
        "SO",
        "another root, signed by log and colluding quorum",
        text(root_of(b"x" * 32)),
        place="step 5 p0/leaves.proof",
    ),
    row("S", "a checkpoint no witness has seen", noted(lines_kept(1)), "6"),
    row("S", "a cosignature taken off, below the quorum", noted(lines_kept(2)), "6"),
    row(
        "S",
        "cosignatures of witnesses nobody listed",
        noted(lines_added(unlisted, 1)),
        "6",
    ),
    row(
        "S",
        "a listed witness's cosignature forged",
        noted(lines_added(in_the_name_of_a_witness, 2)),
    ),
    row(
        "S",
        "one cosignature twice, to make a quorum",
        noted(lines_added(lambda note: [note.signatures[1]], 2)),
    ),
    row(
        "S",
        "cosignatures dated an hour ahead",
        noted(lines_added(lambda note: later(note.text), 1)),
    ),
    row(
        "S",
        "an old state shown as the newest (freeze)",
        lambda it: it.case(it.event, max_age_s=3_600),
        "6",
    ),
    row("SO", "a checkpoint by another log key", noted(by_stranger)),
    row(
        "SO",
        "a log signature of low order",
        noted(low_order),
    ),
    row("S", "a line more in the text of a checkpoint", text(lambda t: t + "more\n")),
    row(
        "S",
        "a size with a leading zero",
        text(lambda t: t.replace("\n6\n", "\n06\n")),
    ),
    row(
        "S",
        "a root in base64 with bits left over",
        text(lambda t: root_line(t, stray_bits)),
    ),
    row("S", "a signature in base64 with bits left over", noted(loose_base64)),
    row("S", "the checkpoint of another log", of_control),
    row(
        "O",
        "a bundle of another ledger",
        lambda it: it.case(it.event, ledger_id=bytes(32)),
        place="step 6 control leaf 0",
    ),
]
UNFOUND = [
    row(
        "SO",
        "a second history, and a policy without witnesses",
        split_view(policy=NO_WITNESS),
        "0",
    ),
    row(
        "S",
        "an old state, and no greatest age asked for",
        lambda it: it.case(it.event),
        "0",
    ),
]
