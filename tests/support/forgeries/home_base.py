"""Honest homes, copied for each row, and what an auditor or a sealer says of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import config as configuration
from ledger.audit import audit_ledger
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.config import format_config
from ledger.errors import EvidenceError
from ledger.keys import load_signer
from ledger.leaf import SealLeaf, parse_leaf
from ledger.public import OriginReader
from ledger.seal.service import log_key_uri
from ledger.tiles import TileWriter
from ledger.tree import Frontier
from ledger.verification import WitnessTerms, load_control, roots_of, verify_log
from tests.support.dating import believe, stamp, write_manifest
from tests.support.forgeries.rows import Check, Found, of_steps
from tests.support.ledger import SmallLedger, copy_ledger, make_ledger
from tests.support.tsa import Authority
from tests.support.witnesses import (
    RunningWitness,
    configure_witnesses,
    log_vkeys,
    running_witness,
    use_witnesses,
)

if TYPE_CHECKING:
    from tests.support.forgeries.stage import Stage

WITNESSES = ("north", "south", "east")


class Homes:
    """Templates of homes, each made once and closed.

    Args:
        folder: where they are made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority()

    @cached_property
    def plain(self) -> Path:
        """Two event logs, sealed twice, a record in quarantine, a dated manifest."""
        ledger = make_ledger(self._folder / "plain", partitions=2)
        ledger.emit_decisions(20, per_entry=1)
        ledger.emit_decisions(5, per_entry=1, partition=1)
        ledger.log.append(0, b"nonsense")
        ledger.seal()
        ledger.emit_decisions(9, per_entry=1)
        ledger.seal()
        believe(ledger, self.authority)
        text = format_config(ledger.config)
        (ledger.home / configuration.FILE_NAME).write_text(text, encoding="utf-8")
        write_manifest(ledger)
        stamp(ledger, self.authority)
        ledger.close()
        return ledger.home

    @cached_property
    def bare(self) -> Path:
        """One event log and nothing else: no witness, no manifest, no time stamp."""
        ledger = make_ledger(self._folder / "bare")
        ledger.emit_decisions(12, per_entry=1)
        ledger.seal()
        ledger.close()
        return ledger.home

    @cached_property
    def witnessed(self) -> Path:
        """A home and the folders of its three witnesses, of whom two are enough."""
        ledger = make_ledger(self._folder / "witnessed")
        with _running(ledger, self._folder / "witnesses", WITNESSES) as witnesses:
            use_witnesses(ledger, [w.config() for w in witnesses], quorum="2")
            ledger.emit_decisions(12, per_entry=1)
            ledger.seal()
        ledger.close()
        return ledger.home

    @property
    def witnesses(self) -> Path:
        """Folders of the witnesses as they are after the template was sealed."""
        assert self.witnessed
        return self._folder / "witnesses"


@dataclass
class Witnessed:
    """A witnessed ledger and its witnesses, which run."""

    ledger: SmallLedger
    witnesses: list[RunningWitness] = field(default_factory=list[RunningWitness])


@contextmanager
def _running(
    ledger: SmallLedger, folder: Path, names: Sequence[str]
) -> Generator[list[RunningWitness]]:
    logs = log_vkeys(ledger)
    with ExitStack() as stack:
        yield [
            stack.enter_context(running_witness(folder / name, logs, name=name))
            for name in names
        ]


def home(
    which: str, change: Callable[[SmallLedger], None] = lambda _ledger: None
) -> Callable[[Stage], object]:
    """Start from a copy of a template, changed honestly if wished."""

    @contextmanager
    def start(stage: Stage) -> Generator[SmallLedger]:
        template: Path = getattr(stage.homes, which)
        ledger = copy_ledger(template, stage.new_folder())
        ledger.authority = stage.homes.authority  # type: ignore[attr-defined]
        try:
            change(ledger)
            yield ledger
        finally:
            ledger.close()

    return start


plain, bare, quiet = home("plain"), home("bare"), home("witnessed")


