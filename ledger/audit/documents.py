"""Do the documents of a home still have the digests by which the log names them?

Lock files, differences from a commit, reports: a document's file is named after its
SHA-256, so each is read again and compared with its name. An event does not say on
which machine its document was kept, so that one which does not lie here is no finding;
``run show`` and ``run reproduce`` name those that a run needs.
"""

from __future__ import annotations

import random
from itertools import islice
from typing import TYPE_CHECKING

from ledger.blobs import Blobs
from ledger.errors import IntegrityError, MissingEvidenceError, NotFoundError
from ledger.verification.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ledger.verification.steps import Step

NAME = "documents"
_FOLDERS, _OF_EACH = 8, 3
_MOST_BYTES = 1 << 20


def verify_documents(folder: Path) -> list[Step]:
    """Read every document of a home, in pieces, and compare it with its digest.

    Args:
        folder: the home's ``blobs``; need not be there.
    """
    return _verified(folder, documents(folder))


def verify_sample(folder: Path, *, seed: bytes) -> list[Step]:
    """Read some documents of at most 1 MiB, drawn with a seed; takes milliseconds.

    Args:
        folder: the home's ``blobs``; need not be there.
        seed: the same seed draws the same documents.
    """
    draw = random.Random(seed)  # noqa: S311  a sample, no secret
    folders = _folders(folder)
    chosen = draw.sample(folders, min(_FOLDERS, len(folders)))
    small = (
        (digest, path)
        for one in chosen
        for digest, path in islice(_within(one), _OF_EACH)
        if path.stat().st_size <= _MOST_BYTES
    )
    return _verified(folder, small)


def documents(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield digest and file of every document of a home, in the order of digests."""
    for one in _folders(folder):
        yield from _within(one)


def _verified(folder: Path, found: Iterable[tuple[str, Path]]) -> list[Step]:
    blobs, findings, read = Blobs(folder), Findings(NAME), 0
    for digest, path in found:
        read += 1
        with findings.collected():
            _verify(blobs, digest, _place(folder, path))
    return findings.steps(f"{read} documents of this home have their digests")


def _verify(blobs: Blobs, digest: str, place: str) -> None:
    try:
        blobs.verify(digest)
    except IntegrityError as error:
        raise IntegrityError(
            f"{place}: the document does not have its digest",
            place=place,
            expected=error.expected,
            actual=error.actual,
        ) from error
    except (OSError, NotFoundError) as error:
        raise MissingEvidenceError(
            f"{place}: cannot be read: {error}", place=place, expected=digest
        ) from error


def _place(folder: Path, path: Path) -> str:
    return f"{folder.name}/{path.relative_to(folder).as_posix()}"


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if len(one.name) == 2)


def _within(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        name = folder.name + path.name
        if len(name) == 64 and not set(name) - set("0123456789abcdef"):
            yield f"sha256:{name}", path
