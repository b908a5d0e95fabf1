"""The projection database: a configured server, else an embedded one; three roles.

=================  ==================================================================
role               may
=================  ==================================================================
mlledger_owner     create and replace the schemas
mlledger_writer    read, insert, and replace a row by an earlier copy of the same
                   event; never delete or truncate
mlledger_auditor   read, in read-only transactions
mlledger_sealer    own the database ``mlledger_seal``, and nothing here
mlledger_vault     own the database ``mlledger_vault``, and nothing here
=================  ==================================================================
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import psycopg
from psycopg import conninfo
from psycopg.errors import DuplicateDatabase, InsufficientPrivilege, UniqueViolation
from psycopg.sql import SQL, Identifier

from ledger.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    NotAuthorisedError,
)
from ledger.manner import detail, is_explaining
from projections import embedded
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from psycopg_pool import ConnectionPool

    from ledger.config import Config

Role = Literal["owner", "writer", "auditor"]
Connection = psycopg.Connection[Any]
_PACKAGE = "projections"
_NAME = "mlledger"
_SEAL_NAME = "mlledger_seal"
_VAULT_NAME = "mlledger_vault"


class Database:
    """One Postgres database with the projections of one ledger.

    Use as a context manager: leaving it closes pools and lets go of the embedded
    server, which runs on while another process uses it.
    """

    def __init__(
        self, dsn: str, *, folder: Path | None = None, seal_dsn: str = ""
    ) -> None:
        """Take a DSN; ``folder`` is the data folder when the server is embedded."""
        self.dsn = dsn
        self._folder = folder
        self._seal_dsn = seal_dsn
        self._pools: list[ConnectionPool[Connection]] = []

    @classmethod
    def open(cls, config: Config) -> Database:
        """Open the configured database, else the embedded server of the home.

        Raises:
            ConfigurationError: neither a DSN nor the embedded server is there.
            DatabaseUnavailableError: the server does not answer.
            NotAuthorisedError: the roles are absent and may not be created.
        """
        database = config.database
        if database.dsn:
            detail("database: the server of [database] dsn")
            opened = cls(_checked(database.dsn), seal_dsn=database.seal_dsn)
        else:
            folder = config.home / database.folder
            detail(f"database: embedded, {folder}")
            dsn = embedded.attach(folder)
            opened = cls(
                conninfo.make_conninfo(dsn, dbname=_NAME),
                folder=folder,
                seal_dsn=database.seal_dsn,
            )
        try:
            opened._prepare()
        except BaseException:
            opened.close()
            raise
        return opened

    def connect(
        self, role: Role = "auditor", *, autocommit: bool = False
    ) -> Connection:
        """Return a connection that acts as one of the three roles.

        Times come back in UTC; the auditor's transactions are read-only.

        Raises:
            DatabaseUnavailableError: the server does not answer.
            NotAuthorisedError: the login may not act as that role.
        """
        with _answering():
            made = psycopg.connect(self.role_dsn(role), autocommit=autocommit)
        if is_explaining():
            from projections.explained import ExplainedCursor

            made.cursor_factory = ExplainedCursor
        return made

    def pool(
        self, role: Role = "auditor", *, max_size: int = 4
    ) -> ConnectionPool[Connection]:
        """Return a new pool of such connections, closed together with the database."""
        from psycopg_pool import ConnectionPool

        pool: ConnectionPool[Connection] = ConnectionPool(
            self.role_dsn(role), min_size=0, max_size=max_size, open=True
        )
        self._pools.append(pool)
        return pool

    def role_dsn(self, role: Role) -> str:
        """Return the DSN of a role: the login's own, acting as ``mlledger_<role>``."""
        # Compiling a question of many parts takes longer than answering it.
        settings = {"role": f"mlledger_{role}", "TimeZone": "UTC", "jit": "off"}
        # A policy raises instead of hiding rows, and no name means what stands in
        # somebody's schema, whatever the server or the database is set to.
        settings |= {"row_security": "off", "search_path": "pg_catalog"}
        if role == "auditor":
            settings["default_transaction_read_only"] = "on"
        return _with_settings(self.dsn, settings)

    def seal_dsn(self) -> str:
        """Return the DSN of the sealer's own database, which is made when absent."""
        if self._seal_dsn:
            return self._seal_dsn
        return self._own_dsn(_SEAL_NAME, "mlledger_sealer", "seal_connect")

    def vault_dsn(self) -> str:
        """Return the DSN of the vault's own database, which is made when absent."""
        return self._own_dsn(_VAULT_NAME, "mlledger_vault", "vault_connect")

    def _own_dsn(self, name: str, role: str, grants: str) -> str:
        """Return the DSN of a database that one role owns and nobody else enters."""
        with _answering(), psycopg.connect(self.dsn, autocommit=True) as connection:
            _create_role(connection, role)
            _create_database(connection, name, owner=role)
            connection.execute(composed(_PACKAGE, grants))
        settings = {"role": role, "synchronous_commit": "on"}
        return _with_settings(conninfo.make_conninfo(self.dsn, dbname=name), settings)

    def close(self) -> None:
        """Close the pools and let go of the embedded server."""
        for pool in self._pools:
            pool.close()
        self._pools.clear()
        if self._folder is not None:
            embedded.detach(self._folder)
            self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        """Create database and roles where they are absent."""
        if self._folder is not None:
            maintenance = conninfo.make_conninfo(self.dsn, dbname="postgres")
            with _answering(), psycopg.connect(maintenance, autocommit=True) as admin:
                _create_database(admin, _NAME)
        with _answering(), psycopg.connect(self.dsn, autocommit=True) as connection:
            # Two processes that grant at the same moment would fail each other.
            connection.execute(sql(_PACKAGE, "prepare_lock"))
            for role in ("mlledger_owner", "mlledger_writer", "mlledger_auditor"):
                _create_role(connection, role)
            if not connection.execute(sql(_PACKAGE, "is_granted")).fetchone():
                name = Identifier(connection.info.dbname)
                connection.execute(composed(_PACKAGE, "grant_database", name=name))


