"""``mlledger demo --scenario golden | healthy``: made-up worlds to ask questions of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ledger import clock
from ledger.config import find_home, load_config
from ledger.errors import ConflictError
from ledger.output import note

if TYPE_CHECKING:
    from pathlib import Path

    from projections.golden.world import World

Scenario = Literal["golden", "healthy"]
_HEALTHY_BEGINS = "2025-01-01T06:00:00Z"


def run(*, scenario: Scenario, home: Path | None, serve: bool = False) -> int:
    """Make the ledger of a scenario, or find it made; returns the exit code.

    Args:
        scenario: ``golden``: two systems in 2026, and all that can happen to them.
            ``healthy``: a year in which nothing is wrong.
        home: folder of the ledger; ``.mlledger-<scenario>`` by default.
        serve: go on to the dashboard.

    Raises:
        ConflictError: another ledger lives there.
    """
    found = find_home()
    folder = home or found.with_name(f"{found.name}-{scenario}")
    if (folder / "mlledger.toml").is_file():
        if load_config(folder).name != scenario:
            raise ConflictError(
                f"{folder} holds another ledger", hint="name another with --home"
            )
        note(f"found in {folder}; remove the folder to have it made anew")
    else:
        _make(scenario, folder)
    print(_summary(scenario, folder))  # noqa: T201  the demo's answer on stdout
    if serve:
        _serve(folder)
    return 0


def _make(scenario: Scenario, folder: Path) -> None:
    from projections.golden import healthy, story
    from projections.golden.world import scripted_world

    began = clock.monotonic()
    golden = scenario == "golden"
    begins = story.BEGINS if golden else _HEALTHY_BEGINS
    people = story.IDENTITIES if golden else healthy.IDENTITIES
    note(f"telling the {scenario} world into {folder}")
    with scripted_world(
        folder, begins=begins, identities=people, name=scenario
    ) as world:
        if golden:
            story.tell(world)
        else:
            healthy.tell(world)
        counted = _counted(world)
    note(f"{counted} in {clock.monotonic() - began:.0f} s")


def _counted(world: World) -> str:
    events = sum(world.counts.values())
    return f"{events} events of {len(world.counts)} types recorded, sealed, projected"


def _summary(scenario: Scenario, folder: Path) -> str:
    ask = f"MLLEDGER_HOME={folder} .venv/bin/mlledger"
    lines = [
        f"ledger      {folder} ({scenario})",
        f"questions   {ask} query --list",
        f"controls    {ask} control run --dry-run",
        f"verify      {ask} verify log",
        f"dashboard   {ask} serve",
    ]
    if scenario == "golden":
        lines[1:1] = [
            f"who ran     {ask} deployment at 2026-03-10T00:00:00Z --env prod",
            f"the poison  {ask} query Q08 -p source=bureau",
            f"incident    {ask} query Q13 -p incident=INC-1",
        ]
    return "\n".join(lines)


def _serve(folder: Path) -> None:
    import os

    from dashboard.serving import serve

    os.environ["MLLEDGER_HOME"] = str(folder)
    serve(host="127.0.0.1", port=8600)
