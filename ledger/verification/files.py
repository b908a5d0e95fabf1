"""The published files of one origin, each against the tree its checkpoint signs."""

from __future__ import annotations

import re
from time import sleep
from typing import TYPE_CHECKING

from ledger.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    unlisted_signers,
    verify_checkpoint,
)
from ledger.errors import IntegrityError, MalformedError, MissingEvidenceError
from ledger.public import OriginReader, Public, placed
from ledger.tiles import TilePath, parse_tile_path, tiles_of
from ledger.tileset import TileSet
from ledger.verification.findings import Findings
from ledger.verification.places import at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ledger.note import Vkey
    from ledger.verification.steps import Step

_KEPT = re.compile(r"checkpoint\.([1-9][0-9]{0,18})")
_PATIENCE = (0.05, 0.2, 0.5)
"""Seconds to wait for a sealer that is between two of its renames."""


class OriginFiles:
    """The files of an origin, listed first and then read.

    The list is taken before the checkpoint: a sealer that is at work makes the
    checkpoint grow, never the list be newer than it.

    Args:
        public: the published ledger.
        vkey: the origin's log key, from the control log.

    Attributes:
        names: the files as listed.
        beyond: how many of them reach beyond the checkpoint.
    """

    def __init__(self, public: Public, vkey: Vkey) -> None:
        self._public = public
        self._vkey = vkey
        self.origin = vkey.name
        self.names = list(public.list(self.origin))
        self.beyond = 0

    def checkpoint(self) -> Checkpoint:
        """Return the newest checkpoint, signed by the log and by nobody unlisted.

        Raises:
            MissingEvidenceError: it is absent.
            MalformedError, IntegrityError: it is not one, or not of this log.
        """
        return self._note("checkpoint")

    def kept_steps(self, reader: OriginReader) -> list[Step]:
        """Check each ``checkpoint.<size>`` against the tree."""
        findings = Findings(f"{self.origin} older checkpoints")
        with findings.collected():
            self._verify_beside(reader.checkpoint)
        sizes = [int(m[1]) for name in self.names if (m := _KEPT.fullmatch(name))]
        for size in sizes:
            with findings.collected():
                self._verify_kept(size, reader)
        return findings.steps(f"{len(sizes)} kept, all of one history")

    def tile_steps(self, checkpoint: Checkpoint) -> list[Step]:
        """Check every tile there must be and every other file there is."""
        findings = Findings(f"{self.origin} tiles")
        tiles = TileSet(
            lambda path: self._public.read(self.origin, path),
            size=checkpoint.size,
            root=checkpoint.root,
        )
        count = self._verify_required(tiles, tiles_of(checkpoint.size), findings)
        self._verify_others(tiles, checkpoint.size, findings)
        detail = f"{count} tiles hash to the root at size {checkpoint.size}"
        if self.beyond:
            detail += f"; {self.beyond} files reach beyond it and wait for theirs"
        return findings.steps(detail)

    def _note(self, name: str) -> Checkpoint:
        data = self._public.read(self.origin, name)
        with placed(self.origin, name):
            checkpoint = verify_checkpoint(data, self._vkey)
            _, note = parse_checkpoint(data)
            if strangers := unlisted_signers(note, [self._vkey]):
                raise IntegrityError(
                    f"{name}: signed by keys that the policy does not list",
                    place=name,
                    expected=f"{self._vkey.name}+{self._vkey.key_id.hex()}",
                    actual=", ".join(strangers),
                )
        return checkpoint

    def _verify_kept(self, size: int, reader: OriginReader) -> None:
        name = f"checkpoint.{size}"
        if name not in self.names:
            return
        try:
            kept = self._note(name)
        except MissingEvidenceError:
            return  # retired since it was listed
        place, newest = f"{self.origin}/{name}", reader.checkpoint
        if kept.size != size:
            raise IntegrityError(
                f"{place}: its size is not that of its name",
                place=place,
                expected=str(size),
                actual=str(kept.size),
            )
        if size > newest.size:
            raise IntegrityError(
                f"{self.origin}/checkpoint: older than {name}: history went back",
                place=f"{self.origin}/checkpoint",
                expected=f"size {size} or more",
                actual=f"size {newest.size}",
            )
        if (root := reader.root_at(size)) != kept.root:
            raise IntegrityError(
                f"{place}: its root is not that of the tree at size {size}",
                place=place,
                expected=root.hex(),
                actual=kept.root.hex(),
            )

    def _verify_beside(self, newest: Checkpoint) -> None:
        """Check that the newest checkpoint lies there under its size as well."""
        name = f"checkpoint.{newest.size}"
        data = self._patiently(lambda: self._public.read(self.origin, name))
        beside = self._public.read(self.origin, "checkpoint")
        now, _ = parse_checkpoint(beside)
        if now.size == newest.size and data != beside:
            place = f"{self.origin}/{name}"
            raise IntegrityError(
                f"{place}: not byte-equal to checkpoint",
                place=place,
                expected=beside.hex(),
                actual=data.hex(),
            )

    def _patiently(self, read: Callable[[], bytes]) -> bytes:
        for seconds in _PATIENCE:
            try:
                return read()
            except MissingEvidenceError:
                sleep(seconds)
        return read()

    def _verify_required(
        self, tiles: TileSet, required: Iterable[TilePath], findings: Findings
    ) -> int:
        count = 0
        for count, path in enumerate(required, 1):  # noqa: B007  the last count
            with findings.collected(), placed(self.origin, str(path)):
                self._verify_tile(tiles, path)
        return count

    def _verify_tile(self, tiles: TileSet, path: TilePath) -> None:
        try:
            tiles.verify_file(path)
        except MissingEvidenceError:
            # A partial tile may have been retired for the full one meanwhile.
            full = str(TilePath(path.level, path.index))
            if path.width == 256 or full not in self.names:
                raise

    def _verify_others(self, tiles: TileSet, size: int, findings: Findings) -> None:
        for name in self.names:
            if name == "checkpoint" or _KEPT.fullmatch(name):
                continue
            with findings.collected(), placed(self.origin, name):
                self._verify_other(tiles, size, name)

    def _verify_other(self, tiles: TileSet, size: int, name: str) -> None:
        with at(name):
            path = _known_path(name)
        if path.width == 256 and _last(path) <= size:
            return  # one of those that had to be there
        try:
            tiles.verify_file(path)
        except MissingEvidenceError:
            self.beyond += _last(path) > size


def _last(path: TilePath) -> int:
    """Return the tree size at which all hashes of a tile exist."""
    return (path.index * 256 + path.width) << 8 * (path.level or 0)


def _known_path(name: str) -> TilePath:
    try:
        return parse_tile_path(name)
    except MalformedError as error:
        raise MalformedError(
            f"{name}: not a file of a published ledger",
            place=name,
            expected="checkpoint, checkpoint.<size> or a tile",
            actual=name,
        ) from error
