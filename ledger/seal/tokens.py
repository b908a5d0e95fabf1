"""Fetch a time authority's token for the newest checkpoint of the manifest log.

The authority is asked beside the sealer, never in its way: while it is away nothing
waits but the token. One is asked for at a time, always for the newest checkpoint;
what an authority missed meanwhile its next token dates as well, only later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import LedgerError, MissingEvidenceError
from ledger.log import MANIFEST
from ledger.public import PublicFolder
from ledger.seal.aside import aside
from ledger.seal.files import link_new, make_folder, sync_folders, write_synced
from ledger.timestamp import request_token, verify_token
from ledger.verification.evidence import Evidence
from ledger.verification.tokens import roots_of, token_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from ledger.checkpoint import Checkpoint
    from ledger.config import Config
    from ledger.log import Log

_TIMEOUT_S = 10.0
_AGAIN_S = 60.0


class TokenFetcher:
    """Keeps a token beside the newest checkpoint of the manifest log.

    Args:
        config: the ledger home; without ``[time] tsa`` nothing is fetched.
        log: the ledger's log.
        say: told in words when no token came.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        config: Config,
        *,
        log: Log,
        say: Callable[[str], None],
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._config = config
        self._say = say
        self._monotonic = monotonic
        self._origin = config.origin(config.current(MANIFEST))
        self._folder = config.public / self._origin
        self._evidence = Evidence(
            log=log, public=PublicFolder(config.public), ledger_id=config.ledger_id
        )
        self._asked: tuple[Checkpoint, Future[bytes]] | None = None
        self._not_before = 0.0

    def step(self, *, wait: bool = False) -> int:
        """Take the answer that came, and ask for the next token.

        Args:
            wait: until the answer is there, at most some ten seconds.

        Returns:
            How many tokens were stored.
        """
        if not self._config.time.tsa:
            return 0
        try:
            if self._asked is None:
                self._ask()
            return self._take(wait=wait)
        except (LedgerError, OSError) as error:
            self._asked = None
            self._not_before = self._monotonic() + _AGAIN_S
            self._say(f"no time token: {error}; asking again in {_AGAIN_S:.0f} s")
            return 0

    def _ask(self) -> None:
        if self._monotonic() < self._not_before:
            return
        try:
            self._evidence.refresh()
            newest = self._evidence.checkpoint(self._origin)
        except MissingEvidenceError:
            return  # nothing is published there yet
        if self._path(newest).exists():
            return
        url, text = self._config.time.tsa, newest.body.encode()
        asking = aside(
            lambda: request_token(url, text, timeout_s=_TIMEOUT_S), name="time token"
        )
        self._asked = (newest, asking)

    def _take(self, *, wait: bool) -> int:
        if self._asked is None or not (wait or self._asked[1].done()):
            return 0
        checkpoint, future = self._asked
        token = future.result()
        self._asked = None
        if roots := roots_of(self._config):
            verify_token(token, checkpoint.body.encode(), roots=roots)
        self._store(self._path(checkpoint), token)
        return 1

    def _path(self, checkpoint: Checkpoint) -> Path:
        return self._folder / token_name(checkpoint.size)

    def _store(self, path: Path, token: bytes) -> None:
        """Give the token its name, whole or not at all; one that is there stays."""
        folder = self._config.staging / "tokens"
        make_folder(folder)
        staged = folder / path.name
        write_synced(staged, token)
        if not path.exists():  # else another worker was first
            link_new(staged, path, place=f"{self._folder.name}/{path.name}")
            sync_folders([path.parent])
        staged.unlink()
