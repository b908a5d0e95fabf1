"""``mlledger doctor``: one finding per part of a home, with what to do about it."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.config import Config, load_config
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from ledger.checkpoint import Checkpoint

OK, WARNING, FAILED = "ok", "warning", "failed"
_NEWEST = 10_000
_REFUSED_REPAIR = (
    "see mlledger key ls for what the key may sign, record it anew as one who may; "
    "mlledger journal flush sends again what followed it"
)


_LOST_REPAIR = "restore a backup of the log that holds them: docs/recovery.md"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one part.

    Attributes:
        part: what was looked at.
        state: ``ok``, ``warning`` or ``failed``.
        detail: what was found.
        repair: what to do, or an empty text.
        exit: exit code this finding asks for, 0 unless it failed.
    """

    part: str
    state: str
    detail: str
    repair: str = ""
    exit: int = 0

    def row(self) -> dict[str, object]:
        """Return the finding as a row of the answer."""
        return {
            "part": self.part,
            "state": self.state,
            "detail": self.detail,
            "repair": self.repair,
        }


Part = Callable[[Config], Iterator[Finding]]


def examine(
    home: Path | None, *, quick: bool = False, further: Sequence[Part] = ()
) -> list[Finding]:
    """Look at every part of a home; a part that fails never hides the next.

    Args:
        home: the ledger home; the nearest by default.
        quick: configuration, keys and log alone.
        further: parts that another package adds, such as its database.

    Raises:
        ConfigurationError: there is no readable configuration to start from.
    """
    config = load_config(home)
    parts: list[Part] = [_configuration, _keys, _log]
    if not quick:
        parts += [_journal, _seal, _refused, _witnesses, _manifest, _time]
        parts += [_documents, _topics]
    findings: list[Finding] = []
    for part in (*parts, *further):
        findings += _guarded(part, config)
    return findings


def _guarded(part: Part, config: Config) -> Iterator[Finding]:
    name = part.__name__.strip("_")
    try:
        yield from part(config)
    except LedgerError as error:
        yield Finding(name, FAILED, str(error), error.hint, error.exit_code)
    except OSError as error:
        yield Finding(name, FAILED, str(error), "mend the file system", 1)


def _configuration(config: Config) -> Iterator[Finding]:
    yield Finding(
        "configuration",
        OK,
        f"{config.name}, {config.log.kind} log, ledger id {config.ledger_id.hex()}",
    )


