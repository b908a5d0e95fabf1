"""What a run finds out about itself, item by item, each with a switch.

A failing item is recorded as ``failed: reason`` in the run's ``capture`` map and never
disturbs the run. Items: see :data:`ITEMS`; ``MLLEDGER_CAPTURE_DIFF=0`` or
``capture={"diff": False}`` turns one off.
"""

from __future__ import annotations

import difflib
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ledger.errors import ConfigurationError, JournalError
from ledger.sdk import host
from ledger.sdk.content import content_of
from ledger.sdk.faults import CaptureError, reason_of
from ledger.sdk.git import Repository, code_folder
from ledger.sdk.texts import fitting, neutral
from ledger.secrets import Redaction, merge, redact_arguments, redact_text

ITEMS = (
    "commit",
    "branch",
    "remote",
    "diff",
    "command",
    "entry",
    "packages",
    "python",
    "os",
    "cpu",
    "seeds",
    "parameters",
    "metrics",
    "inputs",
    "outputs",
)
MAX_DIFF = 5 << 20
_T = TypeVar("_T")
Store = Callable[[bytes], tuple[str, str]]


def switches(
    chosen: Mapping[str, bool] | None, environ: Mapping[str, str] = os.environ
) -> dict[str, bool]:
    """Return which items are on: arguments first, then environment, then all.

    Raises:
        ConfigurationError: no item has that name.
    """
    for name in chosen or {}:
        if name not in ITEMS:
            near = difflib.get_close_matches(name, ITEMS, 1)
            raise ConfigurationError(
                f"capture: no item {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else ", ".join(ITEMS),
            )
    off = {"0", "false", "no", "off"}
    return {
        name: bool(chosen[name])
        if chosen and name in chosen
        else environ.get(f"MLLEDGER_CAPTURE_{name.upper()}", "1").lower() not in off
        for name in ITEMS
    }


@dataclass(slots=True)
class Capture:
    """Collects items and notes what became of each.

    Attributes:
        on: which items are wanted.
        store: keeps a document; returns its digest, and why it was not kept or "".
        notes: item → on, off, redacted, ``failed: …`` or ``digest only: …``.
        redactions: what was cut out, in any item.
        missed: why the last document was not kept, or nothing.
    """

    on: Mapping[str, bool]
    store: Store
    notes: dict[str, str] = field(default_factory=dict[str, str])
    redactions: list[Redaction] = field(default_factory=list[Redaction])
    missed: str = ""

    def item(self, name: str, collect: Callable[[], _T]) -> _T | None:
        """Return what ``collect`` finds, or None when it is off or fails.

        Raises:
            JournalError: in strict mode, the disk does not take a document.
        """
        if not self.on[name]:
            self.notes[name] = "off"
            return None
        before = len(self.redactions)
        try:
            found = collect()
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001  noted in the record, never raised
            self.notes[name] = neutral(f"failed: {reason_of(error)}")
            return None
        if missed := self.take_missed():
            self.notes[name] = neutral(f"digest only: {missed}")
        cut = len(self.redactions) > before
        self.notes.setdefault(name, "redacted" if cut else "on")
        return found

    def keep(self, document: bytes) -> str:
        """Keep a document and return its digest, also where only that is left."""
        digest, self.missed = self.store(document)
        return digest

    def take_missed(self) -> str:
        """Return why the last document was not kept, or nothing; forget it."""
        missed, self.missed = self.missed, ""
        return missed

    def text(self, name: str, text: str) -> str:
        """Return a text without secrets, and note what was cut."""
        clean, cuts = redact_text(text, where=name)
        self.redactions.extend(cuts)
        return clean

    def redaction_fields(self) -> list[dict[str, Any]]:
        """Return what was cut, as fields of an event."""
        return [
            {**asdict(item), "where": fitting(item.where)}
            for item in merge(self.redactions)
        ]


def capture_code(capture: Capture, folder: Path | None = None) -> dict[str, Any]:
    """Return the fields of the code that runs: commit, difference, command, script.

    Args:
        capture: where to note what became of each item.
        folder: a folder of the work tree; None finds it by the script or the cwd.
    """
    where = folder or code_folder(
        host.script_path(), prefix=Path(sys.prefix), working=Path.cwd()
    )
    repository = _Lazy(where)
    return {
        "repository": capture.item("remote", lambda: _remote(capture, repository())),
        **(capture.item("commit", lambda: _commit(repository())) or {}),
        "branch": capture.item(
            "branch", lambda: fitting(repository().branch()) or None
        ),
        "diff_digest": capture.item("diff", lambda: _diff(capture, repository())),
        "entry_command": capture.item("command", lambda: _command(capture)) or [],
        "entry_digest": capture.item("entry", lambda: _entry_digest(capture)),
    }


def capture_environment(capture: Capture) -> dict[str, Any]:
    """Return the fields of the environment: Python, machine, distributions."""
    python = capture.item("python", host.python_version)
    system = capture.item(
        "os", lambda: (fitting(platform.platform()), platform.machine())
    )
    cpu = capture.item("cpu", lambda: (host.cpu_model(), os.cpu_count()))
    packages = capture.item("packages", lambda: _packages(capture))
    return {
        "python": python or "",
        "implementation": platform.python_implementation() if python else "",
        "os": system[0] if system else "",
        "machine": system[1] if system else "",
        "cpu": cpu[0] if cpu else None,
        "cpu_count": cpu[1] if cpu else None,
        "lock_digest": packages[0] if packages else None,
        "distributions": packages[1] if packages else None,
    }


def _packages(capture: Capture) -> tuple[str, int] | None:
    """Return the digest of the list of distributions, and their number."""
    text = host.packages_text()
    return (capture.keep(text.encode()), text.count("\n")) if text else None


class _Lazy:
    """Finds the repository when it is first asked for, and once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: Repository | CaptureError | None = None

    def __call__(self) -> Repository:
        if self._found is None:
            try:
                self._found = Repository(self._folder)
            except CaptureError as error:
                self._found = error
        if isinstance(self._found, CaptureError):
            raise self._found
        return self._found


def _remote(capture: Capture, repository: Repository) -> str:
    return fitting(capture.text("remote", repository.remote()), 2048)


def _commit(repository: Repository) -> dict[str, Any]:
    return {"commit": repository.commit(), "dirty": repository.is_dirty()}


def _diff(capture: Capture, repository: Repository) -> str | None:
    data = capture.text("diff", repository.diff()).encode()
    if not data:
        return None
    if len(data) <= MAX_DIFF:
        return capture.keep(data)
    capture.notes["diff"] = f"digest only: {len(data)} bytes are more than 5 MiB"
    return content_of(data).digest


def _command(capture: Capture) -> list[str]:
    command, cuts = redact_arguments(sys.orig_argv, where="command")
    capture.redactions.extend(cuts)
    return [fitting(argument, 2048) for argument in command[:200]]


def _entry_digest(capture: Capture) -> str:
    data = host.entry_bytes()
    if data is None:
        raise CaptureError("no script and no notebook")
    text = capture.text("entry", data.decode("utf-8", "surrogateescape"))
    return capture.keep(text.encode("utf-8", "surrogateescape"))
