"""The files of a bundle: :func:`to_files` and :func:`parse_files` are inverses.

A bundle whose files are not what :func:`to_files` makes of its contents is refused, so
no file goes unread and no byte of one has no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files as package_files

from ledger.bundle.contents import MANIFEST, Contents, LogPart
from ledger.bundle.description import format_description, parse_description
from ledger.bundle.records import (
    format_events,
    format_leaves,
    format_records,
    parse_events,
    parse_leaves,
    parse_records,
)
from ledger.errors import EvidenceError, MalformedError, MissingEvidenceError
from ledger.header import parse_header
from ledger.leaf import parse_leaf
from ledger.verdict import Verdict
from ledger.verification.places import at

README, DESCRIPTION = "README.txt", "bundle.json"
TOKEN = "checkpoint.tsr"  # noqa: S105  a time-stamp token, no secret
PARTITION_PROOF, MANIFEST_PROOF = "partition.tlog-proof", "manifest.tlog-proof"
ANSWER, REPORT = "answer.json", "report"
MAX_TOKEN = 65_536
_LOG = r"(control|(?:manifest|p(?:0|[1-9][0-9]{0,5}))(?:/e[1-9][0-9]{0,5})?)"
_LOG_FILE = re.compile(
    _LOG + r"/(checkpoint|leaves\.bin|leaves\.proof|events\.bin|events\.proof"
    r"|records\.bin|consistency\.proof)"
)
_TOKEN = re.compile(r"manifest(?:/e[1-9][0-9]{0,5})?/" + re.escape(TOKEN))
_SCHEMA = re.compile(r"schema/([0-9a-f]{64})\.json")
_PARTS = {
    "leaves.bin": "leaves",
    "leaves.proof": "proof",
    "events.bin": "events",
    "events.proof": "events_proof",
    "records.bin": "records",
    "consistency.proof": "consistency",
}


@cache
def readme() -> bytes:
    """Return the text that stands in every bundle, for a person who opens it."""
    return package_files("ledger.bundle").joinpath(README).read_bytes()


def to_files(contents: Contents) -> dict[str, bytes]:
    """Return the files of a bundle; inverse of :func:`parse_files`."""
    found = {README: readme(), DESCRIPTION: format_description(contents)}
    for log, part in contents.logs.items():
        found[f"{log}/checkpoint"] = part.checkpoint
        made = {
            "leaves.bin": format_leaves(part.leaves),
            "leaves.proof": part.proof,
            "events.bin": format_events(part.events),
            "events.proof": part.events_proof,
            "records.bin": format_records(part.records),
            "consistency.proof": part.consistency,
        }
        found |= {f"{log}/{name}": data for name, data in made.items() if data}
    for schema_id, schema in contents.schemas.items():
        found[f"schema/{schema_id.hex()}.json"] = schema
    single = {
        token_name(contents): contents.token,
        PARTITION_PROOF: contents.partition_proof,
        MANIFEST_PROOF: contents.manifest_proof,
        ANSWER: contents.answer,
    }
    found |= {name: data for name, data in single.items() if data}
    if contents.report is not None:
        found[REPORT] = contents.report
    return found


def token_name(contents: Contents) -> str:
    """Return the name of the time-stamp token's file."""
    log = contents.manifest.log if contents.manifest else MANIFEST
    return f"{log}/{TOKEN}"


def parse_files(files: Mapping[str, bytes]) -> Contents:
    """Take the files of a bundle apart; nothing is verified but their form.

    Raises:
        MalformedError: a file that is not of the layout, or does not parse.
        MissingEvidenceError: a file is absent that every such bundle has.
    """
    taken = take_files(files)
    for error in taken.errors:
        raise error
    return taken.contents


@dataclass(frozen=True, slots=True)
class Taken:
    """The files of a bundle, taken apart as far as they go.

    Attributes:
        contents: what is there; a log that is not whole is left out.
        errors: what is wrong, contradictions first.
        is_described: whether it is known what the bundle is about.
        partial: logs that are left out, as one of their files is absent.
    """

    contents: Contents
    errors: tuple[EvidenceError, ...]
    is_described: bool
    partial: tuple[str, ...]


