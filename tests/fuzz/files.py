"""What lies in folders that others can write to: archives, spools, settings, JSON."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import cast

import rfc8785

from dashboard.reports.issue import parse_report
from ledger.archive.index import format_index, parse_index
from ledger.archive.segment import (
    ArchivedRecord,
    SegmentWriter,
    read_segment,
)
from ledger.avro import built_in_schemas
from ledger.codec import Decoders
from ledger.config import format_config, load_config, parse_config
from ledger.consumers.declaration import contracts_in
from ledger.consumers.memory import Memory, format_memory, parse_memory
from ledger.errors import (
    ConfigurationError,
    InvalidEventError,
    MalformedError,
)
from ledger.events.ledger import StatementEndorsed
from ledger.journal.frames import (
    events_in,
    frame,
    frames_in,
    frames_of,
    is_title,
    parse_title,
    salvage,
    title,
    title_end,
)
from ledger.sdk.handles import Document, from_dict
from ledger.statement_file import described, read_statement, write_statement
from tests.fuzz.bodies import event, event_seeds
from tests.fuzz.parser import (
    VECTORS,
    Parser,
    numbered,
    parts,
    same,
)

ORIGIN = "test.example/p0"


@cache
def scratch() -> Path:
    """Return a folder for the few parsers that read from a path; in memory at best."""
    shared = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _written(name: str, data: bytes) -> Path:
    path = scratch() / name
    path.write_bytes(data)
    return path


# The archive of records


def _segment(data: bytes) -> None:
    file = io.BytesIO(data)
    found = list(read_segment(file, origin=ORIGIN, first=3, last=9, place="a.seg"))
    written = SegmentWriter(ORIGIN, 3)
    for record in found:
        written.add(record)
    written.cover(9)
    same(written.to_bytes(), data)


def _index(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    same(format_index(parse_index(text, origin=ORIGIN, place="index")), text)


# The journal's spool


def _frames(data: bytes) -> None:
    """Read a segment in each way there is; they see the same frames."""
    frames = list(frames_in(data))
    end = frames[-1][0] if frames else 0
    same(b"".join(frame(c[:32], c[32:]) for _, c in frames), data[:end])
    events, stop = events_in(data, 0, max_events=len(data), stop=len(data))
    same(frames_of(events), data[:stop])
    same(stop, end)
    good, bad = salvage(data, 0)
    kept = sum(8 + len(c) for c in good) + sum(len(part) for _, part in bad)
    same(kept, len(data))


def _title(data: bytes) -> None:
    found = parse_title(data)
    if found is not None:
        same(title(*found), data[: title_end(data)])
        same(is_title(data[8 : title_end(data)]), True)


def _framed(data: bytes) -> None:
    """Frame bytes rightly, so that what is in a frame is read."""
    _title(frame(bytes(32), data))
    _frames(frame(bytes(32), data[:1] or b"x") + data + frame(bytes(32), b"y"))


def _store_seeds() -> list[bytes]:
    written = SegmentWriter(ORIGIN, 3)
    for offset, value in ((3, b"first"), (4, None), (6, b"x" * 40)):
        written.add(ArchivedRecord(offset, 1_700_000_000_000 + offset, value))
    written.cover(9)
    rows = [f"{n * 10} {n * 10 + 9} 10 {'ab' * 32}" for n in range(3)]
    index = "\n".join(("mlledger-archive/v1", ORIGIN, *rows)) + "\n"
    front = title(bytes(16), "service:a")
    body = frames_of((bytes([n]) * 32, b"body %d" % n) for n in range(3))
    return numbered(
        segment=[written.to_bytes()],
        index=[index.encode()],
        frames=[front + body, body, front + body[:-3] + b"\xff" + body],
        title=[front],
        framed=[b"mlledger/spool/v1\nservice:a", body],
    )


# Statements on their way between roots


def _statement(data: bytes) -> None:
    found = read_statement(_written("statement.json", data))
    described(found)
    again = scratch() / "again.json"
    write_statement(again, found)
    same(read_statement(again), found)


def _statement_seeds() -> list[bytes]:
    decoders = Decoders(built_in_schemas().__getitem__)
    name = "event-ledger.statement.endorsed.v1.json"
    vector = json.loads((VECTORS / "codec" / name).read_bytes())
    whole = decoders.decode(
        bytes.fromhex(vector["schema_id"]), bytes.fromhex(vector["body"])
    )
    inner = json.loads(
        (VECTORS / "codec" / "event-ledger.root.set.v1.json").read_bytes()
    )
    honest = StatementEndorsed.validated(
        {
            **whole.fields,
            "statement_schema": bytes.fromhex(inner["schema_id"]),
            "statement": bytes.fromhex(inner["body"]),
        }
    )
    path = scratch() / "seed.json"
    write_statement(path, honest)
    return [path.read_bytes()]


# Settings


def _settings(data: bytes) -> None:
    path = _written("mlledger.toml", data)
    try:
        config = load_config(path.parent)
    except ConfigurationError as error:
        str(error)
        raise
    again = parse_config(_toml(format_config(config)), home=path.parent)
    same(format_config(again), format_config(config))


def _toml(text: str) -> dict[str, object]:
    return tomllib.loads(text)


def _settings_seeds() -> list[bytes]:
    plain = parse_config({"ledger": {"name": "test.example"}}, home=Path("/"))
    more = (
        '[[witness]]\nurl = "https://w.example/"\nvkey = "w+00000000+AAAA"\n'
        "outside = true\n[[alert]]\n"
        'name = "mail"\nkind = "email"\nurl = "smtp://[::1]:25"\nsender = "a@b"\n'
        'to = ["c@d"]\ntopics = []\n[[alert]]\nname = "hook"\nkind = "webhook"\n'
        'url = "https://h.example/x"\nsecret = "env:HOOK"\nmin_severity = "high"\n'
    )
    front = (
        '[ledger]\nname = "a"\n[log.epochs]\np0 = 2\n[identities]\n"a:b" = "file:c"\n'
    )
    return [
        format_config(plain).encode(),
        b'[ledger]\nname = "a"\nledger_id = "ab"\n',
        (front + more).encode(),
    ]


# JSON that programs hand to each other


def _handle(data: bytes) -> None:
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict):
        handle = from_dict(cast("dict[str, object]", value))
        same(from_dict(handle.to_dict()), handle)


def _report(data: bytes) -> None:
    same(rfc8785.dumps(parse_report(data)), data)


def _memory(data: bytes) -> None:
    try:
        memory = parse_memory(data.decode())
    except ValueError as error:
        raise MalformedError(str(error)) from error
    same(parse_memory(format_memory(memory)), memory)


def _contracts(data: bytes) -> None:
    contracts_in(_written("contracts.toml", data))


def _seeds_of_documents() -> list[bytes]:
    handle = Document(id=bytes(16), digest=bytes(32), content="sha256:00", size_bytes=1)
    contract = b'consumer = "c"\nchannels = ["kafka.topic:scores"]\npurpose = "p"\n'
    return numbered(
        statement=_statement_seeds(),
        settings=_settings_seeds(),
        event=event_seeds(),
        handle=[json.dumps(handle.to_dict()).encode()],
        report=[b'{"report":"r","schema":"mlledger.report/1","subject":"s"}'],
        memory=[format_memory(Memory()).encode()],
        contracts=[contract],
    )


PARSERS = (
    Parser(
        "store",
        "segments and index of an archive, frames of a journal's spool",
        parts(
            segment=_segment,
            index=_index,
            frames=_frames,
            title=_title,
            framed=_framed,
        ),
        _store_seeds,
    ),
    Parser(
        "document",
        "statement files, settings, events, handles, reports, contracts: JSON, TOML",
        parts(
            statement=_statement,
            settings=_settings,
            event=event,
            handle=_handle,
            report=_report,
            memory=_memory,
            contracts=_contracts,
        ),
        _seeds_of_documents,
        errors=(ConfigurationError, InvalidEventError, MalformedError),
    ),
)
