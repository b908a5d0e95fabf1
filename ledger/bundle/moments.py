"""Times: what the manifest covers, and when a third party saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.bundle.layout import token_name
from ledger.bundle.range_proof import parse_hashes
from ledger.errors import IntegrityError, MalformedError, MissingEvidenceError
from ledger.ledger_types import ledger_types
from ledger.output import format_time
from ledger.tree import verify_consistency
from ledger.verification.places import at

if TYPE_CHECKING:
    from ledger.bundle.contents import Contents, LogPart, Place
    from ledger.bundle.enclosed import Enclosed
    from ledger.checkpoint import Checkpoint
    from ledger.timestamp import Attested
    from ledger.verification.findings import Findings

NO_ROOT = "not established: no TSA root given"


@dataclass(frozen=True, slots=True)
class Moments:
    """What a bundle says about time.

    Attributes:
        sizes: how far the manifest covers each log; empty without a manifest.
        listed: how far the manifest says each log had come, enclosed or not.
        token: what the time-stamp token says, or None without one.
        is_established: whether its signature was verified under a given root.
    """

    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    listed: Mapping[str, int] = field(default_factory=dict[str, int])
    token: Attested | None = None
    is_established: bool = False

    def covers(self, log: str, leaf: int) -> bool:
        """Tell whether the manifest covers a leaf."""
        return leaf < self.sizes.get(log, 0)

    def attested_ms(self, log: str, leaf: int) -> int | None:
        """Return the attested time, milliseconds since 1970, or None."""
        if self.token is None or not self.is_established or not self.covers(log, leaf):
            return None
        return self.token.not_later_than_ms

    def words(self, log: str, leaf: int) -> str:
        """Return the attested time of a leaf in words for a person."""
        if self.token is None or not self.covers(log, leaf):
            return "not recorded"
        return self.token_words()

    def token_words(self) -> str:
        """Return what the token says in words for a person."""
        if self.token is None:
            return "not recorded"
        if not self.is_established:
            return NO_ROOT
        return f"not later than {format_time(self.token.not_later_than_ms * 1_000)}"


def verify_moments(
    enclosed: Enclosed,
    checkpoints: Mapping[str, Checkpoint],
    found: Findings,
    *,
    name: str,
    roots: Sequence[bytes],
) -> Moments:
    """Check manifest, consistency and token of a bundle that encloses a manifest.

    Args:
        enclosed: the bundle.
        checkpoints: those that parse, by log.
        found: takes what contradicts itself or is absent.
        name: of the ledger; empty when it is not known.
        roots: certificates of time-stamping authorities that are believed.
    """
    contents = enclosed.contents
    if contents.manifest is None:
        return Moments()
    sizes, listed = dict[str, int](), dict[str, int]()
    with found.collected():
        heads = _heads(enclosed, contents.manifest)
        listed = {o.removeprefix(f"{name}/"): size for o, (size, _) in heads.items()}
        for log in contents.logs.keys() - {contents.manifest.log}:
            with found.collected(), at(f"{log}/consistency.proof"):
                size = _covered(contents.logs[log], checkpoints.get(log), heads)
                sizes[log] = size
    token: Attested | None = None
    with found.collected(), at(token_name(contents)):
        token = _token(contents, checkpoints.get(contents.manifest.log), roots)
    return Moments(sizes, listed, token, is_established=bool(token and roots))


def _token(
    contents: Contents, checkpoint: Checkpoint | None, roots: Sequence[bytes]
) -> Attested | None:
    if not contents.token:
        return None
    if checkpoint is None:
        raise MissingEvidenceError("no checkpoint to compare the token with")
    from ledger import timestamp

    data = checkpoint.body.encode()
    if roots:
        return timestamp.verify_token(contents.token, data, roots=roots)
    return timestamp.verify_imprint(contents.token, data)


def _covered(
    part: LogPart,
    checkpoint: Checkpoint | None,
    heads: Mapping[str, tuple[int, bytes]],
) -> int:
    """Return how far the manifest covers a log, 0 or more."""
    if checkpoint is None:
        raise MissingEvidenceError("no checkpoint to compare the manifest with")
    seen = heads.get(checkpoint.origin)
    if seen is not None:
        _verify_one_history(checkpoint, seen, part.consistency)
        return seen[0]
    if part.consistency:
        raise MalformedError("nothing asks for it")
    return 0


def _heads(enclosed: Enclosed, place: Place) -> dict[str, tuple[int, bytes]]:
    """Return what the manifest says of each origin."""
    fact = enclosed.facts.get(place)
    if fact is None:
        raise MissingEvidenceError(f"{place}: not enclosed", place=str(place))
    kind = ledger_types().get(fact.schema_id)
    if kind is None or kind.name != "ledger.manifest.published":
        raise IntegrityError(f"{place}: not a manifest", place=str(place))
    with at(str(place)):
        rows = kind.decode(fact.body)["checkpoints"]
    return {row["origin"]: (row["size"], row["root"]) for row in rows}


def _verify_one_history(
    checkpoint: Checkpoint, seen: tuple[int, bytes], proof: bytes
) -> None:
    """Check that a tree and what the manifest says of it are of one history."""
    mine = (checkpoint.size, checkpoint.root)
    (old_size, old_root), (new_size, new_root) = sorted((mine, seen))
    if old_size == 0:
        if proof:
            raise MalformedError("an empty tree needs no proof")
        return
    verify_consistency(
        old_size=old_size,
        new_size=new_size,
        old_root=old_root,
        new_root=new_root,
        proof=parse_hashes(proof),
    )