def beside(*names: str) -> Callable[[Stage], object]:
    """Start from a copy of the witnessed home with copies of some witnesses beside."""

    @contextmanager
    def start(stage: Stage) -> Generator[Witnessed]:
        target = stage.new_folder()
        ledger = copy_ledger(stage.homes.witnessed, target / "home")
        shutil.copytree(stage.homes.witnesses, target / "witnesses")
        try:
            with _running(ledger, target / "witnesses", names) as running:
                entered = [
                    next((w.config() for w in running if w.name == old.name), old)
                    for old in ledger.config.witnesses
                ]
                configure_witnesses(ledger, entered, renew_s=1)
                yield Witnessed(ledger, running)
        finally:
            ledger.close()

    return start


# ----------------------------------------------------------------------- checks


@dataclass(frozen=True)
class Asked:
    """A ledger, and what a reader asks of its witnesses."""

    ledger: SmallLedger
    terms: WitnessTerms


def _verified(given: SmallLedger | Asked) -> Found:
    asked = given if isinstance(given, Asked) else Asked(given, WitnessTerms())
    ledger = asked.ledger
    steps = verify_log(
        log=ledger.log,
        public=ledger.public,
        ledger_id=ledger.config.ledger_id,
        tsa_roots=roots_of(ledger.config),
        terms=asked.terms,
    )
    return within(ledger, of_steps(steps))


def within(ledger: SmallLedger, found: Found) -> Found:
    """Name files from the home on."""
    tops = (f"{ledger.config.public}/", f"{ledger.home}/")
    places = found.places
    for top in tops:
        places = tuple(place.removeprefix(top) for place in places)
    return Found(found.code, places)


def _sealed(ledger: SmallLedger) -> Found:
    try:
        ledger.seal()
    except EvidenceError as error:
        return within(ledger, Found(str(error.exit_code), (error.place,)))
    return Found("0")


LOG = Check("verify log", _verified)
AUDIT = Check("audit", lambda ledger: of_steps(audit_ledger(ledger.config)))
SEALER = Check("sealer", _sealed)


# ------------------------------------------------------------- an operator's hands


def changed_file(name: str, change: Callable[[bytes], bytes]) -> Callable[..., None]:
    """Change a published file."""

    def forge(ledger: SmallLedger) -> None:
        path = ledger.config.public / name
        path.write_bytes(change(path.read_bytes()))

    return forge


def flip(at: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[at] ^= 1
        return bytes(changed)

    return change


def leaves_of(ledger: SmallLedger, partition: int = 0) -> list[SealLeaf]:
    origin = ledger.config.origin(partition)
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    reader = OriginReader(ledger.public, control.active_vkeys(origin))
    return [parse_leaf(data) for data in reader.leaves(0, reader.checkpoint.size)]


def publish_anew(
    ledger: SmallLedger, leaves: Sequence[SealLeaf], partition: int = 0
) -> None:
    """Sign another tree with the log's own key, and publish nothing else."""
    origin, folder = ledger.config.origin(partition), ledger.folder(partition)
    shutil.rmtree(folder)
    data = [leaf.to_bytes() for leaf in leaves]
    tree = TileWriter(lambda _path: b"", Frontier()).extend(data)
    for name, content in tree.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    signer = load_signer(log_key_uri(ledger.config, partition), base=ledger.home)
    note = sign_checkpoint(Checkpoint(origin, tree.size, tree.root), signer)
    for name in ("checkpoint", f"checkpoint.{tree.size}"):
        (folder / name).write_bytes(note)


def resealed(
    change: Callable[[int, SealLeaf], SealLeaf | None],
) -> Callable[[SmallLedger], None]:
    """The operator's lie: other leaves, a whole new tree, signed."""

    def forge(ledger: SmallLedger) -> None:
        made = [change(n, leaf) for n, leaf in enumerate(leaves_of(ledger))]
        publish_anew(ledger, [leaf for leaf in made if leaf is not None])

    return forge


def leaf_with(number: int, **fields: object) -> Callable[[int, SealLeaf], SealLeaf]:
    """One leaf gets other fields."""
    return lambda n, leaf: replace(leaf, **fields) if n == number else leaf
