"""The client: everything the SDK can record, behind one object.

::

    import ledger

    lg = ledger.init()
    with lg.training_run("triage", parameters={"lr": 0.1}, seeds={"numpy": 7}) as run:
        run.input("train.parquet", "train")
        ...
        version = run.register_model("triage-classifier", "model.joblib")
    release = lg.release(version, configuration={"threshold": 0.5})
    deployment = lg.deploy(release, "prod")

    @lg.decision(deployment=deployment, output=lambda r: r.label)
    def triage(case): ...
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ledger.sdk.approvals import ApprovalVerbs
from ledger.sdk.cache import LocalCache
from ledger.sdk.changes import ChangeVerbs
from ledger.sdk.comparing import ComparingVerbs
from ledger.sdk.data import DataVerbs
from ledger.sdk.decisions import DecisionVerbs
from ledger.sdk.drift import DriftVerbs
from ledger.sdk.environments import EnvironmentVerbs
from ledger.sdk.evaluation import EvaluationVerbs
from ledger.sdk.governance import GovernanceVerbs
from ledger.sdk.incidents import IncidentVerbs
from ledger.sdk.mandates import MandateVerbs
from ledger.sdk.outcomes import OutcomeVerbs
from ledger.sdk.oversight import OversightVerbs
from ledger.sdk.registry import RegistryVerbs
from ledger.sdk.rerun import RunsOnly, rerun_of
from ledger.sdk.serving import ServingVerbs
from ledger.sdk.silent import Silent
from ledger.sdk.sources import SourceVerbs
from ledger.sdk.systems import SystemVerbs
from ledger.sdk.watching import WatchingVerbs

if TYPE_CHECKING:
    from types import TracebackType

    from ledger.config import Config
    from ledger.sdk.recorder import Emitting
    from ledger.sdk.run import Run

_OFF = frozenset({"", "0", "false", "no", "off"})


class Ledger(
    DataVerbs,
    SourceVerbs,
    ComparingVerbs,
    EvaluationVerbs,
    RegistryVerbs,
    ChangeVerbs,
    ApprovalVerbs,
    MandateVerbs,
    EnvironmentVerbs,
    ServingVerbs,
    DecisionVerbs,
    OutcomeVerbs,
    OversightVerbs,
    WatchingVerbs,
    DriftVerbs,
    GovernanceVerbs,
    SystemVerbs,
    IncidentVerbs,
):
    """A client of one ledger home; made by :func:`init`, safe for many threads.

    As a context manager it closes itself at the end.
    """

    def training_run(
        self,
        name: str,
        *,
        step: str = "train",
        system: str | None = None,
        parameters: Mapping[str, object] | None = None,
        seeds: Mapping[str, int] | None = None,
        capture: Mapping[str, bool] | None = None,
        code: Path | None = None,
    ) -> Run:
        """Return a run to be used in a ``with`` statement.

        Args:
            name: the same for each repetition, so that runs can be compared.
            step: ingest, preprocess, feature, train, evaluate, score or other.
            system: AI system that the run belongs to.
            parameters: known at the start; nested mappings become ``outer.inner``.
            seeds: generator → seed, such as ``{"numpy": 7}``.
            capture: item → False to leave it out; see :data:`ledger.sdk.capture.ITEMS`.
            code: a folder of the work tree, where it is not the script's.

        Raises:
            ConfigurationError: ``capture`` names an unknown item.
        """
        from ledger.sdk.capture import switches
        from ledger.sdk.run import Run
        from ledger.sdk.run_plan import RunPlan

        chosen = switches(capture)
        plan = RunPlan(
            name=name,
            step=step,
            system=system,
            parameters=parameters or {},
            seeds=seeds or {},
            capture=chosen if self.enabled else dict.fromkeys(chosen, False),
            code=code,
            summary=not self.quiet,
        )
        return Run(self, plan)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the log has everything; False when the time runs out.

        Args:
            timeout: seconds to wait at most.
        """
        return self.emitter.flush(timeout)

    def close(self, timeout: float = 2.0) -> None:
        """End this client's stream; what the log has not taken stays in the journal.

        Args:
            timeout: seconds to wait at most.
        """
        self.emitter.close(timeout)

    def stats(self) -> dict[str, int | float | str]:
        """Return counters of the emitter and of the SDK.

        Beside the emitter's own: ``decisions_raised`` (functions that raised, so that
        no decision was made), ``failed_<what>`` (what could not be recorded),
        ``last_failure`` and ``cache_faults``. A client that is switched off says
        ``disabled``.
        """
        failed = {
            f"failed_{what.replace(' ', '_')}": count
            for what, count in self.faults.counts().items()
        }
        return {
            **self.emitter.stats(),
            "decisions_raised": self.faults.raised,
            **failed,
            "last_failure": self.faults.last,
            "cache_faults": self.cache.faults if self.cache else 0,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def init(
    home: str | Path | None = None,
    identity: str | None = None,
    *,
    system: str | None = None,
    mode: str | None = None,
    quiet: bool | None = None,
    actor: str | None = None,
) -> Ledger:
    """Return a client of a ledger home; connects to nothing.

    ``MLLEDGER_DISABLED=1`` gives a client that records nothing and says so in
    ``stats()``; it needs no home. ``MLLEDGER_STRICT=1`` raises whatever could not be
    recorded, instead of counting it. In a repetition of a recorded run
    (:mod:`ledger.sdk.rerun`) its ledger is the home, whatever ``home`` says.

    Args:
        home: folder of the ledger; by default ``MLLEDGER_HOME`` or the nearest
            ``.mlledger``, upward to the root of the repository.
        identity: whose key signs; by default the home's producer.
        system: AI system that events belong to when nothing else is said.
        mode: fire, spool or strict; by default the home's.
        quiet: print no line at the end of a run; also ``MLLEDGER_QUIET=1``.
        actor: who acts through a service, such as ``person:ana`` who started the
            pipeline; by default ``MLLEDGER_ACTOR``. A claim, signed by the service.

    Raises:
        ConfigurationError: no ledger there, or no key for that identity.
    """
    silent = _is_on("MLLEDGER_QUIET") if quiet is None else quiet
    if _is_on("MLLEDGER_DISABLED"):
        nobody = Silent()
        return Ledger(
            None,
            nobody,
            identity=identity or "person:nobody",
            emitter_as=lambda _: nobody,
            system=system,
            quiet=True,
        )
    from ledger.config import load_config
    from ledger.setup import open_emitter

    rerun = rerun_of(os.environ)
    config = load_config(Path(home) if home and not rerun else None)
    _ignore_in_git(config)
    chosen = mode or config.producer.mode
    held: set[bytes] = set()

    def emitter_as(who: str | None) -> Emitting:
        opened = open_emitter(config, identity=who, mode=chosen)
        return RunsOnly(opened, rerun, held) if rerun else opened

    client = Ledger(
        config,
        emitter_as(identity),
        identity=identity or config.producer.identity,
        emitter_as=emitter_as,
        strict=chosen == "strict" or _is_on("MLLEDGER_STRICT"),
        system=system,
        actor=actor or os.environ.get("MLLEDGER_ACTOR") or None,
        quiet=silent,
    )
    if rerun:  # what it registers is not recorded, and must not be remembered
        client.cache = LocalCache(rerun.cache)
    return client


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "").lower() not in _OFF


def _ignore_in_git(config: Config) -> None:
    """Make git overlook the home, so that it never makes a work tree dirty."""
    path = config.home / ".gitignore"
    if not path.exists() and os.access(config.home, os.W_OK):
        with contextlib.suppress(OSError):  # a full disk: a later client does it
            path.write_text("*\n", encoding="utf-8")
