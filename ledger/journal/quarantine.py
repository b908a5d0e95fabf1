"""Quarantine of a producer: bytes that could not be shipped, each with its reason."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import NotFoundError

_REASON = ".reason"


@dataclass(frozen=True, slots=True)
class Kept:
    """One file in quarantine.

    Attributes:
        name: of the file below ``journal/quarantine/``.
        size: in bytes.
        reason: why it is there.
    """

    name: str
    size: int
    reason: str


class Quarantine:
    """The folder ``quarantine`` beside the journals."""

    def __init__(self, journals: Path) -> None:
        self.folder = journals / "quarantine"

    def keep(self, name: str, data: bytes, reason: str) -> None:
        """Store bytes durably under a name; the same name is written over."""
        self._say_why(name, reason)
        path = self.folder / name
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def take_in(self, path: Path, reason: str) -> None:
        """Move a file here."""
        self._say_why(path.name, reason)
        path.replace(self.folder / path.name)

    def listed(self) -> list[Kept]:
        """Return what lies here, by name."""
        if not self.folder.is_dir():
            return []
        paths = [p for p in sorted(self.folder.iterdir()) if p.suffix != _REASON]
        return [Kept(p.name, p.stat().st_size, self._reason(p.name)) for p in paths]

    def drop(self, name: str) -> None:
        """Delete one file for good.

        Raises:
            NotFoundError: no file of that name is here.
        """
        if name not in {kept.name for kept in self.listed()}:
            raise NotFoundError(
                f"{name}: not in quarantine", hint="mlledger journal quarantine ls"
            )
        (self.folder / name).unlink()
        (self.folder / (name + _REASON)).unlink(missing_ok=True)

    def _say_why(self, name: str, reason: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / (name + _REASON)).write_text(reason + "\n", encoding="utf-8")

    def _reason(self, name: str) -> str:
        path = self.folder / (name + _REASON)
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
