"""Commands about the ledger home: make one, look after it, say what it is."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting


def register(app: typer.Typer) -> None:
    """Add ``init``, ``doctor``, ``config`` and ``version``."""
    app.command("init")(init)
    app.command("doctor")(doctor)
    app.command("version")(version)
    group = typer.Typer(help="What is configured, and where it comes from.")
    group.command("show")(config_show)
    app.add_typer(group, name="config")


def init(
    *,
    home: HomeOption = None,
    name: Annotated[
        str | None, Option(help="ledger name, DNS-like; a unique one by default")
    ] = None,
    log: Annotated[
        Literal["sqlite", "kafka"], Option(help="what carries it")
    ] = "sqlite",
    bootstrap: Annotated[str, Option(help="host:port of the Kafka cluster")] = "",
    partitions: Annotated[int, Option(min=1, max=1024, help="event partitions")] = 1,
    replication: Annotated[int, Option(min=1, help="Kafka replicas of a topic")] = 1,
    identity: Annotated[
        str, Option(help="identity of the first producer")
    ] = "service:local",
    roots: Annotated[int, Option(min=1, max=100, help="root keys that are made")] = 1,
    threshold: Annotated[int, Option(min=1, help="how many roots must agree")] = 1,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Make a ledger: keys, genesis, schemas, configuration; safe to run again.

    A Kafka cluster with TLS or users is reached as the variables MLLEDGER_KAFKA__…
    say; what they say is written into mlledger.toml, with absolute paths.
    """
    form = chosen(output, json=json)
    with reporting("init", form):
        from ledger.config import LogConfig, find_home
        from ledger.setup import initialise
        from ledger.spelling import identity_kind

        identity_kind(identity)
        log_config = LogConfig(
            kind=log,
            bootstrap=bootstrap,
            partitions=partitions,
            replication=replication,
        )
        folder = home or find_home()
        made = initialise(
            folder,
            name=name,
            log=log_config,
            identity=identity,
            roots=roots,
            threshold=threshold,
        )
        config = made.config
        data = {
            "home": str(config.home),
            "name": config.name,
            "ledger_id": config.ledger_id.hex(),
            "created": made.created,
        }
        text = (
            f"ledger {config.name} {'made' if made.created else 'was there already'}"
            f" in {config.home}\nledger id {config.ledger_id.hex()}\n"
            "Write the ledger id down elsewhere: whoever verifies starts from it.\n"
            f"Move {config.keys}/root*.key offline: only key changes need them."
        )
        emit(Answer("init", data, text=text), form)


def version(*, output: OutputOption = "table", json: JsonOption = False) -> None:
    """Print the version of this program and of the parts that matter."""
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    from ledger import __version__

    data: dict[str, str] = {
        "mlledger": __version__,
        "python": platform.python_version(),
    }
    for part in ("cryptography", "fastavro", "pydantic", "kafka-python", "psycopg"):
        try:
            data[part] = installed(part)
        except PackageNotFoundError:
            data[part] = "not installed"
    text = "\n".join(f"{key} {value}" for key, value in data.items())
    emit(Answer("version", data, text=text), chosen(output, json=json))


def config_show(
    *,
    origin: Annotated[
        bool, Option("--origin", help="say of each setting where it comes from")
    ] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print the settings in force; what is secret is masked."""
    form = chosen(output, json=json)
    with reporting("config show", form):
        from dataclasses import asdict

        from ledger.config import load_config
        from ledger.setting_sources import shown, sourced

        if origin:
            emit(Answer("config show", [asdict(one) for one in sourced(home)]), form)
        data = shown(load_config(home))
        rows = [f"{key} = {value}" for key, value in data.items()]
        emit(Answer("config show", data, text="\n".join(rows)), form)


def doctor(
    *,
    home: HomeOption = None,
    quick: Annotated[bool, Option(help="configuration and log alone")] = False,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Check configuration, keys, journal, log, seal and topics; say what to do."""
    form = chosen(output, json=json)
    with reporting("doctor", form):
        from importlib.metadata import entry_points

        from ledger.commands.disk import disk
        from ledger.doctor import examine

        points = entry_points(group="mlledger.checks")
        further = [disk] if quick else [disk, *[point.load() for point in points]]
        findings = examine(home, quick=quick, further=further)
        rows = [finding.row() for finding in findings]
        worst = max((finding.exit for finding in findings), default=0)
        emit(Answer("doctor", rows, exit=worst), form)
