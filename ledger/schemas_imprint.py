"""The folder ``schemas/``: what the event classes say, published and frozen.

``<family>/<noun>.<verb>.v<n>.avsc`` holds the exact schema bytes of a type and the
``.md`` beside it the documentation. Both are generated; nothing reads them at run time.
``released.txt`` names the schemas that a release has frozen: these never change again,
a change makes a new version.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ledger.avro import schema_bytes
from ledger.documentation import documentation
from ledger.errors import ConflictError
from ledger.events.base import Event, event_classes
from ledger.evolution import difference, verify_evolution

RELEASED = "released.txt"
_REPAIR = "run: mlledger schemas"


def imprint() -> dict[str, bytes]:
    """Return path inside the folder to content, for every type this package knows."""
    files: dict[str, bytes] = {}
    for cls in event_classes():
        path = _path(cls)
        files[f"{path}.avsc"] = schema_bytes(cls)
        files[f"{path}.md"] = documentation(cls).encode()
    return files


def write_imprint(folder: Path) -> list[Path]:
    """Write schemas and documentation, and take away files of types that are gone.

    Returns:
        The files that were written or taken away, because they differed.

    Raises:
        ConflictError: a released schema would change; nothing is written.
    """
    files = imprint()
    _verify_released(folder, files)
    changed: list[Path] = []
    for path in _stale(folder, files):
        (folder / path).unlink()
        changed.append(folder / path)
    for path, content in files.items():
        target = folder / path
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(target)
    return changed


def check_imprint(folder: Path) -> None:
    """Check that the folder is the imprint of the classes, byte for byte.

    Raises:
        ConflictError: a released schema has changed, a new version cannot stand beside
            the one before, or a file differs, is absent or belongs to no type.
    """
    files = imprint()
    _verify_released(folder, files)
    for name, content in files.items():
        target = folder / name
        if not target.is_file():
            raise ConflictError(f"{target} is absent", hint=_REPAIR)
        if target.read_bytes() != content:
            raise ConflictError(f"{target} differs from the class", hint=_REPAIR)
    for stale in _stale(folder, files):
        raise ConflictError(f"{folder / stale} belongs to no type", hint=_REPAIR)
    for cls in event_classes():
        _verify_follows(cls, files)


def freeze_imprint(folder: Path) -> Path:
    """Enter every schema of the imprint in ``released.txt``; done at each release.

    Raises:
        ConflictError: as :func:`check_imprint`.
    """
    check_imprint(folder)
    lines = [
        f"{path.removesuffix('.avsc')} sha256:{hashlib.sha256(content).hexdigest()}"
        for path, content in sorted(imprint().items())
        if path.endswith(".avsc")
    ]
    target = folder / RELEASED
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def _path(cls: type[Event], version: int | None = None) -> str:
    family, _, rest = cls.type_name.partition(".")
    return f"{family}/{rest}.v{version or cls.type_version}"


def _released(folder: Path) -> dict[str, str]:
    target = folder / RELEASED
    if not target.is_file():
        return {}
    lines = target.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def _verify_released(folder: Path, files: dict[str, bytes]) -> None:
    for path, digest in _released(folder).items():
        new = files.get(f"{path}.avsc", b"")
        if f"sha256:{hashlib.sha256(new).hexdigest()}" != digest:
            raise ConflictError(
                f"{path} is released and its schema may not change "
                f"({_change(folder / f'{path}.avsc', new)})",
                hint="leave the class as it was and add a class with the next version",
            )


def _change(released: Path, new: bytes) -> str:
    if not new:
        return "its class is gone"
    if not released.is_file():
        return "its file is gone too"
    return difference(old=released.read_bytes(), new=new)


def _stale(folder: Path, files: dict[str, bytes]) -> list[str]:
    found = [p for kind in ("*/*.avsc", "*/*.md") for p in folder.glob(kind)]
    paths = sorted(path.relative_to(folder).as_posix() for path in found)
    return [path for path in paths if path not in files]


def _verify_follows(cls: type[Event], files: dict[str, bytes]) -> None:
    """Check that a version later than the first can stand beside the one before."""
    if cls.type_version == 1:
        return
    before = files.get(f"{_path(cls, cls.type_version - 1)}.avsc")
    if before is None:
        raise ConflictError(f"{_path(cls)} has no version before it")
    try:
        verify_evolution(old=before, new=schema_bytes(cls))
    except ConflictError as error:
        raise ConflictError(f"{_path(cls)}: {error}") from error
