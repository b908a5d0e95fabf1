"""Small published trees for tests: signed checkpoint, tiles, entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.keys import Ed25519Signer
from ledger.note import Vkey, log_vkey
from ledger.public import OriginReader, PublicFolder
from ledger.tiles import TileWriter
from ledger.tree import Frontier

SIGNER = Ed25519Signer.from_seed(bytes(range(32)))
ORIGIN = "test.example/p0"


@dataclass(frozen=True, slots=True)
class PublishedTree:
    """A tree below ``root/<origin>``, published in batches."""

    root: Path
    vkey: Vkey
    leaves: Sequence[bytes]

    @property
    def folder(self) -> Path:
        return self.root / self.vkey.name

    def reader(self) -> OriginReader:
        return OriginReader(PublicFolder(self.root), self.vkey)


def leaf_data(index: int) -> bytes:
    """Data of differing lengths, the empty one included."""
    return (b"leaf %d " % index) * (index % 4)


def publish(
    root: Path,
    batches: Sequence[int],
    *,
    leaf: Callable[[int], bytes] = leaf_data,
    origin: str = ORIGIN,
) -> PublishedTree:
    """Publish a tree whose batches have these sizes; old partial tiles stay."""
    folder = root / origin
    frontier = Frontier()
    leaves: list[bytes] = []
    for count in batches:
        new = [leaf(i) for i in range(len(leaves), len(leaves) + count)]
        leaves += new
        writer = TileWriter(lambda path: (folder / path).read_bytes(), frontier)
        size, tree_root, files = writer.extend(new)
        frontier = writer.frontier
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        folder.mkdir(parents=True, exist_ok=True)
        note = sign_checkpoint(Checkpoint(origin, size, tree_root), SIGNER)
        (folder / "checkpoint").write_bytes(note)
        (folder / f"checkpoint.{size}").write_bytes(note)
    return PublishedTree(root, log_vkey(origin, SIGNER.public_key), leaves)
