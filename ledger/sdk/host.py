"""What a program runs on and in: Python, machine, installed distributions, command."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.secrets import redact_url

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_packages: tuple[tuple[object, ...], str] | None = None


def packages_text() -> str:
    """Return the installed distributions, ``name==version`` a line, sorted.

    What was installed from a URL or a folder says so. The text is remembered until a
    folder of ``sys.path`` changes.
    """
    global _packages  # noqa: PLW0603  a second scan would take tens of milliseconds
    from importlib.metadata import distributions

    state = tuple(_folder_state(entry) for entry in sys.path)
    if _packages is None or _packages[0] != state:
        lines = {_line(found) for found in distributions()}
        _packages = (state, "".join(f"{line}\n" for line in sorted(lines)))
    return _packages[1]


def cpu_model() -> str | None:
    """Return the processor's name, or None where the system does not tell."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in {"model name", "Model", "cpu model"}:
                return value.strip()[:256]
    return platform.machine() or None


def python_version() -> str:
    """Return the version of Python, such as ``3.11.9``."""
    return platform.python_version()


def script_path() -> Path | None:
    """Return the file of the program that was started, None in a notebook or shell."""
    main = sys.modules.get("__main__")
    name = getattr(main, "__file__", None)
    if not name:
        return None
    path = Path(str(name)).absolute()
    return path if path.is_file() else None


def entry_bytes() -> bytes | None:
    """Return the program that was started: the script, or a notebook's cells so far."""
    if path := script_path():
        return path.read_bytes()
    interactive: Any = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    if shell is None:
        return None
    return "\n\n".join(str(cell) for cell in shell.user_ns.get("In", [])).encode()


def resources() -> dict[str, int]:
    """Return what this process has used: CPU microseconds, peak memory in bytes."""
    try:
        import resource
    except ImportError:
        return {}
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "cpu_us": int((used.ru_utime + used.ru_stime) * 1_000_000),
        "max_rss_bytes": used.ru_maxrss * unit,
    }


def _folder_state(entry: str) -> tuple[str, int]:
    try:
        return entry, Path(entry or ".").stat().st_mtime_ns
    except OSError:
        return entry, 0


def _line(found: Distribution) -> str:
    line = f"{found.name}=={found.version}"
    text = found.read_text("direct_url.json")
    if not text:
        return line
    import json

    origin: dict[str, Any] = json.loads(text)
    commit = origin.get("vcs_info", {}).get("commit_id", "")
    url = redact_url(str(origin.get("url", "")))
    return f"{line} @ {url}" + (f"@{commit}" if commit else "")
