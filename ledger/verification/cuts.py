"""Every manifest of a ledger against the trees, and every time token over them.

A manifest is a cut through the whole ledger. It holds when the tree of each origin
begins with the one it names, when no origin is smaller in it than in the manifest
before, and when it is consistent: no leaf in it rests on a control leaf outside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.authority import role_of
from ledger.errors import EvidenceError, IntegrityError, MissingEvidenceError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.output import format_time
from ledger.verdict import Verdict
from ledger.verification.evidence import Evidence
from ledger.verification.findings import Findings
from ledger.verification.manifest_entry import Manifest, read_manifest, verify_named
from ledger.verification.places import partition_of
from ledger.verification.records import Records
from ledger.verification.steps import Step, step_of
from ledger.verification.tokens import Token, read_token, token_name, token_sizes
from ledger.verification.witnessed import witness_time_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.checkpoint import Checkpoint
    from ledger.log import Log
    from ledger.public import OriginReader, Public
    from ledger.verification.control import ControlReader


def verify_manifests(
    *,
    log: Log,
    public: Public,
    control: ControlReader,
    tsa_roots: Sequence[bytes] = (),
) -> list[Step]:
    """Check every manifest, every token, and the times of witnesses.

    Returns no step for what a ledger does not have.

    Args:
        log: the ledger's log.
        public: the published ledger.
        control: the control log, refreshed.
        tsa_roots: root certificates, PEM or DER, of the time authorities that the
            caller believes; without any a token's imprint alone is checked.
    """
    evidence = Evidence(log=log, public=public, control=control)
    found: list[Step] = []
    for origin in control.control.origins:
        if role_of(origin) != "manifest":
            continue
        try:
            # Read before any other checkpoint: those are then no older than it names.
            reader = evidence.newest(origin)
        except EvidenceError as error:
            found.append(step_of(f"{origin} manifests", error))
            continue
        if reader is not None:
            found += _Cuts(evidence, reader).steps(log)
            found += _token_steps(evidence, reader, tsa_roots)
    return found + witness_time_steps(evidence)


class _Cuts:
    """The manifests of one log, in order."""

    def __init__(self, evidence: Evidence, reader: OriginReader) -> None:
        self._evidence = evidence
        self._reader = reader
        self._findings = Findings(f"{reader.origin} manifests")
        self._good: dict[str, Checkpoint] = {}
        self._last: Manifest | None = None
        self._count = 0

    def steps(self, log: Log) -> list[Step]:
        for manifest in self._manifests(
            Records(log, partition_of(self._reader.origin))
        ):
            self._count += 1
            for origin, named in manifest.checkpoints.items():
                with self._findings.collected():
                    self._check(manifest, origin, named)
            self._last = manifest
        return self._findings.steps(self._words())

    def _manifests(self, records: Records) -> Iterator[Manifest]:
        origin = self._reader.origin
        leaves = self._reader.leaves(0, self._reader.checkpoint.size)
        for leaf, data in enumerate(leaves):
            sealed = parse_leaf(data)
            if sealed.verdict != Verdict.ACCEPTED:
                continue
            found = None
            with self._findings.collected():
                found = read_manifest(origin, leaf, sealed, _value(records, sealed))
            if found:
                yield found

    def _check(self, manifest: Manifest, origin: str, named: Checkpoint) -> None:
        if self._good.get(origin) == named:
            return
        before = self._last.checkpoints.get(origin) if self._last else None
        if before and named.size < before.size:
            raise IntegrityError(
                f"{manifest.place}: names {origin} at size {named.size}, the manifest "
                f"before at {before.size}: history went back",
                place=manifest.place,
                expected=f"size {before.size} or more",
                actual=f"size {named.size}",
            )
        reader = self._evidence.newest(origin, at_least=named.size)
        verify_named(named, reader, manifest.place)
        if reader is not None and named.size and role_of(origin) == "events":
            _verify_closed(manifest, named, reader)
        self._good[origin] = named

    def _words(self) -> str:
        if self._last is None:
            return "none was written yet"
        reach = ", ".join(
            f"{named.origin} {named.size}" for named in self._last.checkpoints.values()
        )
        return f"{self._count}, each as the trees are; the last one names {reach}"


def _value(records: Records, sealed: SealLeaf) -> bytes:
    record = records.at(sealed.offset)
    if record is None:
        raise MissingEvidenceError(
            f"offset {sealed.offset} of the manifest log is not in the log any more"
        )
    return record.value or b""


def _verify_closed(manifest: Manifest, named: Checkpoint, reader: OriginReader) -> None:
    """Check that a cut holds the control leaves that its own leaves rest on."""
    pinned = parse_leaf(reader.leaf(named.size - 1)).registry_size
    control = [c for o, c in manifest.checkpoints.items() if role_of(o) == "control"]
    size = control[0].size if control else 0
    if pinned > size:
        raise IntegrityError(
            f"{manifest.place}: names {named.origin} at size {named.size}, which rests "
            f"on {pinned} control leaves, but only {size} of them: no consistent cut",
            place=manifest.place,
            expected=f"control log at size {pinned} or more",
            actual=f"size {size}",
        )


def _token_steps(
    evidence: Evidence, reader: OriginReader, roots: Sequence[bytes]
) -> list[Step]:
    origin, newest = reader.origin, reader.checkpoint
    findings = Findings(f"{origin} time tokens")
    last: Token | None = None
    sizes = token_sizes(evidence.files(origin))
    for size in sizes:
        with findings.collected():
            if size > newest.size:
                place = f"{origin}/{token_name(size)}"
                raise IntegrityError(
                    f"{place}: dates size {size}, published is {newest.size}: history "
                    "went back",
                    place=place,
                    expected=f"size {size} or more",
                    actual=f"size {newest.size}",
                )
            data = evidence.file(origin, token_name(size))
            last = read_token(reader, size, data, roots)
    return findings.steps(_token_words(len(sizes), last))


def _token_words(count: int, last: Token | None) -> str:
    if last is None:
        return "none: nobody but the operator dates this ledger here"
    said = format_time(last.attested.not_later_than_ms * 1_000)
    words = (
        f"{count} speak of this tree; {last.attested.authority} dates size {last.size}"
    )
    if last.is_established:
        return f"{words} not later than {said}"
    return f"{words} {said}, which is not established: no root certificate was given"
