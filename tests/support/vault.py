"""A home with a vault, a client that captures, and processes that kill themselves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import ledger
from ledger.config import FILE_NAME, Config, LogConfig, format_config, load_config
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.sdk import Ledger
from ledger.sdk.handles import Deployment, Release
from ledger.setup import initialise, open_emitter
from ledger.vault.opening import make_vault, opened_vault
from ledger.vault.service import VaultService
from ledger.vault.worker import Vault
from ledger.verification import exit_code, verify_log
from tests.support.forked import run_forked
from tests.support.producer import seal

ZERO = f"sha256:{'0' * 64}"
ALICE, BOB = "alice.quux@example.org", "bob.xyzzy@example.org"
FEATURES = {"income": 41234.5, "town": "Zwolle-Plugh", "flag": True}


def vault_home(
    tmp_path: Path, dsn: str, *, log: LogConfig | None = None, name: str = "acme"
) -> Config:
    """A real ledger whose decisions are captured; its vault is in ``dsn``."""
    config = initialise(tmp_path / "home", name=name, log=log).config
    return name_dsn(make_vault(config, enable=True), dsn)


def copied(template: Config, tmp_path: Path, dsn: str) -> Config:
    """A copy of a home that nobody has used yet."""
    home = tmp_path / "home"
    shutil.copytree(template.home, home)
    return name_dsn(load_config(home), dsn)


def name_dsn(config: Config, dsn: str) -> Config:
    """Write the vault's database into the settings."""
    changed = replace(config, vault=replace(config.vault, dsn=dsn))
    path = config.home / FILE_NAME
    path.write_text(format_config(changed), encoding="utf-8")
    return load_config(config.home)


def deployed(client: Ledger) -> Deployment:
    release = Release(
        id=bytes(range(16)),
        digest=bytes(32),
        release="r1",
        model="triage",
        version="1",
        content=ZERO,
        artifact=ZERO,
        artifact_scheme="file",
    )
    return client.deploy(release, "prod")


def decide(config: Config, *people: str, **fields: Any) -> list[bytes]:
    """Record one decision about each, in the log and the transport on return."""
    with ledger.init(config.home, quiet=True) as client:
        place = deployed(client)
        fields = {"output": "high", "use": "credit", "features": FEATURES, **fields}
        ids = [
            client.log_decision(
                deployment=place, subject=who, exact_output=0.8712, **fields
            )
            for who in people
        ]
        assert client.flush(60)
        is_on = fields.get("capture", config.capture.enabled)
        wanted = len(ids) if is_on else 0
        until = time.monotonic() + 60
        while int(client.stats()["payloads_sent"]) < wanted:
            assert time.monotonic() < until, client.stats()
            time.sleep(0.005)
    return [bytes(i) for i in ids]


@contextmanager
def running(
    config: Config,
    *,
    on_step: Callable[[str], None] = lambda _step: None,
    now_us: Callable[[], int] | None = None,
) -> Iterator[tuple[VaultService, Vault]]:
    """The vault at work."""
    options: dict[str, Any] = {"on_step": on_step}
    if now_us:
        options["now_us"] = now_us
    with (
        opened_vault(config, config.vault.dsn, **options) as vault,
        VaultService(vault, lambda: open_emitter(config, mode="strict")) as service,
    ):
        yield service, vault


def taken(config: Config) -> dict[str, int]:
    """Seal, and let the vault take in all there is."""
    seal(config)
    with running(config) as (service, _vault):
        service.step()
        return service.done


def verified(config: Config) -> int:
    """Verify the whole ledger; the exit code."""
    log = open_log(config)
    try:
        return exit_code(
            verify_log(
                log=log,
                public=PublicFolder(config.public),
                ledger_id=config.ledger_id,
            )
        )
    finally:
        log.close()


def files_with(folder: Path, *needles: bytes) -> list[str]:
    """Names of the files below a folder that hold one of the byte strings."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # a running server has just removed it
        found += [str(path.relative_to(folder)) for n in needles if n in data]
    return found


def run_child(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run :func:`main` in a process of its own."""
    return run_forked(main, *map(str, arguments))


def main(home: str, task: str, step: str, nth: str) -> None:
    """Do a task and die at the NTH time that STEP is done.

    ``emit``: twelve captured decisions, the id of each printed once it is recorded.
    ``take``: what the vault's worker does. ``erase``: delete Alice's payload.
    """
    config, seen = load_config(Path(home)), 0

    def on_step(done: str) -> None:
        nonlocal seen
        seen += done == step
        if seen == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)

    if task == "emit":
        emit(config, on_step)
        return
    from ledger.vault.plan import Reason

    with running(config, on_step=on_step) as (service, _vault):
        if task == "take":
            service.step()
        else:
            service.erase(ALICE, Reason("request"))


def emit(config: Config, on_step: Callable[[str], None]) -> None:
    from ledger.emitter import Emitter
    from ledger.keys import load_signer

    signer = load_signer(config.producer.key, base=config.home)
    identity = config.producer.identity
    emitter = Emitter(config, identity=identity, signer=signer, on_step=on_step)
    client = Ledger(config, emitter, identity=identity, emitter_as=lambda _: emitter)
    place = deployed(client)
    out = os.dup(1)
    for number in range(12):
        made = client.log_decision(
            deployment=place, subject=ALICE, features={**FEATURES, "n": number}
        )
        os.write(out, bytes(made).hex().encode() + b"\n")
        if number % 5 == 4:
            client.flush(5)
    client.close(5)
