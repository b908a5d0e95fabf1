"""Manifests: what the ledger said of itself while it grew, each held against its trees.

A manifest names, for every other origin, the size and root that had been published at
one moment. It stands in a log of its own, whose checkpoints get the tokens of a
time-stamping authority: so the token of one small tree dates every tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.authority import role_of
from ledger.checkpoint import Checkpoint
from ledger.leaf import parse_leaf
from ledger.verdict import Verdict
from ledger.verification.entry import EntryCheck
from ledger.verification.manifest_entry import Manifest, read_manifest, verify_named
from ledger.verification.places import at, leaf_place
from ledger.verification.tokens import Token, read_token, token_name, token_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.public import OriginReader
    from ledger.timestamp import Attested
    from ledger.verification.evidence import Evidence


@dataclass(frozen=True, slots=True)
class ManifestCut:
    """The manifest that first covers a leaf, and what dates it.

    Attributes:
        origin: the manifest log.
        leaf: the manifest's leaf there.
        checkpoint: the tree head that it names for the leaf's origin; of a leaf of the
            manifest log itself, the checkpoint that the token speaks of.
        token: the token over the smallest checkpoint that covers the manifest, or None.
    """

    origin: str
    leaf: int
    checkpoint: Checkpoint
    token: Token | None

    @property
    def attested(self) -> Attested | None:
        """What an established token says, or None."""
        token = self.token
        return token.attested if token and token.is_established else None


class ManifestReader:
    """Finds the manifest that covers a leaf, and verifies what it rests on.

    Args:
        evidence: of the ledger.
        tsa_roots: root certificates, PEM or DER, of the time authorities that the
            caller believes; without any a token's imprint alone is checked.
    """

    def __init__(self, evidence: Evidence, *, tsa_roots: Sequence[bytes] = ()) -> None:
        self._evidence = evidence
        self._roots = tuple(tsa_roots)
        self._manifests: dict[tuple[str, int], Manifest | None] = {}
        self._verified: set[tuple[str, int, str]] = set()
        self._tokens: dict[tuple[str, int], Token] = {}
        self._sizes: dict[str, list[int]] = {}
        self._readers: dict[str, OriginReader] = {}
        self._as_of = -1

    def covering(self, origin: str, leaf: int) -> ManifestCut | None:
        """Return the first manifest that covers a leaf, verified; None: none does yet.

        Takes reads that grow with the logarithm of the number of manifests.

        Raises:
            IntegrityError: manifest, trees and token contradict each other.
            MalformedError: a file or record does not parse.
            MissingEvidenceError: a file or record that is needed is absent.
        """
        self._keep_up()
        if role_of(origin) == "manifest":
            return self._own(origin, leaf)
        for reader in self._readers.values():
            if found := self._first(reader, origin, leaf):
                self._verify(found, origin)
                token = self._token(reader, found.leaf)
                named = found.checkpoints[origin]
                return ManifestCut(reader.origin, found.leaf, named, token)
        return None

    def newest(self) -> Manifest | None:
        """Return the newest manifest, as its record hash vouches for it, or None.

        Raises:
            IntegrityError, MalformedError, MissingEvidenceError: as :meth:`covering`.
        """
        self.refresh()
        for reader in reversed(self._readers.values()):
            for leaf in reversed(range(reader.checkpoint.size)):
                if found := self._manifest(reader, leaf):
                    return found
        return None

    def refresh(self) -> None:
        """Read the newest checkpoint of the manifest log, and which tokens there are.

        Raises:
            IntegrityError, MalformedError, MissingEvidenceError: as :meth:`covering`.
        """
        self._readers.clear()
        self._sizes.clear()
        for name in self._evidence.control.origins:
            if role_of(name) == "manifest" and (r := self._evidence.newest(name)):
                self._readers[name] = r
                self._sizes[name] = token_sizes(self._evidence.files(name))

    def _keep_up(self) -> None:
        """Look for newer manifests whenever another checkpoint was read."""
        if self._as_of != self._evidence.opened:
            self.refresh()
            self._as_of = self._evidence.opened

    def _own(self, origin: str, leaf: int) -> ManifestCut | None:
        reader = self._readers.get(origin)
        token = self._token(reader, leaf) if reader else None
        if reader is None or token is None:
            return None
        named = Checkpoint(origin, token.size, reader.root_at(token.size))
        return ManifestCut(origin, leaf, named, token)

    def _first(self, reader: OriginReader, origin: str, leaf: int) -> Manifest | None:
        """Search by halves: what one manifest covers all later ones cover as well.

        Where that does not hold a later manifest than the first is found, which
        vouches for no less.
        """
        low, high, found = 0, reader.checkpoint.size, None
        while low < high:
            middle = (low + high) // 2
            manifest = self._next(reader, middle, high)
            if manifest is None:
                high = middle
            elif _covers(manifest, origin, leaf):
                found, high = manifest, middle
            else:
                low = manifest.leaf + 1
        return found

    def _next(self, reader: OriginReader, start: int, end: int) -> Manifest | None:
        for leaf in range(start, end):
            if manifest := self._manifest(reader, leaf):
                return manifest
        return None

    def _manifest(self, reader: OriginReader, leaf: int) -> Manifest | None:
        key = (reader.origin, leaf)
        if key not in self._manifests:
            self._manifests[key] = self._read(reader, leaf)
        return self._manifests[key]

    def _read(self, reader: OriginReader, leaf: int) -> Manifest | None:
        with at(leaf_place(reader.origin, leaf)):
            sealed = parse_leaf(reader.leaf(leaf))
        if sealed.verdict != Verdict.ACCEPTED:
            return None
        value = self._evidence.record(reader.origin, sealed.offset) or b""
        return read_manifest(reader.origin, leaf, sealed, value)

    def _verify(self, manifest: Manifest, origin: str) -> None:
        key = (manifest.origin, manifest.leaf, origin)
        if key in self._verified:
            return
        check = EntryCheck(self._evidence, manifest.origin, manifest.leaf)
        for _, step in check.steps():
            step()
        named = manifest.checkpoints[origin]
        reader = self._evidence.newest(origin, at_least=named.size)
        verify_named(named, reader, manifest.place)
        self._verified.add(key)

    def _token(self, reader: OriginReader, leaf: int) -> Token | None:
        """Return the token over the smallest checkpoint that covers a leaf."""
        origin, end = reader.origin, reader.checkpoint.size
        wanted = [size for size in self._sizes[origin] if leaf < size <= end]
        if not wanted:
            return None
        key = (origin, wanted[0])
        if key not in self._tokens:
            data = self._evidence.file(origin, token_name(wanted[0]))
            self._tokens[key] = read_token(reader, wanted[0], data, self._roots)
        return self._tokens[key]


def _covers(manifest: Manifest, origin: str, leaf: int) -> bool:
    named = manifest.checkpoints.get(origin)
    return named is not None and leaf < named.size
