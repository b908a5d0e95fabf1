"""The rows that are answered: read from a file, with the digest of what was read."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.errors import IntegrityError, InvalidEventError, MalformedError
from ledger.evaluation.answers import label_text
from ledger.evaluation.libraries import Array, library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of rows to be answered.

    Attributes:
        table: pandas frame, whole.
        digest: ``sha256:<hex>``: of the file's bytes, or ``table1`` of a frame.
        scheme: ``file`` or ``table1``.
        name: what it is called in reports.
        label: column that holds the known answers, or None.
        ignored: columns that no model is given, the label among them.
    """

    table: Any
    digest: str
    scheme: str
    name: str
    label: str | None = None
    ignored: tuple[str, ...] = ()

    @property
    def features(self) -> Any:
        """The columns that a model may be given."""
        return self.table.drop(columns=list(self.ignored))

    def truth(self, *, as_numbers: bool) -> Array:
        """Return the known answer of each row, None where no label was named.

        Args:
            as_numbers: real numbers; else classes as text.

        Raises:
            MalformedError: a row has none, or no number.
        """
        if self.label is None:
            return None
        values = self.table[self.label]
        if values.isna().any():
            raise MalformedError(
                f"{self.name}: {int(values.isna().sum())} rows have no {self.label}",
                place=f"column {self.label}",
                expected="a known answer in every row",
                actual=f"{int(values.isna().sum())} empty",
            )
        if not as_numbers:
            texts = [label_text(value) for value in values.tolist()]
            return library("numpy").array(texts, dtype=str)
        try:
            return values.to_numpy(dtype=float)
        except (TypeError, ValueError) as error:
            raise MalformedError(
                f"{self.name}: column {self.label} holds no numbers",
                place=f"column {self.label}",
            ) from error


def read_rows(
    data: Any, *, label: str | None = None, ignore: Sequence[str] = ()
) -> Rows:
    """Return the rows of a CSV, Parquet or NPZ file, or of a pandas frame.

    An NPZ file holds ``X`` (rows × features) and, where they are known, ``y`` and
    ``feature_names``; columns without a name are called ``x0``, ``x1`` and so on, and
    ``y`` becomes the column ``y``, the label unless another is named.

    Args:
        data: path or frame.
        label: column that holds the known answers.
        ignore: columns that no model is given.

    Raises:
        InvalidEventError: no such kind of data, or no such column.
        MalformedError: the file is no such file, or is empty.
        OSError: it cannot be read.
    """
    if isinstance(data, str | Path):
        table, digest, name = _from_file(Path(data))
        scheme = "file"
        if label is None and Path(data).suffix == ".npz" and "y" in table.columns:
            label = "y"
    else:
        from ledger.digest import format_digest, table1_digest

        table, name, scheme = data, "table", "table1"
        digest = format_digest(table1_digest(data))
    missing = [c for c in (label, *ignore) if c and c not in table.columns]
    if missing:
        raise InvalidEventError(
            f"{name}: no column {missing[0]}",
            hint=f"columns: {', '.join(map(str, table.columns))}",
        )
    if len(table) == 0:
        raise MalformedError(f"{name}: no rows", place=name)
    hidden = tuple({name: None for name in (label, *ignore) if name})
    return Rows(table, digest, scheme, name, label, hidden)


def check_digest(rows: Rows, *, digest: str, scheme: str, what: str) -> None:
    """Check that rows are those of a recorded dataset version.

    Args:
        rows: what was read.
        digest: recorded, ``sha256:<hex>``.
        scheme: how it was computed: ``file`` or ``table1``.
        what: the recorded version, for the error.

    Raises:
        IntegrityError: the digests differ.
        InvalidEventError: a scheme that rows read from one file do not have.
    """
    if scheme == rows.scheme:
        found = rows.digest
    elif scheme == "table1":
        from ledger.digest import format_digest, table1_digest

        found = format_digest(table1_digest(rows.table))
    else:
        raise InvalidEventError(
            f"{what}: recorded as {scheme}, which cannot be compared with {rows.name}",
            hint="record the dataset version from the very file that is tested on",
        )
    if found != digest:
        raise IntegrityError(
            f"{rows.name}: not the data of {what}",
            place=rows.name,
            expected=digest,
            actual=found,
        )


def _from_file(path: Path) -> tuple[Any, str, str]:
    from ledger.digest import format_digest

    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidEventError(
            f"{path}: no table of a known kind", hint="a .csv, .parquet or .npz file"
        )
    from hashlib import sha256

    data = path.read_bytes()
    try:
        table = reader(data)
    except (ValueError, KeyError, OSError) as error:
        raise MalformedError(
            f"{path}: cannot be read as {path.suffix}: {error}", place=str(path)
        ) from error
    return table, format_digest(sha256(data).digest()), path.name


def _csv(data: bytes) -> Any:
    return library("pandas").read_csv(BytesIO(data))


def _parquet(data: bytes) -> Any:
    library("pyarrow", why="reading Parquet")
    return library("pandas").read_parquet(BytesIO(data))


def _npz(data: bytes) -> Any:
    numpy, pandas = library("numpy"), library("pandas")
    with numpy.load(BytesIO(data), allow_pickle=False) as found:
        values = found["X"]
        names = (
            [str(name) for name in found["feature_names"]]
            if "feature_names" in found
            else [f"x{i}" for i in range(values.shape[1])]
        )
        table = pandas.DataFrame(values, columns=names)
        if "y" in found:
            table["y"] = found["y"]
    return table


_READERS: dict[str, Callable[[bytes], Any]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".npz": _npz,
}
