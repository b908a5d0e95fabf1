"""From staging to public: how sealed bytes reach their final names.

``staging/<origin>/<size>-<root hex>/`` holds what one batch adds, with ``~`` for the
``/`` of a path; ``public/<origin>/`` is what the world sees. A kill or power cut
between any two lines leaves a state from which :mod:`ledger.seal.recovery` goes on:
files are whole before they get their names, and a name is given once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ledger.checkpoint import parse_checkpoint
from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.leaf import parse_leaf
from ledger.public import PENDING
from ledger.seal.files import (
    link_new,
    locked,
    make_folder,
    sync_folders,
    write_synced,
)
from ledger.tiles import WIDTH, entries_path, parse_entries
from ledger.verification.places import at

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

Hook = Callable[[str], None]


class Publication:
    """The way of one origin's batches from staging to their final names.

    Args:
        public: folder of everything published.
        staging: folder on the same file system, never published.
        origin: such as ``acme/p0``; a folder below both.
        hook: called with the name of each step before it is taken.
    """

    def __init__(self, *, public: Path, staging: Path, origin: str, hook: Hook) -> None:
        self.origin = origin
        self.final = public / origin
        self._public = public
        self._staging = staging / origin
        self._hook = hook

    def read(self, path: str) -> bytes:
        """Return a published file of this origin.

        Raises:
            MissingEvidenceError: it is absent.
        """
        try:
            return (self.final / path).read_bytes()
        except FileNotFoundError as error:
            place = f"{self.origin}/{path}"
            raise MissingEvidenceError(f"{place}: absent", place=place) from error

    def sealed_at_ms(self, index: int) -> int:
        """Return the clock of a leaf whose entries tile is full."""
        tile, place = divmod(index, WIDTH)
        leaves = parse_entries(self.read(entries_path(tile)), width=WIDTH)
        return parse_leaf(leaves[place]).sealed_at_ms

    def largest_kept(self) -> int:
        """Return the largest size with a kept ``checkpoint.<size>``, 0 without any."""
        tails = (path.name[11:] for path in self.final.glob("checkpoint.*"))
        return max((int(tail) for tail in tails if tail.isdecimal()), default=0)

    def stage(self, *, size: int, root: bytes, files: Mapping[str, bytes]) -> None:
        """Write what a batch adds below a name of its own, durable on return."""
        folder = self._folder(size, root)
        make_folder(folder)
        for path, data in files.items():
            self._hook("stage-file")
            write_synced(folder / path.replace("/", "~"), data)
        sync_folders([folder])

    def is_staged(self, *, size: int, root: bytes) -> bool:
        """Tell whether a batch that ends in this tree lies in staging."""
        return self._folder(size, root).is_dir()

    def staged(self) -> list[tuple[int, bytes]]:
        """Return size and root of the batches that lie in staging, whole or not."""
        found = (path.name.partition("-") for path in self._staging.glob("*-*"))
        return [(int(size), bytes.fromhex(root)) for size, _, root in found]

    def staged_files(self, *, size: int, root: bytes) -> dict[str, bytes]:
        """Return the tiles of a staged batch, by the paths they are to get."""
        tiles = self._staged_tiles(size, root)
        return {path: staged.read_bytes() for staged, path in tiles}

    def copy(self, *, size: int, root: bytes) -> None:
        """Give each staged tile its final name, create-exclusive, durable on return.

        A partial tile whose full tile stands already is skipped: it was retired.

        Raises:
            IntegrityError: a file of that name holds other bytes.
        """
        touched: set[Path] = set()
        for staged, path in self._staged_tiles(size, root):
            if self._is_overtaken(path):
                continue
            target = self.final / path
            make_folder(target.parent)
            self._hook("copy-file")
            link_new(staged, target, place=f"{self.origin}/{path}")
            touched.add(target.parent)
        sync_folders(touched)

    def publish(self, *, size: int, root: bytes, note: bytes) -> None:
        """Make a signed note ``checkpoint``, and ``checkpoint.<size>`` beside it.

        The newest note goes first: a reader that lists before it reads never sees a
        ``checkpoint`` older than a kept one. A note of that size that stands there
        already is replaced when it differs in signatures alone.

        Raises:
            IntegrityError: a note of that size stands there with another text.
        """
        beside, place = (
            self.final / f"checkpoint.{size}",
            f"{self.origin}/checkpoint.{size}",
        )
        is_there = beside.exists()
        if is_there:
            _verify_same_text(beside, note, place)
        folder = self._folder(size, root)
        make_folder(folder)
        make_folder(self.final)
        for name in ("checkpoint.new", "checkpoint.kept"):
            write_synced(folder / name, note)
        (folder / "checkpoint.new").replace(self.final / "checkpoint")
        self._hook("publish-kept")
        if is_there:
            (folder / "checkpoint.kept").replace(beside)
        else:
            link_new(folder / "checkpoint.kept", beside, place=place)
        (self.final / PENDING).unlink(missing_ok=True)
        sync_folders([self.final])

    def publish_pending(self, *, size: int, root: bytes, note: bytes) -> None:
        """Show a signed note that waits for its witnesses; readers keep the older."""
        folder = self._folder(size, root)
        make_folder(folder)
        make_folder(self.final)
        write_synced(folder / PENDING, note)
        (folder / PENDING).replace(self.final / PENDING)
        sync_folders([self.final])

    def publish_policy(self, text: str) -> None:
        """Write ``public/policy`` when its text has changed, by atomic rename."""
        policy, data = self._public / "policy", text.encode()
        if policy.exists() and policy.read_bytes() == data:
            return
        make_folder(self._staging)
        fresh = self._staging / "policy.new"
        write_synced(fresh, data)
        fresh.replace(policy)
        sync_folders([self._public])

    def clean(self, *, size: int, root: bytes) -> None:
        """Retire partial tiles whose full tile came with a batch; drop its staging."""
        for _, path in self._staged_tiles(size, root):
            if ".p/" not in path:
                shutil.rmtree(self.final / f"{path}.p", ignore_errors=True)
        self._hook("clean-staging")
        shutil.rmtree(self._folder(size, root), ignore_errors=True)

    def drop_other_staging(self, *, size: int, root: bytes) -> None:
        """Delete what batches staged that never became part of the history."""
        keep = self._folder(size, root)
        for folder in self._staging.glob("*-*"):
            if folder != keep:
                shutil.rmtree(folder)

    def locked(self) -> AbstractContextManager[None]:
        """Keep other sealers of this origin on this machine out meanwhile.

        The compare-and-swap alone keeps history single; the lock keeps a slow sealer
        from renaming an old checkpoint over the newer one of its successor.

        Raises:
            ConflictError: another one does not finish.
        """
        return locked(self._staging / "lock")

    def _folder(self, size: int, root: bytes) -> Path:
        return self._staging / f"{size}-{root.hex()}"

    def _staged_tiles(self, size: int, root: bytes) -> Iterator[tuple[Path, str]]:
        for staged in sorted(self._folder(size, root).glob("tile~*")):
            yield staged, staged.name.replace("~", "/")

    def _is_overtaken(self, path: str) -> bool:
        full, partial, _ = path.partition(".p/")
        return bool(partial) and (self.final / full).exists()


def _verify_same_text(path: Path, note: bytes, place: str) -> None:
    with at(place):
        found, _ = parse_checkpoint(path.read_bytes())
    wanted, _ = parse_checkpoint(note)
    if found != wanted:
        raise IntegrityError(
            f"{place}: stands there already with another root",
            place=place,
            expected=wanted.root.hex(),
            actual=found.root.hex(),
            hint="another sealer published here, or the file was altered: keep both "
            "as evidence and do not seal on",
        )