@contextmanager
def seal_database(config: Config) -> Generator[str]:
    """Lend the DSN of the sealer's own database, of a home's server."""
    with Database.open(config) as database:
        yield database.seal_dsn()


def _checked(dsn: str) -> str:
    try:
        return conninfo.make_conninfo(dsn)
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            "database.dsn is not a libpq connection string",
            hint="postgresql://user@host/database, or host=… dbname=…",
        ) from error


def _with_settings(dsn: str, settings: dict[str, str]) -> str:
    given = str(conninfo.conninfo_to_dict(dsn).get("options") or "")
    options = " ".join(f"-c {key}={value}" for key, value in settings.items())
    return conninfo.make_conninfo(dsn, options=f"{given} {options}".strip())


def _create_role(connection: Connection, role: str) -> None:
    if connection.execute(sql(_PACKAGE, "role_exists"), {"role": role}).fetchone():
        return
    try:
        connection.execute(composed(_PACKAGE, "create_role", role=Identifier(role)))
    except (UniqueViolation, psycopg.errors.DuplicateObject):
        return  # another process was first
    except InsufficientPrivilege as error:
        raise NotAuthorisedError(
            f"role {role} is absent and this login may not create it",
            hint=f"as administrator: CREATE ROLE {role}; GRANT {role} TO <login>",
        ) from error
    connection.execute(composed(_PACKAGE, "grant_role", role=Identifier(role)))


def _create_database(connection: Connection, name: str, *, owner: str = "") -> None:
    if connection.execute(sql(_PACKAGE, "database_exists"), {"name": name}).fetchone():
        return
    holder = SQL("DEFAULT") if not owner else Identifier(owner)
    statement = composed(
        _PACKAGE, "create_database", name=Identifier(name), owner=holder
    )
    try:
        connection.execute(statement)
    except (DuplicateDatabase, UniqueViolation):
        return  # another process was first


@contextmanager
def _answering() -> Generator[None]:
    """Turn the driver's failures to connect into this package's errors."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise NotAuthorisedError(f"database: {error}") from error
    except psycopg.OperationalError as error:
        text = str(error).strip()
        if "permission denied to set role" in text:
            raise NotAuthorisedError(f"database: {text}") from error
        raise DatabaseUnavailableError(
            f"database: {text}", hint="is the server up? see: mlledger doctor"
        ) from error
