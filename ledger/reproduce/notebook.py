"""Runs that a notebook made: which file it was, and how it is run again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.errors import ConfigurationError

_KERNEL = ("ipykernel_launcher", "ipykernel", "colab_kernel_launcher")
_PARAMETERS = "# Parameters"
RUN_NAME, RESULT_NAME = "mlledger-run.ipynb", "mlledger-run.out.ipynb"
RUNNERS = ("papermill", "nbclient")


def is_notebook(command: Sequence[str]) -> bool:
    """Tell whether a command line started a notebook's kernel."""
    return any(Path(word).name.removesuffix(".py") in _KERNEL for word in command)


def find_notebook(folder: Path, cells: str, *, named: Path | None = None) -> Path:
    """Return the notebook of a work tree whose first cells were recorded.

    Args:
        folder: the work tree.
        cells: the cells that had run, as recorded, joined by empty lines.
        named: the notebook where the user knows it.

    Raises:
        ConfigurationError: none fits, or several do.
    """
    if named is not None:
        return named if named.is_absolute() else folder / named
    paths = [p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    found = [path for path in paths if _begins_with(path, cells)]
    if len(found) != 1:
        word = "no notebook holds" if not found else f"{len(found)} notebooks hold"
        raise ConfigurationError(
            f"{word} the recorded cells at that commit",
            hint="name it: --notebook PATH, relative to the repository",
        )
    return found[0]


def as_it_ran(path: Path, cells: str) -> Path:
    """Write a copy of a notebook with the recorded cell of parameters, if any.

    The notebook itself stays as it was committed.
    """
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    recorded = parameter_cell(cells)
    if recorded is not None:
        _insert(book, recorded)
    copy = path.with_name(RUN_NAME)
    copy.write_text(json.dumps(book), encoding="utf-8")
    return copy


def _insert(book: dict[str, Any], recorded: str) -> None:
    tags = [cell.get("metadata", {}).get("tags", []) for cell in book["cells"]]
    at = next((n + 1 for n, names in enumerate(tags) if "parameters" in names), 0)
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "injected-parameters",
        "metadata": {"tags": ["injected-parameters"]},
        "outputs": [],
        "source": recorded,
    }
    book["cells"].insert(at, cell)


def parameter_cell(cells: str) -> str | None:
    """Return the cell of parameters that papermill had put in, or None."""
    found = [one for one in cells.split("\n\n") if one.strip().startswith(_PARAMETERS)]
    return found[0].strip() if found else None


def notebook_command(python: Path, path: Path) -> list[str]:
    """Return the command that runs a notebook in an environment.

    Raises:
        ConfigurationError: that environment has neither papermill nor nbclient.
    """
    runner = next((name for name in RUNNERS if _has(python, name)), None)
    if runner is None:
        raise ConfigurationError(
            "the run was made by a notebook: that needs papermill or nbclient, and "
            f"{python} has neither",
            hint=f"{python} -m pip install papermill ipykernel",
        )
    if runner == "papermill":
        words = [str(python), "-m", "papermill", "-k", "python3"]
        return [*words, path.name, RESULT_NAME]
    program = "from nbclient.cli import main; main()"
    return [str(python), "-c", program, "--kernel_name=python3", path.name]


def code_cells(path: Path) -> list[str]:
    """Return the code cells of a notebook in order, empty when it is no notebook."""
    try:
        book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        cells = [one for one in book["cells"] if one["cell_type"] == "code"]
        return ["".join(one["source"]).strip() for one in cells]
    except (ValueError, KeyError, TypeError, OSError):
        return []


def _begins_with(path: Path, cells: str) -> bool:
    own = "\n\n".join(one for one in code_cells(path) if one)
    seen = parameter_cell(cells)
    ran = cells.replace(seen, "", 1) if seen else cells
    return bool(ran.strip()) and _squeezed(own).startswith(_squeezed(ran))


def _squeezed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _has(python: Path, module: str) -> bool:
    question = (
        f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    )
    done = subprocess.run(
        [str(python), "-c", question], check=False, capture_output=True
    )
    return done.returncode == 0