def _keys(config: Config) -> Iterator[Finding]:
    from ledger.keys import load_signer

    loose = [
        path.name
        for path in sorted(config.keys.glob("*.key"))
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if loose:
        where = f"chmod 600 {config.keys}/*.key"
        yield Finding("keys", FAILED, f"readable by others: {loose}", where, 3)
    else:
        count = len(list(config.keys.glob("*.key")))
        yield Finding("keys", OK, f"{count} key files, readable by their owner alone")
    for who, uri in {
        config.producer.identity: config.producer.key,
        **config.identities,
    }.items():
        load_signer(uri, base=config.home)
        yield Finding("keys", OK, f"{who} can sign")
    if (config.keys / "root.key").exists():
        yield Finding(
            "keys", WARNING, "root.key lies here", "move it offline; keep a copy"
        )


def _log(config: Config) -> Iterator[Finding]:
    from ledger.log import open_log

    log = open_log(config)
    try:
        for origin in config.origins:
            yield _bounds(origin, *log.bounds(config.partition(origin)))
    finally:
        log.close()


def _bounds(origin: str, start: int, end: int) -> Finding:
    text = f"records {start} to {end - 1}" if end > start else "no records"
    gone = "records before these are gone" if start else ""
    return Finding(f"log {origin}", WARNING if start else OK, text, gone)


def _journal(config: Config) -> Iterator[Finding]:
    from ledger.journal_admin import journal_status, quarantine_list

    rows = [row for row in journal_status(config) if not row.is_held]
    waiting = sum(row.events + row.new for row in rows)
    if waiting:
        anew = sum(row.to_resign for row in rows)
        text = f"{waiting} events or entries of ended processes wait"
        text += f", {anew} of them to be signed anew" if anew else ""
        yield Finding("journal", WARNING, text, "mlledger journal flush")
    else:
        yield Finding("journal", OK, "nothing waits")
    if kept := quarantine_list(config):
        text = f"{len(kept)} files that could not be sent, such as {kept[0].name}"
        yield Finding("journal", WARNING, text, "mlledger journal quarantine ls")


def _refused(config: Config) -> Iterator[Finding]:
    """Say what the sealer refused of late, and whose it was."""
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.verification import ControlReader, quarantine

    log, public = open_log(config), PublicFolder(config.public)
    try:
        control = ControlReader(log=log, public=public, ledger_id=config.ledger_id)
        control.refresh()
        found = Counter(
            (one.origin, one.verdict, one.identity or "an unknown key")
            for one in quarantine(control, public, newest=_NEWEST)
        )
    finally:
        log.close()
    for (origin, verdict, who), count in found.items():
        text = f"{verdict}: {count} of the last {_NEWEST} entries, which name {who}"
        yield Finding(f"refused {origin}", WARNING, text, _REFUSED_REPAIR)
    if not found:
        yield Finding("refused", OK, f"none of the last {_NEWEST} entries of each log")


def _seal(config: Config) -> Iterator[Finding]:
    from ledger.checkpoint import parse_checkpoint
    from ledger.errors import MissingEvidenceError
    from ledger.public import PublicFolder, last_offset

    public = PublicFolder(config.public)
    for origin in config.origins:
        try:
            checkpoint, _note = parse_checkpoint(public.read(origin, "checkpoint"))
        except MissingEvidenceError:
            yield _unsealed(config, origin)
            continue
        yield _sealed(config, checkpoint, last_offset(public, checkpoint))


def _sealed(config: Config, head: Checkpoint, last: int) -> Finding:
    """Say how much is sealed, and whether the log still reaches as far."""
    part, end = f"seal {head.origin}", _end(config, head.origin)
    if last < end:
        return Finding(part, OK, f"{head.size} leaves sealed")
    text = f"records {end} to {last} are sealed, but not in the log"
    return Finding(part, FAILED, text, _LOST_REPAIR, 6)


def _documents(config: Config) -> Iterator[Finding]:
    from ledger.audit.documents import verify_sample
    from ledger.clock import random_bytes

    for step in verify_sample(config.blobs, seed=random_bytes(8)):
        if step.is_finding:
            code = 5 if step.status == "failed" else 6
            yield Finding("documents", FAILED, step.detail, "mlledger audit", code)
        else:
            yield Finding("documents", OK, f"a sample: {step.detail}")


def _unsealed(config: Config, origin: str) -> Finding:
    waiting = _end(config, origin)
    if not waiting:
        return Finding(f"seal {origin}", OK, "nothing appended, nothing sealed")
    text = f"{waiting} records, nothing published"
    return Finding(
        f"seal {origin}", WARNING, text, "mlledger worker, or restore public/"
    )


def _end(config: Config, origin: str) -> int:
    """Return one past the last offset that the log holds of an origin."""
    from ledger.log import open_log

    log = open_log(config)
    try:
        return log.bounds(config.partition(origin))[1]
    finally:
        log.close()


def _witnesses(config: Config) -> Iterator[Finding]:
    from ledger.seal.witness_status import waiting_heads, witness_rows

    look = "mlledger witness ls; start or replace those that do not answer"
    for origin, pending, published in waiting_heads(config):
        text = f"{pending - published} leaves are sealed, but wait for their witnesses"
        yield Finding(f"witnesses {origin}", FAILED, text, look, 6)
    rows = witness_rows(config)
    for row in rows:
        if row["answer"] not in {"signed", "not asked"}:
            text = f"{row['witness']} {row['last_error']}"
            yield Finding(f"witnesses {row['origin']}", WARNING, text, look)
    names = {row["witness"] for row in rows}
    outside = {row["witness"] for row in rows if row["outside"]}
    text = f"{len(names)} witnesses, {len(outside)} outside the operator"
    repair = "" if outside else "have others witness: alone it proves nothing to them"
    yield Finding("witnesses", OK, text, repair)


def _manifest(config: Config) -> Iterator[Finding]:
    from ledger.administration import operator_signer
    from ledger.errors import ConfigurationError

    try:
        operator_signer(config)
    except ConfigurationError:
        text = "the operator's key is not here: a worker here writes no manifests"
        repair = "run a worker where it is; without manifests nobody dates the ledger"
        yield Finding("manifest", WARNING, text, repair)
        return
    yield Finding("manifest", OK, f"written every {config.time.every_s} s of growth")


def _time(config: Config) -> Iterator[Finding]:
    from ledger.verification.tokens import roots_of

    authority, roots = config.time.tsa, roots_of(config)
    if not authority:
        text = "no time authority: only witnesses, if any, date what is sealed"
        yield Finding("time", OK, text)
    elif not roots:
        text = f"tokens of {authority} are kept, but no root to verify them with"
        repair = "[time] roots in mlledger.toml: a PEM file of its root certificates"
        yield Finding("time", WARNING, text, repair)
    else:
        yield Finding("time", OK, f"{authority} dates manifests; {len(roots)} roots")


def _topics(config: Config) -> Iterator[Finding]:
    if config.log.kind != "kafka":
        return
    from ledger import broker

    drifts = list(broker.check(config))
    for drift in drifts:
        text = f"{drift.setting} is {drift.found}, wanted {drift.wanted}"
        yield Finding(f"topic {drift.topic}", WARNING, text, "mlledger topic check")
    if not drifts:
        yield Finding("topics", OK, "as planned")
