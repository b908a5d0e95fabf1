"""The newest tree head of an origin that its sealer may ever have signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint
from ledger.errors import (
    ConfigurationError,
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
)
from ledger.public import OriginReader, PublicFolder, read_head
from ledger.tiles import WIDTH, parse_tile_path
from ledger.tileset import TileSet
from ledger.tree import EMPTY_ROOT, root_from_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.config import Config
    from ledger.note import Vkey
    from ledger.seal.publish import Publication
    from ledger.verification.control import ControlReader


def newest_head(
    config: Config, control: ControlReader, publication: Publication
) -> OriginReader:
    """Return a reader at the largest head that may have been signed."""
    public, origin = PublicFolder(config.public), publication.origin
    vkeys = control.control.known_vkeys(origin)
    if not vkeys:
        raise ConfigurationError(f"{origin}: the control log knows no such origin")
    head = _read_head(public, vkeys)
    for size, root in sorted(publication.staged(), reverse=True):
        # A batch that is staged whole may have been swapped and signed.
        if size > head.size and _is_whole(publication, size, root, head):
            publication.copy(size=size, root=root)
            head = Checkpoint(origin=origin, size=size, root=root)
            break
    if (kept := publication.largest_kept()) > head.size:
        raise IntegrityError(
            f"{origin}/checkpoint: older than checkpoint.{kept}: history went back",
            place=f"{origin}/checkpoint",
            expected=f"size {kept} or more",
            actual=f"size {head.size}",
            hint="restore the newest checkpoint before the state is made anew",
        )
    return OriginReader(public, vkeys, checkpoint=head)


def _read_head(public: PublicFolder, vkeys: Sequence[Vkey]) -> Checkpoint:
    try:
        return read_head(public, vkeys)
    except MissingEvidenceError:
        if next(iter(public.list(vkeys[0].name)), None) is not None:
            raise
        return Checkpoint(origin=vkeys[0].name, size=0, root=EMPTY_ROOT)


def _is_whole(
    publication: Publication, size: int, root: bytes, head: Checkpoint
) -> bool:
    """Tell whether a staged batch and the published tiles make its tree."""
    files = publication.staged_files(size=size, root=root)

    def read(path: str) -> bytes:
        return files[path] if path in files else publication.read(path)

    tiles = TileSet(read, size=size, root=root)
    try:
        for path in files:
            tiles.verify_file(parse_tile_path(path))
        tiles.entries((size - 1) // WIDTH)
        return root_from_nodes(tiles.node, head.size) == head.root
    except EvidenceError:
        return False  # the batch was cut off before it was history
