"""The lines of a policy: what each may say, and the order they must stand in.

::

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...
    quorum none|<name>

Source: C2SP tlog-policy, "Policy file syntax and structure".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.errors import MalformedError
from ledger.keys import is_low_order
from ledger.note import COSIGNATURE, ED25519, Vkey, parse_vkey

MAX_TEXT = 1 << 20
MAX_LOGS = 4_096
MAX_OTHERS = 256
"""Witnesses, and groups, of one policy; the specification asks for 32 or more."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_FOREIGN = re.compile(r"[\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness of a policy.

    Attributes:
        name: what groups and the quorum call it; need not be the key's name.
        vkey: its cosignature key.
        url: submission prefix of the witness protocol, or empty.
    """

    name: str
    vkey: Vkey
    url: str = ""

    def __str__(self) -> str:
        return f"witness {self.name} {self.vkey}" + (f" {self.url}" if self.url else "")


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses and groups of which so many must have signed.

    Attributes:
        name: what the quorum or a later group calls it.
        threshold: ``1 <= threshold <= len(members)``.
        members: names that were defined before; none is a member elsewhere.
    """

    name: str
    threshold: int
    members: tuple[str, ...]

    def __str__(self) -> str:
        return f"group {self.name} {self.threshold} {' '.join(self.members)}"


@dataclass(slots=True)
class PolicyLines:
    """What the lines read so far define."""

    logs: list[Vkey] = field(default_factory=list[Vkey])
    witnesses: list[Witness] = field(default_factory=list[Witness])
    groups: list[Group] = field(default_factory=list[Group])
    quorum: str | None = None
    names: set[str] = field(default_factory=set[str])
    members: set[str] = field(default_factory=set[str])

    def final_quorum(self) -> str:
        """Return the quorum, ``none`` for a policy without witnesses and quorum.

        Raises:
            MalformedError: witnesses or groups, but no quorum line.
        """
        if self.quorum is None and self.names:
            raise MalformedError("the policy has witnesses but no quorum line")
        return self.quorum or "none"

    def add_log(self, items: list[str]) -> None:
        """Take ``log <vkey> [<url>]``."""
        if len(items) not in {1, 2}:
            raise MalformedError("log: one key, and perhaps a URL")
        vkey = _parse_key(items[0], ED25519, "a log", self.logs)
        if len(self.logs) == MAX_LOGS:
            raise MalformedError(f"more than {MAX_LOGS} logs")
        self.logs.append(vkey)

    def add_witness(self, items: list[str]) -> None:
        """Take ``witness <name> <vkey> [<url>]``."""
        if len(items) not in {2, 3}:
            raise MalformedError("witness: a name, a key, and perhaps a URL")
        known = [witness.vkey for witness in self.witnesses]
        vkey = _parse_key(items[1], COSIGNATURE, "a witness", known)
        if len(known) == MAX_OTHERS:
            raise MalformedError(f"more than {MAX_OTHERS} witnesses")
        self._define(items[0])
        self.witnesses.append(Witness(items[0], vkey, "".join(items[2:])))

    def add_group(self, items: list[str]) -> None:
        """Take ``group <name> all|any|<k> <name>...``."""
        if len(items) < 3:
            raise MalformedError("group: a name, all, any or a number, and members")
        name, wanted, *members = items
        if len(self.groups) == MAX_OTHERS:
            raise MalformedError(f"more than {MAX_OTHERS} groups")
        for member in members:
            if member not in self.names:
                raise MalformedError(f"{member[:80]!r}: not defined before")
            if member in self.members:
                raise MalformedError(f"{member[:80]!r}: a member already")
            self.members.add(member)
        self._define(name)
        threshold = _parse_threshold(wanted, len(members))
        self.groups.append(Group(name, threshold, tuple(members)))

    def set_quorum(self, items: list[str]) -> None:
        """Take ``quorum none|<name>``."""
        if len(items) != 1:
            raise MalformedError("quorum: one name")
        if self.quorum is not None:
            raise MalformedError("a second quorum line")
        if items[0] != "none" and items[0] not in self.names:
            raise MalformedError(f"{items[0][:80]!r}: not defined before")
        self.quorum = items[0]

    def _define(self, name: str) -> None:
        if name == "none" or name in self.names:
            raise MalformedError(f"{name[:80]!r}: a name that is taken")
        if _FOREIGN.search(name):
            raise MalformedError(f"{name[:80]!r}: the name is not UTF-8")
        self.names.add(name)


_Taker = Callable[[PolicyLines, list[str]], None]
_TAKERS: dict[str, _Taker] = {
    "log": PolicyLines.add_log,
    "witness": PolicyLines.add_witness,
    "group": PolicyLines.add_group,
    "quorum": PolicyLines.set_quorum,
}


def read_lines(text: str | bytes) -> PolicyLines:
    """Read the lines of a policy in their order.

    Raises:
        MalformedError: as :func:`ledger.policy.parse_policy`; the text names the line.
    """
    whole = text.decode(errors="surrogateescape") if isinstance(text, bytes) else text
    if len(whole) > MAX_TEXT:
        raise MalformedError(f"a policy of more than {MAX_TEXT} characters")
    if _CONTROL.search(whole):
        raise MalformedError("the policy holds a control character")
    if whole and not whole.endswith("\n"):
        raise MalformedError("the policy's last line has no newline")
    found = PolicyLines()
    for number, line in enumerate(whole.split("\n"), 1):
        try:
            _take(found, line.strip(" \t"))
        except MalformedError as error:
            raise MalformedError(f"policy line {number}: {error}") from error
    return found


def _take(found: PolicyLines, line: str) -> None:
    if not line or line.startswith("#"):
        return
    word, *items = _BLANKS.split(line)
    if (taker := _TAKERS.get(word)) is None:
        raise MalformedError(f"{word[:80]!r}: not log, witness, group or quorum")
    taker(found, items)


def _parse_key(text: str, kind: int, owner: str, known: list[Vkey]) -> Vkey:
    vkey = parse_vkey(text)
    if vkey.type != kind:
        raise MalformedError(
            f"{vkey.name}: keys of type 0x{vkey.type:02x} are not those of {owner}, or "
            "not supported here"
        )
    if is_low_order(vkey.public_key):
        raise MalformedError(f"{vkey.name}: the key is a point of low order")
    if any(other.public_key == vkey.public_key for other in known):
        raise MalformedError(f"{vkey.name}: its key stands there twice")
    return vkey


def _parse_threshold(text: str, count: int) -> int:
    if text in {"any", "all"}:
        return 1 if text == "any" else count
    if not _THRESHOLD.fullmatch(text) or not 1 <= int(text) <= count:
        raise MalformedError(f"{text[:80]!r}: not all, any or 1 to {count}")
    return int(text)
