"""``mlledger verify projection``, and the tables' part of ``mlledger audit``."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ledger.commands.audit import PARTS
from ledger.commands.logs import SEAL_DSN
from ledger.commands.verify import answer, group
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import emit, reporting
from projections.commands.listing import say_more
from projections.commands.opening import LimitOption, TokenOption, opened, opened_log

if TYPE_CHECKING:
    import typer

    from ledger.config import Config
    from ledger.verification import Step
    from projections.registry.paging import Paging

_MOST_SEED = 1 << 31


def register(app: typer.Typer) -> None:
    """Add ``verify projection`` and the tables to what ``audit`` compares."""
    del app
    if "projection" not in {command.name for command in group.registered_commands}:
        group.command("projection")(verify_projection)
    if audit_part not in PARTS:
        PARTS.append(audit_part)
    if seal_dsn not in SEAL_DSN:
        SEAL_DSN.append(seal_dsn)


def verify_projection(
    *,
    sample: Annotated[int, Option(min=1, help="rows, and as many events, to draw")],
    seed: Annotated[
        int | None,
        Option(min=0, max=_MOST_SEED - 1, help="draws the same again; default new"),
    ] = None,
    limit: LimitOption = 100,
    page_token: TokenOption = "",
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Compare random rows with the log, and random events with their rows.

    Of each kind of finding --limit are listed; --page-token draws the same sample again
    and lists the next ones.
    """
    form = chosen(output, json=json)
    with reporting("verify projection", form), ExitStack() as stack:
        from ledger.public import PublicFolder
        from ledger.verification import LedgerVerifier, roots_of, terms_of
        from ledger.verification.findings import Findings
        from projections.asking import asking
        from projections.rebuild import positions
        from projections.registry.paging import Paging
        from projections.sampling import Sampling
        from projections.statements import sql

        config, database = stack.enter_context(opened(home))
        connection = stack.enter_context(database.connect("auditor"))
        log = stack.enter_context(opened_log(config))
        public = PublicFolder(config.public)
        verifier = LedgerVerifier(
            log=log,
            public=public,
            ledger_id=config.ledger_id,
            tsa_roots=roots_of(config),
            terms=terms_of(config),
        )
        with asking():
            connection.execute(sql("projections", "snapshot"))
            reached = positions(connection, schema="integrity")
            paging = Paging(("verify projection", sample, sorted(reached.items())))
            seed, skipped = _drawn(paging, page_token, seed)
            findings = Findings("projection sample", skipped=skipped, listed=limit)
            sampling = Sampling(connection, public, verifier, seed, findings)
            steps = sampling.run(sample)
        made = answer(steps, "verify projection")
        made.meta["seed"] = seed
        is_cut = max(findings.counts.values()) > skipped + limit
        token = paging.token([str(seed), str(skipped + limit)]) if is_cut else ""
        say_more(made, len(findings.listed), token)
        emit(made, form)


def _drawn(paging: Paging, token: str, seed: int | None) -> tuple[int, int]:
    """Return the seed of a sample, and how many findings of a kind were listed."""
    from ledger import clock
    from ledger.errors import InvalidEventError

    place = paging.place(token)
    if place is None:
        drawn = int.from_bytes(clock.random_bytes(4), "big") % _MOST_SEED
        return (drawn if seed is None else seed), 0
    if not all(one.isascii() and one.isdigit() for one in place):
        raise InvalidEventError("page token: not one of verify projection")
    if seed not in {None, int(place[0])}:
        raise InvalidEventError(
            f"--seed {seed}: the page token is of the sample with seed {place[0]}",
            hint="leave --seed out",
        )
    return int(place[0]), int(place[1])


@contextmanager
def seal_dsn(config: Config) -> Generator[str]:
    """See :func:`projections.database.seal_database`."""
    from projections.database import seal_database

    with seal_database(config) as dsn:
        yield dsn


def audit_part(
    config: Config, ledger_id: bytes, progress: Callable[[int], None]
) -> list[Step]:
    """Compare every table with the log; the database being away is "not checked"."""
    from ledger.errors import ConfigurationError, EvidenceError, UnavailableError
    from ledger.verification.steps import Step, held, step_of
    from projections.audit import NAME

    folder = config.home / config.database.folder
    if not config.database.dsn and not folder.is_dir():
        return [held(NAME, "no projections are made here")]
    try:
        return _tables(config, ledger_id, progress)
    except EvidenceError as error:
        return [step_of(NAME, error)]
    except (UnavailableError, ConfigurationError) as error:
        detail = f"the tables were not compared: {error}"
        return [Step(NAME, "not_checked", detail, code="LDG-V005")]


def _tables(
    config: Config, ledger_id: bytes, progress: Callable[[int], None]
) -> list[Step]:
    from ledger import clock
    from ledger.public import PublicFolder
    from ledger.verification import load_control
    from projections.asking import asking
    from projections.audit import audit_tables
    from projections.database import Database
    from projections.projection import Source

    with ExitStack() as stack:
        log = stack.enter_context(opened_log(config))
        public = PublicFolder(config.public)
        control = load_control(log, public, ledger_id)
        database = stack.enter_context(Database.open(config))
        connection = stack.enter_context(database.connect("owner", autocommit=True))
        source = Source(log, public, control)
        with asking():
            return audit_tables(
                connection, source, now=clock.now_us(), progress=progress
            )
