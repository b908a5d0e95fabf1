"""Read-only access to one ledger: a short database connection, and a verifier."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import IsolationLevel

from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.verification import LedgerVerifier, policy_words, roots_of, terms_of
from projections.asking import asking
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Generator

    from ledger.config import Config
    from ledger.control import Control
    from ledger.log import Log
    from projections.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Access:
    """What the pages and reports of one ledger share.

    Attributes:
        config: the ledger home.
        database: the projections, opened once for the process.
    """

    config: Config
    database: Database

    @property
    def public(self) -> PublicFolder:
        """The published ledger."""
        return PublicFolder(self.config.public)

    @contextmanager
    def connection(self) -> Generator[Connection]:
        """Lend the auditor's connection for one page: read-only, one snapshot.

        Raises:
            DatabaseUnavailableError: the database is away.
        """
        connection = self.database.connect("auditor")
        try:
            with asking():
                connection.isolation_level = IsolationLevel.REPEATABLE_READ
                connection.execute(sql("dashboard", "limits"))
            yield connection
        finally:
            connection.close()

    @contextmanager
    def log(self) -> Generator[Log]:
        """Open the log for one question, and close it.

        Raises:
            LogUnavailableError: the log is away.
        """
        log = open_log(self.config)
        try:
            yield log
        finally:
            log.close()

    @contextmanager
    def verifier(self) -> Generator[LedgerVerifier]:
        """Lend a verifier that reads log and public folder anew.

        Raises:
            LogUnavailableError: the log is away.
        """
        with self.log() as log:
            yield LedgerVerifier(
                log=log,
                public=self.public,
                ledger_id=self.config.ledger_id,
                tsa_roots=roots_of(self.config),
                terms=terms_of(self.config),
            )

    def witnesses(self, control: Control) -> str:
        """Return how many witnesses the policy has, and how many from outside."""
        return policy_words(control, terms_of(self.config).outside)
