"""A small ledger that is dated: manifests written now, tokens of a test authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ledger.administration import operator_signer
from ledger.events.base import Event
from ledger.genesis import operator_groups, signed_stream
from ledger.keys import Signer
from ledger.log import MANIFEST
from ledger.seal.manifest import publish_now
from ledger.settings import TimeConfig
from ledger.verification import LedgerVerifier, Step, roots_of, verify_log
from ledger.verification.tokens import token_name
from tests.support.ledger import SmallLedger
from tests.support.tsa import Authority


def believe(ledger: SmallLedger, *authorities: Authority, url: str = "") -> None:
    """Pin the roots of authorities, and fetch tokens at an address."""
    (ledger.home / "roots.pem").write_bytes(b"".join(one.pem for one in authorities))
    time = TimeConfig(tsa=url, roots="roots.pem" if authorities else "")
    ledger.config = replace(ledger.config, time=time)


def write_manifest(ledger: SmallLedger) -> bool:
    """Write a manifest of what is published, and seal it."""
    signer = operator_signer(ledger.config)
    with ledger.state() as state:
        return publish_now(ledger.config, ledger.log, state, signer=signer)


def say_in_manifest_log(
    ledger: SmallLedger, facts: Sequence[Event], signer: Signer | None = None
) -> None:
    """Write anything into the manifest log, as the operator could, and seal it."""
    from hashlib import sha256

    values = signed_stream(
        signer=signer or operator_signer(ledger.config),
        log_id=sha256(ledger.config.origin(MANIFEST).encode()).digest(),
        groups=operator_groups(facts, software="test", version="1"),
    )
    for value in values:
        ledger.log.append(MANIFEST, value)
    ledger.seal()


def newest_size(ledger: SmallLedger) -> int:
    """Size of the newest checkpoint of the manifest log."""
    text = (ledger.folder(MANIFEST) / "checkpoint").read_text()
    return int(text.split("\n")[1])


def stamp(
    ledger: SmallLedger,
    authority: Authority,
    *,
    at: datetime | None = None,
    size: int | None = None,
) -> Path:
    """Put a token over the newest manifest checkpoint where a worker puts it."""
    folder = ledger.folder(MANIFEST)
    body = (folder / "checkpoint").read_text().split("\n\n")[0] + "\n"
    path = folder / token_name(size or newest_size(ledger))
    path.write_bytes(authority.stamp(body.encode(), at=at))
    return path


def dated_verifier(ledger: SmallLedger) -> LedgerVerifier:
    """A verifier that believes the roots of the home."""
    return LedgerVerifier(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        tsa_roots=roots_of(ledger.config),
    )


def dated_steps(ledger: SmallLedger) -> list[Step]:
    """Verify the whole ledger, believing the roots of the home."""
    return verify_log(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        tsa_roots=roots_of(ledger.config),
    )
