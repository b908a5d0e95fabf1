"""What is tested, as it is named on a command line.

=============================  ====================================================
``http://…``, ``https://…``    an endpoint, see :mod:`ledger.evaluation.endpoint`
``model.joblib``               a file, see :mod:`ledger.evaluation.loaders`
``package.module:function``    a Python function of a pandas frame
``model@label``, an event id   a recorded version, its artifact among the documents
``model@label=…``              a recorded version, and where it is: any of the above
=============================  ====================================================
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.errors import IntegrityError, InvalidEventError, NotFoundError
from ledger.evaluation.endpoint import Endpoint
from ledger.evaluation.loaders import RUNS_CODE, estimator, format_of, load_model
from ledger.evaluation.predictors import CallablePredictor, Predictor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.blobs import Blobs
    from ledger.evaluation.records import RecordedVersion

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}")
_VERSION = re.compile(r"[^=@/:\s]+@[^=/\s]+|" + _ID.pattern)


@dataclass(frozen=True, slots=True)
class Target:
    """Something that answers rows.

    Attributes:
        name: what it is called in reports.
        kind: file, function, endpoint or object.
        predictor: answers.
        version: the recorded version it is, or None.
        digest: ``sha256:<hex>`` of the artifact that was loaded, or None.
        warnings: what the caller should know about how it was loaded.
    """

    name: str
    kind: str
    predictor: Predictor
    version: RecordedVersion | None = None
    digest: str | None = None
    warnings: tuple[str, ...] = field(default=())

    def close(self) -> None:
        """Close what is open; it opens again when it is asked again."""
        if isinstance(self.predictor, Endpoint):
            self.predictor.close()


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens targets.

    Attributes:
        find: returns the recorded version of a name.
        blobs: documents of the home, or None.
        headers: of endpoints; name → environment variable.
    """

    find: Callable[[str], RecordedVersion]
    blobs: Blobs | None = None
    headers: Mapping[str, str] | None = None

    def open(self, text: str) -> Target:
        """Return the target of a name, as the table above has it.

        Raises:
            InvalidEventError: it names nothing of these.
            IntegrityError: the artifact has another digest than the recorded version.
            NotFoundError: no such file or version, or its artifact is not at hand.
        """
        version, separator, rest = text.partition("=")
        if _VERSION.fullmatch(version) and (separator or not Path(text).exists()):
            return self.open_version(self.find(version), rest or None)
        return self.open_place(text)

    def open_version(
        self, version: RecordedVersion, place: str | Path | None = None
    ) -> Target:
        """Return the target that is a recorded version, at a place or in the blobs."""
        if place is not None:
            return self.open_place(str(place), version)
        if self.blobs is None or not self.blobs.has(version.content):
            raise NotFoundError(
                f"{_called(version)}: its artifact {version.content} is not here",
                hint=f"say where it is: {_called(version)}=PATH",
            )
        data = self.blobs.get(version.content)
        return _loaded(data, name=_called(version), suffix="", version=version)

    def open_place(self, text: str, version: RecordedVersion | None = None) -> Target:
        """Return the target at a place, which a recorded version may be."""
        name = _called(version) if version else text
        if text.startswith(("http://", "https://")):
            note = f"{name}: its artifact was not compared, it answers at {text}"
            endpoint = Endpoint(text, headers=self.headers)
            return Target(
                name, "endpoint", endpoint, version, None, (note,) if version else ()
            )
        path = Path(text)
        if path.is_file():
            return _loaded(
                path.read_bytes(), name=name, suffix=path.suffix, version=version
            )
        if _FUNCTION.fullmatch(text) and not path.exists():
            return _function(text, name, version)
        raise NotFoundError(
            f"{text}: no file, function, endpoint or recorded version",
            hint="PATH, package.module:function, http://…, model@label[=PLACE]",
        )


def target_of(thing: Any, *, name: str, version: RecordedVersion | None) -> Target:
    """Return the target that an object of this process is: a model or a function.

    Raises:
        InvalidEventError: it can neither predict nor be called.
    """
    if hasattr(thing, "predict"):
        return Target(name, "object", estimator(thing, name), version)
    if callable(thing):
        return Target(name, "function", CallablePredictor(thing, name), version)
    raise InvalidEventError(
        f"{name}: a {type(thing).__name__} answers no rows",
        hint="a model version, a path, a function or an object with predict",
    )


def check_artifact(version: RecordedVersion, digest: str, place: str) -> None:
    """Check that an artifact is that of a recorded version.

    Raises:
        IntegrityError: it is not.
        InvalidEventError: the version was recorded by another scheme than ``file``.
    """
    if version.scheme != "file":
        raise InvalidEventError(
            f"{_called(version)}: recorded as {version.scheme}; one file is needed",
            hint="name the function or endpoint that serves it",
        )
    if digest != version.content:
        raise IntegrityError(
            f"{place}: not the artifact of {_called(version)}",
            place=place,
            expected=version.content,
            actual=digest,
        )


def _loaded(
    data: bytes, *, name: str, suffix: str, version: RecordedVersion | None
) -> Target:
    digest = f"sha256:{sha256(data).hexdigest()}"
    if version is not None:
        check_artifact(version, digest, name)
    kind = format_of(data, suffix, where=name)
    warnings: tuple[str, ...] = ()
    if kind in RUNS_CODE:
        warnings = (f"{name}: loading it runs code that stands in the file ({kind})",)
    model = load_model(data, where=name, suffix=suffix)
    return Target(name, "file", model, version, digest, warnings)


def _function(text: str, name: str, version: RecordedVersion | None) -> Target:
    module, _, path = text.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise NotFoundError(f"{text}: {error}") from error
    note = f"{name}: its artifact was not compared, it is the function {text}"
    made = target_of(found, name=name, version=version)
    return Target(name, "function", made.predictor, version, None, _if(version, note))


def _if(version: RecordedVersion | None, note: str) -> tuple[str, ...]:
    return (note,) if version else ()


def _called(version: RecordedVersion | None) -> str:
    return f"{version.model}@{version.version}" if version else ""
