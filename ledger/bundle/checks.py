"""Signatures, checkpoints, keys and times of a bundle: what rests on outside trust."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.bundle.authority import Authority, verify_types
from ledger.bundle.clocks import verify_witness_clocks
from ledger.bundle.contents import CONTROL
from ledger.bundle.moments import Moments, verify_moments
from ledger.bundle.trees import verify_inclusion, verify_tlog_proofs
from ledger.checkpoint import parse_checkpoint
from ledger.entry import PAYLOAD_TYPE, pae
from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.keys import verify_signature
from ledger.policy import Policy, read_cosigned, verify_quorum
from ledger.verification.places import at
from ledger.verification.steps import SUSPECT, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.authority import KeyState
    from ledger.bundle.control_log import ControlLog
    from ledger.bundle.enclosed import At, Enclosed
    from ledger.checkpoint import Checkpoint
    from ledger.policy import Cosigned
    from ledger.verification.findings import Findings

ALONE = "no witness outside the operator: proves nothing against its operator"


@dataclass(frozen=True, slots=True)
class Given:
    """What comes from outside, never from the bundle.

    Attributes:
        policy: which logs and witnesses count.
        now_s: the reader's clock, seconds since 1970.
        tsa_roots: certificates of time-stamping authorities that are believed.
        max_age_s: how old the quorum's signatures may be, or None.
        control: the control log, or None to believe the witnessed verdicts.
    """

    policy: Policy
    now_s: int
    tsa_roots: tuple[bytes, ...] = ()
    max_age_s: int | None = None
    control: ControlLog | None = None


class Checks:
    """The steps that ask who signed.

    Args:
        enclosed: the bundle.
        authority: its keys.
        given: what comes from outside.

    Attributes:
        checkpoints: those that parse, by log; what is beside them is compared with
            them even if too few witnesses signed.
        cosigned: who signed them; only those that verified.
        moments: what was found about time.
        suspects: leaves whose key counts as compromised at their time.
    """

    def __init__(self, enclosed: Enclosed, authority: Authority, given: Given) -> None:
        self.enclosed = enclosed
        self.authority = authority
        self.given = given
        self.checkpoints: dict[str, Checkpoint] = {}
        self.cosigned: dict[str, Cosigned] = {}
        self.moments = Moments()
        self.suspects: set[At] = set()
        self._keys = {place: authority.key_of(place) for place in enclosed.headers}

    @property
    def name(self) -> str:
        """Name of the ledger, as genesis sets it; empty when that did not verify."""
        return self.authority.state.name

    def key(self, place: At) -> KeyState | None:
        """Return the key that signed a leaf's entry."""
        return self._keys.get(place)

    def signatures(self, found: Findings) -> str:
        """Check that each accepted header was signed for its log by its key."""
        for place, header in self.enclosed.headers.items():
            with found.collected(), at(str(place)):
                self._verify_log_id(place.log, header.log_id)
                key = self._keys[place]
                if key is None:
                    raise MissingEvidenceError(
                        f"{place}: no public key to verify its signature with"
                    )
                leaf = self.enclosed.leaves[place]
                verify_signature(
                    public_key=key.public_key,
                    signature=leaf.signature,
                    message=pae(PAYLOAD_TYPE, leaf.header_bytes),
                )
        return f"{len(self.enclosed.headers)} headers, strict Ed25519"

    def _verify_log_id(self, log: str, log_id: bytes) -> None:
        if not self.name:
            raise MissingEvidenceError("the ledger's name is not known: no genesis")
        wanted = sha256(f"{self.name}/{log}".encode()).digest()
        if log_id != wanted:
            raise IntegrityError(
                "signed for another log", expected=wanted.hex(), actual=log_id.hex()
            )

    def verify_checkpoints(self, found: Findings) -> str:
        """Check signatures, quorum and age of the checkpoints, and their leaves."""
        said: list[str] = []
        contents = self.enclosed.contents
        for log, part in contents.logs.items():
            with found.collected(), at(f"{log}/checkpoint"):
                checkpoint, _ = parse_checkpoint(part.checkpoint)
                self.checkpoints[log] = checkpoint
                with found.collected():
                    verify_inclusion(log, part, checkpoint)
                said.append(self._cosigned(log, checkpoint, found))
        verify_tlog_proofs(contents, self.checkpoints, found)
        outside = len(self.given.policy.witnesses)
        quorum = self.given.policy.quorum
        said.append(f"quorum {quorum} of {outside} witnesses" if outside else ALONE)
        return "; ".join(said)

    def _cosigned(self, log: str, checkpoint: Checkpoint, found: Findings) -> str:
        """Check who signed; what contradicts itself comes before what is absent."""
        origin = checkpoint.origin
        if self.name and origin != f"{self.name}/{log}":
            raise IntegrityError(
                "a checkpoint of another log",
                expected=f"{self.name}/{log}",
                actual=origin,
            )
        policy, by = self._policy(origin)
        note, now_s = self.enclosed.contents.logs[log].checkpoint, self.given.now_s
        cosigned = read_cosigned(note, policy, now_s=now_s)
        verify_witness_clocks(self.enclosed, log, cosigned, found)
        max_age_s = self.given.max_age_s
        verify_quorum(cosigned, policy, now_s=now_s, max_age_s=max_age_s)
        if not self.name:
            raise MissingEvidenceError("the ledger's name is not known: no genesis")
        self.cosigned[log] = cosigned
        return f"{origin} size {checkpoint.size}, log key by the {by}"

    def _policy(self, origin: str) -> tuple[Policy, str]:
        """Return the policy for a log, and what its log keys rest on."""
        policy = self.given.policy
        if policy.log_vkeys(origin):
            return policy, "policy"
        known = self.authority.state.logs.get(origin)
        if known is None:
            raise MissingEvidenceError(
                f"{origin}: neither the policy nor genesis gives its log key",
                hint="add its log line to the policy file",
            )
        return replace(policy, logs=(*policy.logs, *known.active)), "ledger id"

    def keys(self, found: Findings) -> str:
        """Check that every key was authorised, and look for suspect windows."""
        for error in self.authority.errors:
            found.add(error)
        if self.authority.state.ledger_id:
            for place in self.enclosed.headers:
                with found.collected(), at(str(place)):
                    self._verify_key(place)
        if self.given.control is None:
            seen = "not revoked: by the witnessed verdicts"
        else:
            seen = self._recomputed(found, self.given.control)
        name = self.name or "?"
        names = {key.identity for key in self._keys.values() if key}
        return f"ledger {name}: {', '.join(sorted(names))}; {seen}"

    def _verify_key(self, place: At) -> None:
        key = self.authority.verify_key(place, self._keys[place])
        verify_types(self.enclosed, place, key, self.authority.types)
        if self.authority.is_suspect(place):
            self.suspects.add(place)
        control = self.checkpoints.get(CONTROL)
        pinned = self.enclosed.leaves[place].registry_size
        if control is not None and pinned > control.size:
            raise MissingEvidenceError(
                f"{place}: pins {pinned} control leaves, more than are shown",
                expected=f"a control checkpoint of size {pinned} or more",
                actual=f"size {control.size}",
            )

    def _recomputed(self, found: Findings, control: ControlLog) -> str:
        shown = self.checkpoints.get(CONTROL)
        with found.collected(), at("control/checkpoint"):
            if shown is not None:
                control.verify_history(shown)
        for place, header in self.enclosed.headers.items():
            with found.collected(), at(str(place)):
                leaf = self.enclosed.leaves[place]
                if control.verify_key(header.key_fp, place, leaf):
                    self.suspects.add(place)
                control.verify_clock(place, leaf)
        return f"not revoked: recomputed from {control.size} control leaves"

    def time(self, found: Findings) -> str:
        """Check manifest and token."""
        manifest = self.enclosed.contents.manifest
        if manifest is None:
            return "no manifest is enclosed: attested time not recorded"
        self.moments = verify_moments(
            self.enclosed,
            self.checkpoints,
            found,
            name=self.name,
            roots=self.given.tsa_roots,
        )
        for log in self.enclosed.contents.logs.keys() - self.cosigned.keys():
            text = f"{log}: its checkpoint did not verify"
            found.add(MissingEvidenceError(text, place=f"{log}/checkpoint"))
        token = self.moments.token
        if token is None:
            return f"{manifest}: no time-stamp token, attested time not recorded"
        words = self.moments.token_words()
        return f"{manifest}: token by {token.authority}, {words}"

    def with_suspects(self, steps: Sequence[Step], name: str) -> list[Step]:
        """Return the steps, the one of the keys marked when a window is suspect."""
        if not self.suspects:
            return list(steps)
        places = ", ".join(map(str, sorted(self.suspects)))
        return [
            replace(
                step,
                detail=f"{step.detail}; since then declared compromised: {places}",
                code=SUSPECT,
            )
            if step.name == name and step.status == "verified"
            else step
            for step in steps
        ]

    def witnesses(self) -> list[dict[str, object]]:
        """Return who signed the checkpoints, for printing."""
        return [
            {
                "log": log,
                "size": each.checkpoint.size,
                "witnesses": [
                    {"name": one.witness, "time": one.time_s * 1_000_000}
                    for one in each.cosignatures
                ],
                "quorum_by": each.attested_s and each.attested_s * 1_000_000,
            }
            for log, each in self.cosigned.items()
        ]
