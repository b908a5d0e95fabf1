"""What a build made of the code of a run; a run from an unbuilt tree is visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from projections.asking import ALWAYS, Bounds, Evidence, ask
from projections.filled import Filled, filled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.database import Connection

_PACKAGE = "projections.registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build(Evidence):
    """A program or image that was built from a commit."""

    FILLED: ClassVar[Filled] = filled("pipeline.artifact.packaged")

    name: str
    kind: str
    digest: str
    repository: str | None
    commit: str
    dirty: bool
    builder: str | None
    tests_passed: bool | None
    sbom_digest: str | None
    environment_digest: str | None


def builds(
    connection: Connection, commit: str, *, bounds: Bounds = ALWAYS
) -> list[Build]:
    """Return what was built from a commit, newest first."""
    return ask(connection, _PACKAGE, "builds", Build, bounds, commit=commit)


def built(code: Mapping[str, object] | None, found: Sequence[Build]) -> str:
    """Return in words whether the code that ran is code that was built.

    Args:
        code: of the run, as recorded; None when it is not.
        found: what was built from its commit.
    """
    if not code or not code.get("commit"):
        return "Not recorded: the run names no commit"
    if code.get("dirty"):
        return "from an unbuilt tree: files differed from the commit"
    if not found:
        return "from an unbuilt tree: no build of this commit is recorded"
    one = found[0]
    tests = {True: "its tests passed", False: "its tests failed"}
    said = tests.get(bool(one.tests_passed), "") if one.tests_passed is not None else ""
    return f"built: {one.name} {one.digest[:19]}…; {said or 'tests: Not recorded'}"
