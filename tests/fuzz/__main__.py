"""Fuzz a parser: ``python -m tests.fuzz NAME --seconds N``; without a name, list all.

libFuzzer's options follow after ``--``. A run goes on from the inputs of the last one,
in ``.fuzz/NAME``. A finding ends it: the input is written to ``--artifacts`` as
``NAME-crash-…``, and ``--shrink FILE`` makes it smaller.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.parser import Parser

MEGABYTES = 1_024
MODULES = ["ledger", "projections", "dashboard"]


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("name", nargs="?")
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--corpus", type=Path, help="instead of .fuzz/NAME")
    options.add_argument("--artifacts", type=Path, default=Path.cwd())
    options.add_argument("--names", action="store_true", help="list nothing but names")
    options.add_argument("--shrink", type=Path, metavar="FILE")
    options.add_argument("more", nargs="*", help="options of libFuzzer")
    given = options.parse_args(argv)
    if given.name is None:
        from tests.fuzz.parsers import PARSERS

        for parser in PARSERS.values():
            about = "" if given.names else parser.about
            print(f"{parser.name:10}{about}".rstrip())
    elif given.shrink is not None:
        _shrink(given.name, given.shrink)
    else:
        _fuzz(given, given.corpus or Path(".fuzz", given.name))
    return 0


def _fuzz(given: argparse.Namespace, corpus: Path) -> None:
    atheris: Any = import_module("atheris")

    # Modules that a parser imports when it first runs are watched as well.
    with atheris.instrument_imports(include=MODULES):
        from tests.fuzz.kept import kept_of
        from tests.fuzz.parsers import PARSERS

        parser = PARSERS[given.name]
        corpus.mkdir(parents=True, exist_ok=True)
        kept = [each.data for each in kept_of(parser.name)]
        for number, seed in enumerate((*parser.seeds(), *kept)):
            (corpus / f"seed-{number:04}").write_bytes(seed)
        options = [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={given.seconds}",
            f"-max_len={parser.most}",
            f"-rss_limit_mb={MEGABYTES}",
            "-timeout=60",
            "-print_final_stats=1",
            f"-artifact_prefix={given.artifacts}/{parser.name}-",
            *given.more,
        ]
        extra: dict[str, Any] = {}
        if parser.mutate is not None:
            extra["custom_mutator"] = _mutator(parser, atheris)

        def run(data: bytes) -> None:
            parser.examine(bytes(data))

        atheris.Setup(options, run, **extra)
        atheris.Fuzz()


def _mutator(parser: Parser, atheris: Any) -> Any:
    """Return a mutator that now and then leaves the bytes to libFuzzer's own."""
    mutate = parser.mutate
    assert mutate is not None

    def custom(data: bytes, most: int, seed: int) -> bytes:
        if seed % 4 == 0:
            return atheris.Mutate(data, most)
        return mutate(bytes(data), seed)[:most]

    return custom


def _shrink(name: str, path: Path) -> None:
    """Take bytes away from a finding as long as it ends in the same way."""
    from tests.fuzz.parsers import PARSERS

    def ending(data: bytes) -> str:
        try:
            return PARSERS[name].examine(data)
        except BaseException as error:  # noqa: BLE001  whatever it is, it is compared
            return type(error).__name__

    data = path.read_bytes()
    wanted, size = ending(data), len(data)
    while size:
        for at in range(len(data) - size, -1, -size):
            less = data[:at] + data[at + size :]
            if ending(less) == wanted:
                data = less
        size //= 2
    path.with_suffix(".small").write_bytes(data)
    print(f"{wanted}: {len(data)} bytes: {data[:200]!r}")


if __name__ == "__main__":
    sys.exit(main())
