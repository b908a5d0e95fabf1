"""Make bundles of one ledger: gather what proves something, and nothing besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from ledger.bundle.contents import (
    CONTROL,
    MANIFEST,
    Contents,
    Place,
    Range,
)
from ledger.bundle.keys import key_events
from ledger.bundle.parts import Draft, Parts
from ledger.bundle.sources import Sources
from ledger.errors import NotFoundError
from ledger.leaf import parse_leaf
from ledger.verdict import Verdict
from ledger.verification.tokens import token_name

if TYPE_CHECKING:
    from ledger.log import Log
    from ledger.public import Public
    from ledger.verification.manifest import ManifestCut

_NEWEST: Mapping[str, str] = MappingProxyType({})


class Collector:
    """Makes bundles.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration.
    """

    def __init__(self, *, log: Log, public: Public, ledger_id: bytes) -> None:
        self._log, self._public, self._ledger_id = log, public, ledger_id
        self.sources = Sources(log=log, public=public, ledger_id=ledger_id)

    def event(self, place: Place) -> Contents:
        """Return the bundle of one event."""
        return self._about(Contents("event", {}, subject=place), [place])

    def report(self, place: Place, report: bytes) -> Contents:
        """Return the bundle of a report and the event that it was issued."""
        about = Contents("report", {}, subject=place, report=report)
        return self._about(about, [place])

    def decision(self, place: Place, chain: Iterable[Place]) -> Contents:
        """Return the bundle of a decision.

        Args:
            place: of the decision.
            chain: places of the other events of its chain.
        """
        about = Contents("decision", {}, subject=place)
        return self._about(about, {place, *chain})

    def range(self, log: str, first: int, last: int) -> Contents:
        """Return the bundle of a range of leaves, both ends included."""
        for number in (first, last):
            self.sources.leaf(log, number)
        whole = Range(log, first, last)
        draft = Draft(ranges={log: whole})
        return self._made(Contents("range", {}, ranges=(whole,)), draft)

    def answer(
        self,
        question: str,
        parameters: Mapping[str, str],
        answer: bytes,
        *,
        sizes: Mapping[str, int],
    ) -> Contents:
        """Return the bundle of an answer with all that it is drawn from.

        Args:
            question: its name.
            parameters: as they were given.
            answer: its rows, RFC 8785 JSON.
            sizes: number of leaves by log, as the answer was drawn from them.

        Raises:
            NotFoundError: nothing is sealed yet.
        """
        ranges = {log: Range(log, 0, n - 1) for log, n in sorted(sizes.items()) if n}
        if not ranges:
            raise NotFoundError("nothing is sealed yet that could be answered from")
        about = Contents(
            "answer",
            {},
            ranges=tuple(ranges.values()),
            question=question,
            parameters=parameters,
            answer=answer,
        )
        names = {
            log: f"checkpoint.{each.last + 1}"
            for log, each in ranges.items()
            if self.sources.reader(log)[0].checkpoint.size != each.last + 1
        }
        return self._made(about, Draft(ranges=ranges), names)

    def _about(self, about: Contents, places: Iterable[Place]) -> Contents:
        draft = Draft(events=set(places))
        draft.events |= {
            self.sources.opening(place.log, place.leaf) for place in set(draft.events)
        }
        return self._made(about, draft)

    def _made(
        self, about: Contents, draft: Draft, names: Mapping[str, str] = _NEWEST
    ) -> Contents:
        found = self._manifest(draft, names)
        if found:
            place, cut = found
            token, named = self._token(place, cut, draft)
            names = {**named, **names}
            if not draft.is_ranged(place.log, place.leaf):
                draft.events.add(place)
            about = replace(about, manifest=place, token=token)
        self._add_keys(draft, logs=about.kind == "answer")
        parts = Parts(self.sources, draft, names)
        logs = {log: parts.log(log) for log in draft.logs}
        if found:
            logs = parts.with_consistency(logs, found[1])
        return replace(
            about,
            logs=logs,
            schemas=parts.schemas(),
            partition_proof=parts.tlog_proof(about.subject),
            manifest_proof=parts.tlog_proof(about.manifest),
        )

    def _manifest(
        self, draft: Draft, names: Mapping[str, str]
    ) -> tuple[Place, ManifestCut] | None:
        """Return the manifest to enclose; none that a range was cut off before."""
        highest = {
            log: max(draft.leaves(log))
            for log in draft.logs
            if log.partition("/")[0] != MANIFEST
        }
        found = self.sources.manifest(highest)
        if found and found[0].log in names:
            place = found[0]
            return found if draft.is_ranged(place.log, place.leaf) else None
        return found

    def _token(
        self, place: Place, cut: ManifestCut, draft: Draft
    ) -> tuple[bytes, dict[str, str]]:
        """Return the token that dates the manifest, and the checkpoint it is over."""
        size = cut.token.size if cut.token else 0
        name = f"checkpoint.{size}"
        covers = size > max(draft.leaves(place.log), default=0)
        if not size or not covers or self.sources.file(place.log, name) is None:
            return b"", {}
        token = self.sources.file(place.log, token_name(size))
        return (token, {place.log: name}) if token else (b"", {})

    def _add_keys(self, draft: Draft, *, logs: bool) -> None:
        signers = {
            parse_leaf(data).header_bytes[96:128]
            for log in draft.logs
            if log != CONTROL
            for data in (self.sources.leaf(log, n) for n in draft.leaves(log))
            if parse_leaf(data).verdict == Verdict.ACCEPTED
        }
        events = list(self.sources.control_events())
        for place in key_events(events, signers, logs=logs):
            if not draft.is_ranged(CONTROL, place.leaf):
                draft.events.add(place)
