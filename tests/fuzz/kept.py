"""Inputs that were found once, kept with the answer that they must get."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.parser import VECTORS

FOLDER = VECTORS / "fuzz"
_SMALL = 2_048


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding.

    Attributes:
        parser: name of the target.
        case: name of the vector.
        before: what came of it when it was found.
        expected: ``accepted``, or the name of the documented error.
        data: the input.
    """

    parser: str
    case: str
    before: str
    expected: str
    data: bytes

    def write(self) -> None:
        """Write the vector; inverse of :func:`read`."""
        small = len(self.data) <= _SMALL
        data = self.data if small else zlib.compress(self.data, 9)
        fields = {
            "before": self.before,
            "expected": self.expected,
            "data" if small else "deflated": b64encode(data).decode(),
        }
        path = FOLDER / self.parser / f"{self.case}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Kept:
    """Read a vector."""
    fields = json.loads(path.read_bytes())
    small = fields.get("data")
    data = b64decode(small or fields["deflated"])
    return Kept(
        path.parent.name,
        path.stem,
        fields["before"],
        fields["expected"],
        data if small else zlib.decompress(data),
    )


def kept_of(parser: str) -> list[Kept]:
    """Return the vectors of a target, by name."""
    return [read(path) for path in sorted((FOLDER / parser).glob("*.json"))]
