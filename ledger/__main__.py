"""The command ``mlledger``: answers ``--version`` at once, loads the rest when used."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; the entry point of the ``mlledger`` script."""
    if sys.argv[1:] == ["--version"]:
        from ledger import __version__

        sys.stdout.write(f"mlledger {__version__}\n")
        return
    from ledger.cli import run

    run()


if __name__ == "__main__":
    main()
