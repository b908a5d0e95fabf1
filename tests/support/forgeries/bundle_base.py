"""Honest bundles, and the hands that forge them with any key of their ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ledger.bundle import Examined, examine_bundle, read_bundle, write_bundle
from ledger.bundle.contents import Contents, Disclosed, LogPart, Place
from ledger.bundle.layout import to_files
from ledger.bundle.range_proof import range_proof
from ledger.bundle.rows import format_rows
from ledger.entry import event_hashes, event_salt, parse_entry
from ledger.errors import EvidenceError
from ledger.judgement import Judgement, Verdict
from ledger.policy import parse_policy
from ledger.tree import leaf_hash, nodes_of
from projections.commands.prove import replay
from tests.support.browser_verify import Case
from tests.support.bundles import (
    FOLDER,
    LOGS,
    NOW_S,
    FixedLedger,
    Story,
    policy_text,
    tell,
)
from tests.support.forgeries.rows import Check, Found
from tests.support.ledgers import NAME, Stream, signer

Forge = Callable[["Bundles"], Case]


class Bundles:
    """One honest ledger with a chain in it, and as many others as a forger wishes.

    Args:
        folder: where ledgers are made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self.token = (FOLDER / "token.der").read_bytes()
        self.root = (FOLDER / "tsa-root.pem").read_text()

    @cached_property
    def story(self) -> Story:
        """The honest one; nobody may change it."""
        return tell(self._folder / "honest", token=self.token)

    @cached_property
    def other(self) -> Story:
        """Another chain under the same keys."""
        return tell(self._folder / "other", suffix=" of another")

    def fresh(self, **options: Any) -> Story:
        """The honest one once more, for changes."""
        return tell(self.new_folder(), **options)

    def new_folder(self) -> Path:
        self._made += 1
        return self._folder / f"fresh-{self._made}"

    @cached_property
    def event(self) -> Contents:
        return self.story.event()

    @cached_property
    def decision(self) -> Contents:
        return self.story.decision()

    @cached_property
    def range(self) -> Contents:
        return self.story.ledger.collector().range("p0", 1, 4)

    @cached_property
    def answer(self) -> Contents:
        """Who approved what: an answer with its rows, drawn from all of p0."""
        size = self.story.ledger.frontiers[0].size
        collector = self.story.ledger.collector()
        blank = collector.answer("approvals", {}, b"[]", sizes={"p0": size})
        rows: list[dict[str, object]] = []

        def ask(reader: Any) -> list[dict[str, object]]:
            rows.extend(replay(reader))
            return rows

        examine(self.case(blank), ask)
        return replace(blank, answer=format_rows(rows))

    def case(self, made: Contents | Mapping[str, bytes] | bytes, **given: Any) -> Case:
        """What a verifier is handed; policy, id and clock are those of the honest."""
        files = to_files(made) if isinstance(made, Contents) else made
        data = files if isinstance(files, bytes) else write_bundle(files)
        fields: dict[str, Any] = {
            "policy": policy_text(),
            "ledger_id": self.story.ledger.ledger_id,
            "now_s": NOW_S,
            "roots": self.root,
        }
        return Case(data, **fields | given)


def examine(case: Case, ask: Any = replay, control: Any = None) -> Examined:
    """Verify as ``mlledger verify bundle`` does, at the moment of the case."""
    return examine_bundle(
        read_bundle(case.bundle),
        policy=parse_policy(case.policy),
        ledger_id=case.ledger_id,
        now_s=case.now_s or 0,
        tsa_roots=[case.roots.encode()] if case.roots else (),
        max_age_s=case.max_age_s,
        control=control,
        replay=ask,
    )


def by_package(case: Case, control: Any = None) -> Found:
    """Verify a bundle; the places begin with the number of the step."""
    try:
        examined = examine(case, control=control)
    except EvidenceError as error:
        return Found(str(error.exit_code), (f"step 1 {error.place}".strip(),))
    wrong = [step for step in examined.steps if step.is_finding]
    places = [f"step {step.name[0]} {step.place or ''}".strip() for step in wrong]
    return Found(str(examined.exit_code), tuple(places))


BUNDLE = Check("verify bundle", by_package)
WITH_CONTROL = Check(
    "verify bundle --control", lambda given: by_package(given[0], control=given[1])
)


# ------------------------------------------------------------------ small hands


def part_of(contents: Contents, log: str = "p0", /, **changes: Any) -> Contents:
    """The contents with another part of a log."""
    part: LogPart = replace(contents.logs[log], **changes)
    return replace(contents, logs={**contents.logs, log: part})


def edited(name: str, change: Callable[[bytes], bytes], of: str = "event") -> Forge:
    """A bundle with one file changed, packed canonically again."""

    def forge(it: Bundles) -> Case:
        files = to_files(getattr(it, of))
        return it.case({**files, name: change(files[name])})

    return forge


def flipped(at: int) -> Callable[[bytes], bytes]:
    """One bit of one byte is another one."""

    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[at] ^= 1
        return bytes(changed)

    return change


# ------------------------------------------------------------- what an operator can


def open_stream(it: Bundles, key: str = "a") -> tuple[Story, Stream]:
    """A ledger of one open stream, to lie in."""
    ledger = FixedLedger(it.new_folder())
    stream = Stream(signer(key), stream_id=b"z" * 16)
    ledger.log.append(0, stream.open())
    ledger.seal()
    return Story(ledger, {}), stream


def sealed_as(
    story: Story,
    value: bytes,
    verdict: Verdict = Verdict.ACCEPTED,
    *,
    pinned: int | None = None,
    sealed_at_ms: int | None = None,
) -> Contents:
    """The bundle of an entry to which the sealer gave a verdict as it liked."""
    ledger = story.ledger
    number = len(ledger.leaves[0])
    ledger.log.append(0, value)
    size = ledger.control.size if pinned is None else pinned
    now_ms = ledger.now_ms
    ledger.now_ms = sealed_at_ms or now_ms
    leaf = ledger.leaf_of(Judgement(verdict), number, value, size)
    ledger.now_ms = now_ms
    ledger.leaves[0].append(leaf)
    ledger.publish(0, [leaf])
    return ledger.collector().event(Place("p0", number, 0))


def part_shown(ledger: FixedLedger, number: int, shown: Mapping[int, int]) -> LogPart:
    """A log's part with one event of some leaves, whatever verdicts they carry.

    Args:
        ledger: its leaves are in the published tree.
        number: partition.
        shown: index of the event by leaf.
    """
    leaves, origin = ledger.leaves[number], f"{NAME}/{LOGS[number]}"
    values = [record.value or b"" for record in ledger.log.read(number, 0)]
    events, proofs = list[Disclosed](), list[bytes]()
    for leaf, index in sorted(shown.items()):
        entry = parse_entry(values[leaf])
        one = entry.events[index]
        salt = event_salt(entry.seed, index)
        events.append(Disclosed(leaf, index, one.schema_id, salt, one.body))
        nodes, size = nodes_of(event_hashes(entry)), entry.header.n_events
        proofs += range_proof(nodes, indexes=[index], size=size)
    nodes, size = nodes_of([leaf_hash(data) for data in leaves]), len(leaves)
    return LogPart(
        checkpoint=ledger.public.read(origin, "checkpoint"),
        leaves={leaf: leaves[leaf] for leaf in sorted(shown)},
        proof=b"".join(range_proof(nodes, indexes=sorted(shown), size=size)),
        events=tuple(events),
        events_proof=b"".join(proofs),
    )
