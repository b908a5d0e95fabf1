"""Ten million decisions of ten thousand versions: how answers and ingest grow.

    python -m benchmarks.scale [--scale 1.0] [--json FILE]

Ten thousand model versions of a hundred models — data sets from fifty sources, runs,
releases, deployments that follow each other over a year — are recorded, sealed and
projected. Decisions are spread over that year and over the deployments that were live
then, made inside the database. At 10⁵, 10⁶ and 10⁷ of them, four questions are asked
many times on one connection, and 10⁵ further decisions go the whole way from the log
into the tables. At the end a source is withdrawn, as in a drill: from the event to the
live releases, the decisions by certainty and whom to tell.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks import scale_world as made
from benchmarks.database_world import connected, migrated
from benchmarks.measure import Result, peak_rss_mb, percentile
from benchmarks.world import fresh_ledger
from ledger.config import Config
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.seal import drain, open_state, sealers_for
from ledger.verification import load_control
from projections.asking import Bounds
from projections.chain import decision_chain
from projections.database import Connection, Database
from projections.decisions.queries_impact import decisions_by_source
from projections.decisions.queries_release import decisions_by_release
from projections.projection import PROJECTIONS
from projections.projector import Projector, Source
from projections.registry.queries import live_at

SIZES = (100_000, 1_000_000, 10_000_000)
VERSIONS = 10_000
INGESTED = 200  # entries of 500 decisions
ASKED = 200
WARMING = 12  # a service's connection has its statements planned already
LIMIT_MS = 10.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What the measurements stand on."""

    config: Config
    database: Database
    projector: Projector
    seal: Callable[[Sequence[bytes]], None]


def run(scale: float = 1.0) -> list[Result]:
    """Measure at each size; ``scale`` shrinks decisions and versions alike."""
    sizes = [max(1_000, int(size * scale)) for size in SIZES]
    versions = max(200, int(VERSIONS * scale) // 100 * 100)
    results: list[Result] = []
    with (
        fresh_ledger() as config,
        closing(open_log(config)) as log,
        closing(open_state(config)) as state,
        migrated(config) as database,
        connected(database, "writer") as writer,
    ):
        made.make_months(database)
        begin = made.record_versions(config, versions)
        sealers = sealers_for(config, log, state)
        drain(sealers)
        public = PublicFolder(config.public)
        control = load_control(log, public, config.ledger_id)
        projector = Projector(writer, Source(log, public, control), PROJECTIONS, {})
        projector.advance()

        def seal(values: Sequence[bytes]) -> None:
            for value in values:
                log.append(0, value)
            drain(sealers)

        ground = Ground(config, database, projector, seal)
        done = 0
        for size in sizes:
            _say(f"filling to {size} decisions")
            made.fill(database, versions, begin, (done, size))
            done = size
            results += _measured(ground, size)
        results += _drilled(ground, sizes[-1])
    return results


def _say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


def _measured(ground: Ground, size: int) -> list[Result]:
    with connected(ground.database, "auditor") as connection:
        asked = _questions(connection)
        results = [_asked(name, ask, size) for name, ask in asked.items()]
    results.append(_ingested(ground, size))
    for result in results:
        _say(f"{result.name}: {result.value:.2f} {result.unit} {result.extra}")
    return results


def _asked(name: str, ask: Callable[[int], object], size: int) -> Result:
    for turn in range(WARMING):
        ask(turn)
    taken: list[float] = []
    for turn in range(ASKED):
        start = time.perf_counter()
        ask(turn)
        taken.append((time.perf_counter() - start) * 1e3)
    p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
    limit = LIMIT_MS if name in {"q01", "q02"} else None
    extra = {"decisions": size, "p50_ms": round(p50, 3), "peak_rss_mb": peak_rss_mb()}
    note = f"{ASKED} times at {size} decisions"
    return Result(
        f"scale_{name}_p99_ms_{size}", p99, "ms", limit, note=note, extra=extra
    )


def _questions(connection: Connection) -> dict[str, Callable[[int], object]]:
    """Return the four questions, each asked about another thing every time."""

    draw = random.Random(7)
    ids = made.some_decisions(connection, ASKED, draw)
    releases = made.some_releases(connection, ASKED, draw)
    moments = made.some_moments(connection, ASKED, draw)
    return {
        "q01": lambda turn: decision_chain(connection, ids[turn % len(ids)]),
        "q02": lambda turn: live_at(
            connection, environment="prod", bounds=Bounds(as_of=moments[turn])
        ),
        "q07": lambda turn: decisions_by_release(
            connection, release=releases[turn % len(releases)], limit=100
        ),
        "q08": lambda turn: decisions_by_source(
            connection, source=made.source_name(turn % made.SOURCES)
        ),
    }


def _ingested(ground: Ground, size: int) -> Result:
    """Append, seal and project 10⁵ decisions more; their rows go away afterwards."""
    values = made.new_entries(ground.config, INGESTED)
    start = time.perf_counter()
    ground.seal(values)
    sealed = time.perf_counter()
    advanced = ground.projector.advance()
    ended = time.perf_counter()
    note = f"log to rows, into {size} decisions"
    extra = {
        "decisions": size,
        "project_per_s": round(advanced.events / (ended - sealed)),
        "peak_rss_mb": peak_rss_mb(),
    }
    rate = advanced.events / (ended - start)
    return Result(f"scale_ingest_{size}", rate, "events/s", note=note, extra=extra)


def _drilled(ground: Ground, size: int) -> list[Result]:
    """Withdraw a source: how long until it is known what rests on it, whom to tell."""
    began = time.perf_counter()
    source = made.source_name(7)
    made.withdraw(ground.config, source)
    ground.seal([])
    ground.projector.advance()
    with connected(ground.database, "auditor") as connection:
        found = decisions_by_source(connection, source=source)
    seconds = time.perf_counter() - began
    if not (found.withdrawal and found.live_releases and found.proved):
        raise RuntimeError(f"the drill found too little: {found}")
    note = (
        f"{found.proved} decisions proved, {found.possible} possible, "
        f"{len(found.live_releases)} live releases, {len(found.consumers)} to tell, "
        f"at {size} decisions"
    )
    extra = {"decisions": size, "peak_rss_mb": peak_rss_mb()}
    return [Result("scale_drill_s", seconds, "s", 60.0, note=note, extra=extra)]


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the world")
    arguments = parser.parse_args()
    results = run(arguments.scale)
    for result in results:
        print(f"{result.name:32} {result.value:>12,.2f} {result.unit:9} {result.note}")
    if arguments.json:
        rows = [result.row() for result in results]
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
