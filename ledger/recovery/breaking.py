"""Break a log off: close its origin, save what is left, go on in the next epoch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.administration import append_as_operator
from ledger.archive import ArchiveFolder
from ledger.checkpoint import Checkpoint
from ledger.config import FILE_NAME, format_config, load_config
from ledger.errors import (
    ConfigurationError,
    ConflictError,
    MalformedError,
    MissingEvidenceError,
)
from ledger.header import Header, parse_header
from ledger.keys import Ed25519Signer, write_key
from ledger.leaf import SealLeaf, parse_leaf
from ledger.log import open_log
from ledger.origins import parse_origin
from ledger.public import OriginReader, PublicFolder, read_checkpoint, read_head
from ledger.recovery.archiving import archive_origin
from ledger.recovery.waiting import waiting
from ledger.seal.signing import load_note_signer, log_key_path
from ledger.tree import EMPTY_ROOT
from ledger.verdict import Verdict
from ledger.verification.control import ControlReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ledger.archive import Index
    from ledger.config import Config
    from ledger.control import Control
    from ledger.events.base import Event
    from ledger.note import Vkey
    from ledger.seal.state import State


CLOSED = "ledger.log.closed"


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a lost log.

    Attributes:
        origin: the origin it was of.
        size: number of its leaves.
        records: number of its records that can be read again.
        lost: number of sealed records that cannot.
        continued: origin in which the partition goes on; its own when it was put back.
    """

    origin: str
    size: int
    records: int
    lost: int
    continued: str


def break_off(
    config: Config,
    origin: str,
    state: State | None,
    why: str,
    declared_by: str | None,
) -> Restored:
    """Close an origin whose log is lost, and open the one that follows it.

    Args and errors: as :func:`ledger.recovery.restoring.restore`.
    """
    if config.log.kind == "sqlite" and not config.log_path.is_file():
        raise ConflictError(
            f"{config.log_path}: absent, and with it the control log",
            hint=f"first: mlledger log restore {config.name}/control",
        )
    log, public = open_log(config), PublicFolder(config.public)
    try:
        control = ControlReader(log=log, public=public, ledger_id=config.ledger_id)
        vkeys = control.refresh().known_vkeys(origin)
        if not vkeys:
            raise ConfigurationError(f"{origin}: the control log knows no such origin")
        reader = OriginReader(
            public, vkeys, checkpoint=_final(public, vkeys, origin, state)
        )
        archive = ArchiveFolder(config.archive)
        archive_origin(log, archive, reader, salvage=True)
        lost = list(_lost(reader, archive.origin(origin).index(), control.control))
        following = _following(config, origin)
        facts = _facts(config, reader, following, _gaps(origin, lost, why, declared_by))
        is_closed = control.control.logs[origin].closed_at is not None
        if not is_closed and not waiting(log, public, control, CLOSED, origin):
            append_as_operator(config, log, facts)
        _continue_in(config, following)
    finally:
        log.close()
    kept = sum(s.records for s in archive.origin(origin).index().segments)
    return Restored(origin, reader.checkpoint.size, kept, len(lost), following)


def _final(
    public: PublicFolder, vkeys: Sequence[Vkey], origin: str, state: State | None
) -> Checkpoint:
    """Return the checkpoint at which an origin is closed: all that was ever signed."""
    try:
        published = read_checkpoint(public, vkeys)
    except MissingEvidenceError:
        published = Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
    head = state.head(origin) if state else None
    try:
        ahead = max(read_head(public, vkeys).size, head.size if head else 0)
    except MissingEvidenceError:
        ahead = head.size if head else 0
    if ahead > published.size:
        raise ConflictError(
            f"{origin}: {ahead} leaves were sealed, {published.size} are published",
            hint="publish the rest first: mlledger worker --once",
        )
    return published


def _lost(
    reader: OriginReader, index: Index, control: Control
) -> Iterator[tuple[int, SealLeaf]]:
    """Yield the leaves whose records are neither archived nor trimmed."""
    trimmed = control.trimmed(reader.origin)
    covered = trimmed.before_offset if trimmed else 0
    segments = list(index.segments)
    for number, data in enumerate(reader.leaves(0, reader.checkpoint.size)):
        leaf = parse_leaf(data)
        while segments and segments[0].first <= leaf.offset:
            covered = max(covered, segments.pop(0).last + 1)
        if leaf.verdict != Verdict.GAP and leaf.offset >= covered:
            yield number, leaf


def _following(config: Config, origin: str) -> str:
    place = parse_origin(origin)
    return config.origin(place._replace(epoch=place.epoch + 1).partition)


def _facts(
    config: Config, reader: OriginReader, following: str, gaps: Iterable[Event]
) -> list[Event]:
    """Return that the origin is closed, the next one opened, and what is missing."""
    from ledger.events.ledger import LogClosed, LogOpened

    final, vkey = reader.checkpoint, _new_key(config, following)
    return [
        LogClosed.record(origin=reader.origin, size=final.size, root=final.root),
        LogOpened.record(origin=following, vkey=str(vkey)),
        *gaps,
    ]


def _new_key(config: Config, origin: str) -> Vkey:
    path = log_key_path(config, origin)
    if not path.exists():
        write_key(path, Ed25519Signer.generate())
    return load_note_signer(config, origin).vkeys[0]


def _gaps(
    origin: str,
    lost: Sequence[tuple[int, SealLeaf]],
    why: str,
    declared_by: str | None,
) -> Iterator[Event]:
    """Yield what is missing: for each stream, and for records of none."""
    from ledger.events.ledger import GapDeclared

    streams: defaultdict[bytes | None, list[Header]] = defaultdict(list)
    places: defaultdict[bytes | None, list[int]] = defaultdict(list)
    for _, leaf in lost:
        header = _header(leaf)
        name = header.stream_id if header else None
        places[name].append(leaf.offset)
        if header:
            streams[name].append(header)
    for name, offsets in places.items():
        headers = streams[name]
        numbers = [header.seq for header in headers]
        yield GapDeclared.record(
            stream_id=name,
            cause=f"{why}: {len(offsets)} sealed records of {origin} are lost, from "
            f"offset {offsets[0]} to {offsets[-1]}",
            first=min(numbers, default=None),
            last=max(numbers, default=None),
            count=sum(h.n_events for h in headers) if headers else None,
            declared_by=declared_by,
        )


def _header(leaf: SealLeaf) -> Header | None:
    """Return the header of an accepted leaf; of others nothing that counts is lost."""
    if leaf.verdict != Verdict.ACCEPTED:
        return None
    try:
        return parse_header(leaf.header_bytes)
    except MalformedError:
        return None


def _continue_in(config: Config, origin: str) -> None:
    """Write the open epoch into ``mlledger.toml``, and make its topic on Kafka."""
    place = parse_origin(origin)
    settings = load_config(config.home)
    epochs = {**settings.log.epochs, place._replace(epoch=0).tail: place.epoch}
    changed = replace(settings, log=replace(settings.log, epochs=epochs))
    path = config.home / FILE_NAME
    part = path.with_name(f"{path.name}.part")
    part.write_text(format_config(changed), encoding="utf-8")
    part.chmod(0o600)
    part.replace(path)
    if changed.log.kind == "kafka":
        from ledger import broker

        broker.apply(changed)
