"""Verify a bundle from itself, a policy and a ledger id: nine numbered steps.

=  ===========  ================================================================
1  container    canonical, known files, everything parses
2  events       events lie under the signed roots of their entries
3  signatures   strict Ed25519 by the key each header names, for this log
4  leaves       accepted, in order, ranges without a hole
5  checkpoints  signed by the log, cosigned by the quorum; leaves are in their trees
6  keys         authorised below the pinned size, from the ledger id on
7  time         manifest and time-stamp token agree with the checkpoints
8  content      bodies are consumed exactly by their schemas
9  subject      chain, report, range or answer: what the bundle is about
=  ===========  ================================================================

Nothing that decides comes from inside. A contradiction is *failed* (5), something
absent *not checked* (6); they never mix. As 5 outweighs 6, whatever can be checked
without what is absent is checked: a missing witness or file hides no contradiction.

Source: ``docs/format.md``, "Bundle verification".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from ledger.bundle.authority import Authority
from ledger.bundle.checks import Checks, Given
from ledger.bundle.content import Reader
from ledger.bundle.enclosed import Enclosed
from ledger.bundle.layout import take_files
from ledger.bundle.needs import verify_needs
from ledger.bundle.subject import verify_subject
from ledger.bundle.trees import verify_events, verify_leaves
from ledger.errors import MissingEvidenceError
from ledger.verification.findings import Findings
from ledger.verification.steps import Step, exit_code

if TYPE_CHECKING:
    from ledger.bundle.answers import Replay
    from ledger.bundle.control_log import ControlLog
    from ledger.policy import Policy

STEPS = (
    "1 container",
    "2 events",
    "3 signatures",
    "4 leaves",
    "5 checkpoints",
    "6 keys",
    "7 time",
    "8 content",
    "9 subject",
)


@dataclass(frozen=True, slots=True)
class Examined:
    """What the verification of a bundle came to.

    Attributes:
        steps: in order; a step that does not hold may stand there more than once.
        about: what the bundle says, as JSON; empty unless it may be believed.
    """

    steps: tuple[Step, ...]
    about: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def exit_code(self) -> int:
        """0 valid, 5 contradiction, 6 could not check, 13 in a suspect window."""
        return exit_code(self.steps)


def verify_bundle(
    files: Mapping[str, bytes],
    *,
    policy: Policy,
    ledger_id: bytes,
    now_s: int,
    tsa_roots: Sequence[bytes] = (),
    max_age_s: int | None = None,
    control: ControlLog | None = None,
    replay: Replay | None = None,
) -> list[Step]:
    """Verify a bundle and return its steps; see :func:`examine_bundle`."""
    examined = examine_bundle(
        files,
        policy=policy,
        ledger_id=ledger_id,
        now_s=now_s,
        tsa_roots=tsa_roots,
        max_age_s=max_age_s,
        control=control,
        replay=replay,
    )
    return list(examined.steps)


def examine_bundle(  # noqa: PLR0913  all that comes from outside
    files: Mapping[str, bytes],
    *,
    policy: Policy,
    ledger_id: bytes,
    now_s: int,
    tsa_roots: Sequence[bytes] = (),
    max_age_s: int | None = None,
    control: ControlLog | None = None,
    replay: Replay | None = None,
    with_fields: bool = True,
) -> Examined:
    """Verify a bundle; nothing is raised, everything found is a step.

    Args:
        files: as :func:`ledger.bundle.container.read_bundle` returns them.
        policy: from elsewhere, never from the bundle.
        ledger_id: 32 bytes, from elsewhere likewise.
        now_s: the reader's clock, seconds since 1970.
        tsa_roots: certificates of time-stamping authorities that are believed.
        max_age_s: how old the quorum's signatures may be; None for any age.
        control: the control log from elsewhere; None believes the witnessed verdicts.
        replay: answers questions from entries; None leaves answers unchecked.
        with_fields: whether what the bundle says tells all fields of its events.
    """
    taken, found = take_files(files), Findings(STEPS[0])
    for error in taken.errors:
        found.add(error)
    with found.collected():
        enclosed = Enclosed(taken.contents)
        if taken.is_described:
            verify_needs(enclosed, found, partial=taken.partial)
    logs = ", ".join(taken.contents.logs)
    kind = taken.contents.kind
    first = found.steps(f"a canonical bundle of kind {kind}; logs {logs}")
    if found.counts["failed"] or not taken.is_described:
        return Examined((*first, *_unchecked(STEPS[1:])))
    given = Given(policy, now_s, tuple(tsa_roots), max_age_s, control)
    checks = Checks(enclosed, Authority(enclosed, ledger_id), given)
    reader = Reader(checks, with_fields=with_fields)
    steps = [*first, *_middle(checks, reader)]
    if taken.partial or _open(steps, STEPS[1], STEPS[7]):
        return Examined((*steps, *_unchecked(STEPS[8:])))
    return _conclude(reader, steps, replay)


def _middle(checks: Checks, reader: Reader) -> list[Step]:
    """Take the steps 2 to 8: each says what it finds, whatever the others do."""
    enclosed = checks.enclosed
    order: list[Callable[[Findings], str]] = [
        lambda found: verify_events(enclosed, found),
        checks.signatures,
        lambda found: verify_leaves(enclosed, found),
        checks.verify_checkpoints,
        checks.keys,
        checks.time,
        reader.decode_all,
    ]
    steps: list[Step] = []
    for name, check in zip(STEPS[1:], order, strict=False):
        found = Findings(name)
        detail = check(found)
        steps += found.steps(detail)
    return checks.with_suspects(steps, STEPS[5])


def _conclude(reader: Reader, steps: list[Step], replay: Replay | None) -> Examined:
    """Take step 9: it holds only if all else does, a contradiction stands anyway."""
    found = Findings(f"9 {reader.enclosed.contents.kind}")
    # Rows name who signed, so they can be told only once the keys are known.
    known = not _open(steps, *STEPS[:4], STEPS[5])
    detail, about = verify_subject(reader, found, replay if known else _not_replayed)
    if exit_code(steps) in {5, 6}:
        listed = found.steps(detail) if found else _unchecked(STEPS[8:])
        return Examined((*steps, *listed))
    return Examined((*steps, *found.steps(detail)), about)


def _open(steps: Sequence[Step], *names: str) -> bool:
    return any(step.is_finding and step.name in names for step in steps)


def _not_replayed(reader: Reader) -> NoReturn:
    question = reader.enclosed.contents.question
    raise MissingEvidenceError(f"{question}: an earlier step did not hold")


def _unchecked(names: Sequence[str]) -> list[Step]:
    text, code = "an earlier step did not hold", MissingEvidenceError.code
    return [Step(name, "not_checked", text, code=code) for name in names]
