"""Fixtures shared by all tests: published vectors, a real Postgres, a real Kafka."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.commands import remember_commands
from tests.support.groups import GroupScheduling, rank_of, workers

if TYPE_CHECKING:
    from tests.support.secured import Secured

IN_CI = os.environ.get("CI") == "true"
ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "default",
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.differing_executors,
    ],
)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
remember_commands()


def absent(what: str) -> None:
    """Skip loudly on a developer's machine; fail in CI."""
    if IN_CI:
        pytest.fail(f"{what} is required in CI")
    pytest.skip(f"NOT TESTED: {what} is absent")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Put what lasts long first, after others have shuffled the tests."""
    yield
    items.sort(key=lambda item: rank_of(item.path))


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Start more workers than cores, for ``-n logical``: one is always waiting."""
    cores = yield
    return workers(cores)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Keep groups of tests on one worker each; see :mod:`tests.support.groups`."""
    grouped = config.getvalue("dist") == "loadgroup"
    return GroupScheduling(config, log) if grouped else None


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """Folder of published test vectors, beside the checkout."""
    folder = Path(
        os.environ.get("MLLEDGER_VECTORS", str(ROOT.parent / "shared" / "vectors"))
    )
    if not folder.is_dir():
        absent(f"the folder of published test vectors ({folder})")
    return folder


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folder of this project's own vectors."""
    return ROOT / "tests" / "vectors"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of the maintenance database of one embedded server for the whole session."""
    runtime = tmp_path_factory.mktemp("xdg")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    from tests.support.postgres import running_server

    with running_server(tmp_path_factory.mktemp("postgres")) as dsn:
        yield dsn


@pytest.fixture
def postgres_dsn(postgres_server: str) -> Iterator[str]:
    """DSN of a fresh, empty database, dropped afterwards."""
    from tests.support.postgres import fresh_database

    with fresh_database(postgres_server, tables=False) as dsn:
        yield dsn


@pytest.fixture
def tables_dsn(postgres_server: str) -> Iterator[str]:
    """DSN of a fresh database with the empty tables of all projections."""
    from tests.support.postgres import fresh_database

    with fresh_database(postgres_server) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One real Apache Kafka broker for the whole session, with all its listeners."""
    from tests.support.kafka import start_test_kafka
    from tests.support.secured import Secured, prepare

    folder = tmp_path_factory.mktemp("kafka-clients")
    settings, ports = prepare(folder)
    with start_test_kafka(tmp_path_factory.mktemp("kafka"), settings) as bootstrap:
        yield Secured(bootstrap, folder, ports)


@pytest.fixture(scope="session")
def kafka_bootstrap(secured_kafka: Secured) -> str:
    """``host:port`` of that broker, where everybody may do everything."""
    return secured_kafka.bootstrap


@pytest.fixture(scope="session")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of one more broker, which tests may stop and kill.

    Whoever begins starts it again with :func:`tests.support.kafka.running_broker`.
    """
    from tests.support.kafka import start_test_kafka

    folder = tmp_path_factory.mktemp("own-kafka")
    with start_test_kafka(folder):
        yield folder
