"""What is known of the witnesses of a home: configured, in the policy, heard of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.checkpoint import parse_checkpoint
from ledger.errors import ConfigurationError, MalformedError, MissingEvidenceError
from ledger.note import parse_vkey
from ledger.policy import Witness, compose_policy
from ledger.public import PENDING, PublicFolder
from ledger.seal.witnesses import REPORT, read_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.config import Config


def configured_policy(config: Config, *, quorum: str) -> str:
    """Return the policy text that the witnesses of ``mlledger.toml`` come to.

    Args:
        config: the ledger home.
        quorum: ``any``, ``all``, ``none`` or a number.

    Raises:
        ConfigurationError: there are none, or they make no policy.
    """
    if not config.witnesses:
        raise ConfigurationError(
            "mlledger.toml names no witness", hint="add [[witness]] with url and vkey"
        )
    try:
        witnesses = [Witness(w.label, parse_vkey(w.vkey)) for w in config.witnesses]
        return compose_policy(witnesses, quorum)
    except MalformedError as error:
        raise ConfigurationError(f"[[witness]]: {error}") from error


def witness_rows(config: Config) -> list[dict[str, object]]:
    """Return a row for each witness and origin, as sealers last reported them.

    A witness of ``mlledger.toml`` that no sealer has asked has one row without origin:
    it is not in the policy, or no sealer has run since.
    """
    rows: list[dict[str, object]] = []
    outside = {item.label: item.outside for item in config.witnesses}
    for path in sorted(config.staging.rglob(REPORT)):
        origin = path.parent.relative_to(config.staging).as_posix()
        rows += [
            _row(str(item["witness"]), origin, item, outside)
            for item in read_report(path)
        ]
    heard = {row["witness"] for row in rows}
    rows += [_row(name, None, {}, outside) for name in outside if name not in heard]
    return sorted(rows, key=lambda row: (str(row["witness"]), str(row["origin"])))


def waiting_heads(config: Config) -> Iterator[tuple[str, int, int]]:
    """Yield origin, pending size and published size where a head waits."""
    public = PublicFolder(config.public)
    for origin in config.origins:
        pending, published = (_size(public, origin, n) for n in (PENDING, "checkpoint"))
        if pending > published:
            yield origin, pending, published


def _size(public: PublicFolder, origin: str, name: str) -> int:
    try:
        return parse_checkpoint(public.read(origin, name))[0].size
    except MissingEvidenceError:
        return 0


def _row(
    name: str, origin: str | None, item: dict[str, object], outside: dict[str, bool]
) -> dict[str, object]:
    return {
        "witness": name,
        "origin": origin,
        "answer": item.get("answer", "not asked"),
        "size": item.get("size"),
        "signed_at": item.get("signed_s"),
        "asked_at": item.get("asked_s"),
        "last_error": item.get("last_error") or None,
        "outside": outside.get(name, False),
    }