def take_files(files: Mapping[str, bytes]) -> Taken:
    """As :func:`parse_files`, but go on after what is absent or wrong."""
    errors: list[EvidenceError] = []
    with _kept(errors):
        if _needed(files, README) != readme():
            raise MalformedError("README.txt: not the known text", place=README)
    about = _about(files, errors)
    logs: dict[str, LogPart] = {}
    for log in _logs(files):
        with _kept(errors):
            logs[log] = _log_part(files, log)
    contents = _contents(files, about or Contents(kind="event", logs={}), logs, errors)
    partial = tuple(log for log in _logs(files) if log not in logs)
    for name in sorted(name for name, data in files.items() if not data):
        is_part = _LOG_FILE.fullmatch(name) or _TOKEN.fullmatch(name)
        if is_part and not name.endswith("/checkpoint"):
            errors.append(MalformedError(f"{name}: empty", place=name))
    with _kept(errors):
        _compare(_comparable(files, partial, about), to_files(contents))
    errors.sort(key=lambda error: isinstance(error, MissingEvidenceError))
    return Taken(contents, tuple(errors), about is not None, partial)


def _about(files: Mapping[str, bytes], errors: list[EvidenceError]) -> Contents | None:
    try:
        with at(DESCRIPTION):
            return parse_description(_needed(files, DESCRIPTION))
    except EvidenceError as error:
        errors.append(error)
        return None


def _contents(
    files: Mapping[str, bytes],
    about: Contents,
    logs: Mapping[str, LogPart],
    errors: list[EvidenceError],
) -> Contents:
    token, schemas = files.get(token_name(about), b""), dict[bytes, bytes]()
    with _kept(errors):
        schemas = _schemas(files)
    with _kept(errors):
        if len(token) > MAX_TOKEN:
            place = token_name(about)
            raise MalformedError(f"{place}: more than {MAX_TOKEN} bytes", place=place)
    return replace(
        about,
        logs=logs,
        schemas=schemas,
        token=token,
        partition_proof=files.get(PARTITION_PROOF, b""),
        manifest_proof=files.get(MANIFEST_PROOF, b""),
        answer=files.get(ANSWER, b""),
        report=files.get(REPORT),
    )


@contextmanager
def _kept(errors: list[EvidenceError]) -> Generator[None]:
    try:
        yield
    except EvidenceError as error:
        errors.append(error)


def _needed(files: Mapping[str, bytes], name: str) -> bytes:
    data = files.get(name)
    if data is None:
        raise MissingEvidenceError(f"{name}: not in the bundle", place=name)
    return data


def _logs(files: Mapping[str, bytes]) -> list[str]:
    matches = (_LOG_FILE.fullmatch(name) for name in files)
    return sorted({match[1] for match in matches if match})


def _log_part(files: Mapping[str, bytes], log: str) -> LogPart:
    raw = {field: files.get(f"{log}/{name}", b"") for name, field in _PARTS.items()}
    with at(f"{log}/events.bin"):
        events = parse_events(raw["events"])
    with at(f"{log}/records.bin"):
        records = parse_records(raw["records"])
    with at(f"{log}/leaves.bin"):
        leaves = parse_leaves(_needed(files, f"{log}/leaves.bin"))
        if f"{log}/checkpoint" not in files:  # else they are parsed where they are used
            _verify_leaves(leaves)
    return LogPart(
        checkpoint=_needed(files, f"{log}/checkpoint"),
        leaves=leaves,
        proof=raw["proof"],
        events=events,
        events_proof=raw["events_proof"],
        records=records,
        consistency=raw["consistency"],
    )


def _verify_leaves(leaves: Mapping[int, bytes]) -> None:
    for data in leaves.values():
        leaf = parse_leaf(data)
        if leaf.verdict == Verdict.ACCEPTED:
            parse_header(leaf.header_bytes)


def _schemas(files: Mapping[str, bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, data in files.items():
        if match := _SCHEMA.fullmatch(name):
            schema_id = bytes.fromhex(match[1])
            if sha256(data).digest() != schema_id:
                raise MalformedError(
                    f"{name}: not the schema of that id",
                    place=name,
                    expected=match[1],
                    actual=sha256(data).hexdigest(),
                )
            found[schema_id] = data
    return found


def _comparable(
    files: Mapping[str, bytes], partial: Collection[str], about: Contents | None
) -> dict[str, bytes]:
    """Return the files of which it can be told whether they belong here."""
    unknown = {f"{log}/{name}" for log in partial for name in ("checkpoint", *_PARTS)}
    if about is None:
        unknown |= {DESCRIPTION} | {name for name in files if _TOKEN.fullmatch(name)}
    return {name: data for name, data in files.items() if name not in unknown}


def _compare(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> None:
    for name, data in found.items():
        if name not in expected or expected[name] != data:
            raise MalformedError(f"{name}: not a file of such a bundle", place=name)
