"""Bundles whose bytes are not the one archive of their files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from ledger.bundle.layout import to_files
from tests.support.forgeries.bundle_base import BUNDLE, Bundles, Forge, edited, flipped
from tests.support.forgeries.rows import Row
from tests.support.forgeries.stage import bundles


def zipped(
    change: Callable[[zipfile.ZipFile, dict[str, bytes]], None],
) -> Forge:
    """Pack the event's files with a common zip program that writes as it likes."""

    def forge(it: Bundles) -> object:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            change(archive, dict(sorted(to_files(it.event).items())))
        return it.case(target.getvalue())

    return forge  # type: ignore[return-value]


def put(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def compressed(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        archive.writestr(name, data, zipfile.ZIP_DEFLATED)


def bomb(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    put(archive, files)
    archive.writestr("z", bytes(30_000_000), zipfile.ZIP_DEFLATED)


def second_of_a_name(it: Bundles) -> object:
    """Readers that look at the list see one file, those that stream another one."""
    files = to_files(it.event)
    name = "p0/events.bin"
    first = it.case(files).bundle
    other = it.case({name: flipped(70)(files[name])}).bundle
    return it.case(first[: first.index(b"PK\x01\x02")] + other)


def commented(it: Bundles) -> object:
    data = it.case(it.event).bundle
    return it.case(data[:-2] + b"\x05\x00hello")


def prefixed(it: Bundles) -> object:
    return it.case(b"#!/bin/sh\n" + it.case(it.event).bundle)


def longer(it: Bundles) -> object:
    return it.case(it.case(it.event).bundle + b"\0")


def beside(name: str, data: bytes) -> Forge:
    """One file more, in a canonical archive."""
    return lambda it: it.case({**to_files(it.event), name: data})


def leading_elsewhere(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    put(archive, {"../../etc/policy": b"quorum none\n", **files})


def row(by: str, title: str, forge: object, place: str = "step 1") -> Row:
    return Row(by, title, bundles, forge, BUNDLE, "5", place)  # type: ignore[arg-type]


TWICE = "step 1 p0/events.bin"
ROWS = [
    row("VO", "unpack a bundle, pack it again with attributes", zipped(put)),
    row("VO", "compress the files of a bundle", zipped(compressed)),
    row("O", "add a zip bomb to a bundle", zipped(bomb)),
    row("O", "a file in a bundle that unpacks elsewhere", zipped(leading_elsewhere)),
    row("VO", "two files of one name in a bundle", second_of_a_name, TWICE),
    row("VO", "a comment behind the archive", commented),
    row("VO", "a program in front of the archive", prefixed),
    row("VO", "a byte behind the archive", longer),
    row(
        "S",
        "a policy of the operator's own inside the bundle",
        beside("policy", b"quorum none\n"),
        "step 1 policy",
    ),
    row(
        "VO",
        "other words for people in the README of a bundle",
        edited("README.txt", lambda data: data + b"This decision was lawful.\n"),
        "step 1 README.txt",
    ),
    row(
        "VO",
        "bundle.json spelled with spaces",
        edited("bundle.json", lambda data: data.replace(b":", b": ")),
        "step 1 bundle.json",
    ),
]
