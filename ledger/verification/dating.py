"""Three times of an entry: claimed, sealed, and attested not later than.

The producer claims a time and the sealer adds its own; both are data. The third is
somebody else's word: a time authority's token over a manifest that covers the entry,
or else the clocks of a quorum of witnesses under a checkpoint that does. Where neither
is there, the ledger's operator vouches for the time alone, and the answer says so.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.output import format_time
from ledger.verification.manifest import ManifestReader
from ledger.verification.witnessed import cosigned_at, kept_sizes, witnesses_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.policy import Cosigned, Policy
    from ledger.verification.entry import SealedEntry
    from ledger.verification.evidence import Evidence
    from ledger.verification.manifest import ManifestCut

OPERATOR = "operator's clock only"
WITNESSES = "witness quorum"


@dataclass(frozen=True, slots=True)
class Dated:
    """By when an entry was sealed, and on whose word.

    Attributes:
        cut: the manifest that covers it, or None.
        attested_ms: it was sealed not later than this, milliseconds since 1970; None
            when nobody but the operator says so.
        attested_by: who says so, in words.
    """

    cut: ManifestCut | None
    attested_ms: int | None
    attested_by: str


class Dating:
    """Dates entries of one ledger; keeps what many of them share.

    Args:
        evidence: of the ledger.
        tsa_roots: see :class:`~ledger.verification.manifest.ManifestReader`.

    Attributes:
        manifests: the reader of manifests.
    """

    def __init__(self, evidence: Evidence, *, tsa_roots: Sequence[bytes] = ()) -> None:
        self._evidence = evidence
        self._policy: tuple[int, Policy] | None = None
        self._cosigned: dict[tuple[str, int], Cosigned] = {}
        self._sizes: dict[str, list[int]] = {}
        self._as_of = -1
        self.manifests = ManifestReader(evidence, tsa_roots=tsa_roots)

    def date(self, origin: str, leaf: int) -> Dated:
        """Return by when a leaf was sealed.

        Raises:
            IntegrityError: manifest, trees, token and witnesses contradict each other.
            MalformedError: a file or record does not parse.
            MissingEvidenceError: a file or record that is needed is absent.
        """
        cut = self.manifests.covering(origin, leaf)
        if cut and cut.attested:
            said = cut.attested
            return Dated(
                cut, said.not_later_than_ms, f"time authority {said.authority}"
            )
        if (witnessed := self._witnessed_ms(origin, leaf)) is not None:
            return Dated(cut, witnessed, WITNESSES)
        return Dated(cut, None, OPERATOR)

    def _witnessed_ms(self, origin: str, leaf: int) -> int | None:
        """Return the end of the second in which a quorum had signed."""
        policy = self._known_policy()
        if policy.quorum == "none":
            return None
        sizes = self._kept(origin)
        for size in sizes[bisect_right(sizes, leaf) :]:
            found = self._cosigned_at(origin, size, policy)
            if found and found.attested_s is not None:
                return found.attested_s * 1_000 + 999
        return None

    def _kept(self, origin: str) -> list[int]:
        """Return the sizes of kept checkpoints, listed again when there may be more."""
        if self._as_of != self._evidence.opened:
            self._as_of = self._evidence.opened
            self._sizes.clear()
        if origin not in self._sizes:
            self._sizes[origin] = kept_sizes(self._evidence.files(origin))
        return self._sizes[origin]

    def _known_policy(self) -> Policy:
        size = self._evidence.control.size
        if self._policy is None or self._policy[0] != size:
            self._policy = (size, witnesses_of(self._evidence.control))
            self._cosigned.clear()
        return self._policy[1]

    def _cosigned_at(self, origin: str, size: int, policy: Policy) -> Cosigned | None:
        key = (origin, size)
        if key not in self._cosigned:
            found = cosigned_at(self._evidence, origin, size, policy)
            if found is None:
                return None
            self._cosigned[key] = found
        return self._cosigned[key]


def dating_words(sealed: SealedEntry, dated: Dated) -> str:
    """Return what a manifest and the three times of an entry come to."""
    claimed = format_time(sealed.entry.header.claimed_time_ms * 1_000)
    sealed_at = format_time(sealed.seal_leaf.sealed_at_ms * 1_000)
    return (
        f"{_manifest_words(dated.cut)}; claimed {claimed}, sealed {sealed_at}, "
        f"{attested_words(dated)}"
    )


def attested_words(dated: Dated) -> str:
    """Return the third time in words."""
    if dated.attested_ms is not None:
        until = format_time(dated.attested_ms * 1_000)
        return f"attested not later than {until} by {dated.attested_by}"
    token = dated.cut.token if dated.cut else None
    if token is None:
        return f"attested by nobody else ({OPERATOR})"
    said = format_time(token.attested.not_later_than_ms * 1_000)
    return (
        f"attested time not established ({OPERATOR}): no root of a time authority was "
        f"given, {token.attested.authority} says {said}"
    )


def _manifest_words(cut: ManifestCut | None) -> str:
    if cut is None:
        return "not in a manifest yet"
    named = cut.checkpoint
    if named.origin == cut.origin:
        return f"{named.origin} itself, dated at size {named.size}"
    return (
        f"{cut.origin} leaf {cut.leaf} names {named.origin} at size {named.size}, "
        "as its tree is"
    )
