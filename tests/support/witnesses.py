"""Witnesses for tests: ours over real HTTP, and ones that answer whatever is wished."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from ledger import config as configuration
from ledger.administration import append_endorsed
from ledger.config import WitnessConfig, format_config
from ledger.events.ledger import WitnessPolicySet
from ledger.keys import load_signer
from ledger.note import Vkey, parse_vkey
from ledger.policy import Witness as PolicyWitness
from ledger.policy import compose_policy
from ledger.verification import load_control
from ledger.witness import Pin, Witness
from ledger.witness.folder import opened
from ledger.witness.protocol import Answer
from ledger.witness.server import WitnessServer
from ledger.witness.state_sqlite import WitnessState
from tests.support.ledger import SmallLedger


@contextmanager
def served(answer: Callable[[bytes], Answer], **limits: float) -> Generator[str]:
    """Serve a function over HTTP; yields the submission prefix."""
    with WitnessServer(("127.0.0.1", 0), answer, **limits) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.url
        finally:
            server.stop()
            thread.join()


@dataclass
class RunningWitness:
    """One of our witnesses, and how it is reached."""

    name: str
    vkey: Vkey
    url: str
    state: WitnessState
    witness: Witness

    def config(self, *, outside: bool = False) -> WitnessConfig:
        return WitnessConfig(self.url, str(self.vkey), self.name, outside)


@contextmanager
def running_witness(
    folder: Path,
    logs: Sequence[Vkey],
    *,
    name: str = "north",
    pins: Sequence[Pin] = (),
    now_s: Callable[[], int] | None = None,
) -> Generator[RunningWitness]:
    """Run one of our witnesses in this process, over real HTTP."""
    with opened(folder, name=f"{name}.example/w", logs=logs, pins=pins) as found:
        options = {} if now_s is None else {"now_s": now_s}
        witness = Witness(
            name=found.name,
            signer=found.signer,
            logs=logs,
            state=found.state,
            **options,
        )
        with served(witness.add_checkpoint) as url:
            yield RunningWitness(name, found.vkey, url, found.state, witness)


def post(url: str, body: bytes) -> Answer:
    """Send one request as any log would."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=60
    )
    try:
        connection.request("POST", f"{parts.path}/add-checkpoint", body)
        got = connection.getresponse()
        return Answer(got.status, got.read(), got.headers.get("Content-Type", ""))
    finally:
        connection.close()


def log_vkeys(ledger: SmallLedger) -> list[Vkey]:
    """The keys of every log of a ledger."""
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    return list(control.log_vkeys.values())


def use_witnesses(
    ledger: SmallLedger,
    witnesses: Sequence[WitnessConfig],
    *,
    quorum: str = "all",
    mode: str = "enforce",
    renew_s: int = 600,
) -> str:
    """Enter witnesses in the home's settings and the control log; returns the policy.

    The policy is appended and not sealed yet.
    """
    configure_witnesses(ledger, witnesses, mode=mode, renew_s=renew_s)
    listed = [PolicyWitness(w.label, parse_vkey(w.vkey)) for w in witnesses]
    text = compose_policy(listed, quorum)
    set_policy(ledger, text)
    return text


def configure_witnesses(
    ledger: SmallLedger,
    witnesses: Sequence[WitnessConfig],
    *,
    mode: str = "enforce",
    renew_s: int = 600,
) -> None:
    """Enter witnesses in the home's settings alone."""
    ledger.config = replace(
        ledger.config,
        witnesses=tuple(witnesses),
        seal=replace(ledger.config.seal, witnesses=mode, renew_s=renew_s),
    )
    path = ledger.home / configuration.FILE_NAME
    path.write_text(format_config(ledger.config), encoding="utf-8")


def set_policy(ledger: SmallLedger, text: str) -> None:
    """Append a witness policy, endorsed by the root."""
    root = load_signer("file:keys/root.key", base=ledger.home)
    append_endorsed(
        ledger.config, ledger.log, WitnessPolicySet.record(policy=text), [root]
    )


@dataclass
class Three:
    """Three running witnesses of one ledger."""

    running: list[RunningWitness] = field(default_factory=list[RunningWitness])
    stacks: list[ExitStack] = field(default_factory=list[ExitStack])

    def stop(self, number: int) -> None:
        """Take one away, as if its machine were off."""
        self.stacks[number].close()

    def configs(self, *, outside: int = 0) -> list[WitnessConfig]:
        return [w.config(outside=n < outside) for n, w in enumerate(self.running)]


@contextmanager
def three_witnesses(folder: Path, logs: Sequence[Vkey]) -> Generator[Three]:
    """Run three witnesses that know the same logs."""
    found = Three()
    with ExitStack() as whole:
        for name in ("north", "south", "east"):
            stack = whole.enter_context(ExitStack())
            running = running_witness(folder / name, logs, name=name)
            found.running.append(stack.enter_context(running))
            found.stacks.append(stack)
        yield found
