"""Seal a ledger as a service: register, seal, write manifests, have them dated.

What a core install does by itself; the projections' worker takes it as its first half.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from ledger.administration import operator_signer
from ledger.errors import ConfigurationError
from ledger.leftovers import Leftovers
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.registration import register_schemas
from ledger.seal import drain, open_state, sealers_for
from ledger.seal.manifest import ManifestWriter
from ledger.seal.tokens import TokenFetcher
from ledger.verification import ControlReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from ledger.config import Config
    from ledger.emitter import Emitter
    from ledger.events.base import Event
    from ledger.log import Log
    from ledger.seal import Sealer
    from ledger.seal.steps import SealResult
    from ledger.verdict import Verdict

FLUSH_S = 10.0
_AFTER_REFUSAL = (
    "what follows a refused entry in its stream waits for its producer to send it "
    "again: a running one does so by itself, for an ended one: mlledger journal flush"
)


def say_nothing(_text: str) -> None:
    """Let a word go."""


class SealingService:
    """Seals step by step; connections are made when they are needed.

    Args:
        config: the ledger home.
        seal: whether to seal.
        watch: whether to look who reads predictions.
        once: whether each step leaves nothing for later: a manifest after any growth,
            and its time token waited for.
        say: told in words what does not work, and does not stop the rest either.
        seal_dsn: lends the database of an embedded server, where the sealer's state
            is in Postgres and the settings name no database; None has none.

    Attributes:
        done: what was done since the start: leaves sealed, manifests, time tokens;
            and entries refused and journals taken over, if there were any.
    """

    def __init__(
        self,
        config: Config,
        *,
        seal: bool = True,
        watch: bool = True,
        once: bool = False,
        say: Callable[[str], None] = say_nothing,
        seal_dsn: Callable[[], AbstractContextManager[str]] | None = None,
    ) -> None:
        self._config = config
        self._seal = seal
        self._watch = watch
        self._once = once
        self._say = say
        self._seal_dsn = seal_dsn
        self._stack = ExitStack()
        self._log: Log | None = None
        self._sealers: list[Sealer] | None = None
        self._control: ControlReader | None = None
        self._emitter: Emitter | None = None
        self._manifests: ManifestWriter | None = None
        self._tokens: TokenFetcher | None = None
        self._alarms: dict[str, str] = {}
        self._leftovers = Leftovers(config, say=say)
        self.done = {"leaves sealed": 0, "manifests": 0, "time tokens": 0}

    def step(self) -> bool:
        """Seal all that is there now; tell whether there was anything.

        Raises:
            UnavailableError: the log is away; call :meth:`disconnect`, then try again.
            IntegrityError: the evidence contradicts itself.
        """
        before = dict(self.done)
        log = self.log()
        self._do_watch()
        if self._seal:
            self._do_adopt()
            self._do_seal(log)
        return self.done != before

    def finish(self) -> None:
        """Seal what is there and cover it by a manifest: the last step of a service.

        Else what was sealed since the last manifest would wait for the next start.

        Raises:
            UnavailableError, IntegrityError: as :meth:`step`.
        """
        if self._sealers is None:
            return  # nothing was sealed by this process, or all is away
        self._drain(self._sealers)
        if self._write_manifest(at_once=True):
            self._drain(self._sealers)

    def disconnect(self) -> None:
        """Close every connection; the next step makes new ones."""
        self._log = self._sealers = self._control = self._emitter = None
        self._manifests = self._tokens = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def log(self) -> Log:
        """Return the ledger's log."""
        if self._log is None:
            self._log = open_log(self._config)
            self._stack.callback(self._log.close)
        return self._log

    def control(self) -> ControlReader:
        """Follow the control log to where it is sealed; what was read is kept."""
        if self._control is None:
            public = PublicFolder(self._config.public)
            self._control = ControlReader(
                log=self.log(), public=public, ledger_id=self._config.ledger_id
            )
        self._control.refresh()
        return self._control

    def emitter(self) -> Emitter:
        """Return the emitter of what the service itself sees and does."""
        from ledger.setup import open_emitter

        if self._emitter is None:
            self._emitter = open_emitter(self._config)
            self._stack.callback(self._emitter.close)
        return self._emitter

    def can_tell(self) -> bool:
        """Tell whether it seals, and has the operator's key to speak with."""
        return self._sealers is not None and self._manifests is not None

    def tell(self, facts: Sequence[Event]) -> None:
        """Say something of the whole ledger in the manifest log, and seal it.

        Raises:
            LogUnavailableError: the log is away; repeat the call.
        """
        if self._manifests is not None and self._sealers is not None:
            self._manifests.write(facts)
            self._drain(self._sealers)

    def _do_adopt(self) -> None:
        """Send what ended processes left, so that this very step seals it."""
        if taken := self._leftovers.step():
            known = self.done.get("journals taken over", 0)
            self.done["journals taken over"] = known + taken

    def _do_seal(self, log: Log) -> None:
        if self._sealers is None:
            self._sealers = self._open_sealers(log)
        self._drain(self._sealers)
        self._sound_alarms(self._sealers)
        if self._write_manifest(at_once=self._once):
            self._drain(self._sealers)
        if self._tokens is not None:
            self.done["time tokens"] += self._tokens.step(wait=self._once)

    def _open_sealers(self, log: Log) -> list[Sealer]:
        """Seal the control log first: what it says counts for all others."""
        dsn = ""
        if self._config.seal.state == "postgres" and self._seal_dsn is not None:
            dsn = self._stack.enter_context(self._seal_dsn())
        state = open_state(self._config, dsn=dsn)
        self._stack.callback(state.close)
        sealers = sealers_for(self._config, log, state)
        self._drain(sealers[:1])
        self._register_schemas(log)
        self._tokens = TokenFetcher(self._config, log=log, say=self._say)
        self._manifests = self._open_manifests(log)
        return sealers

    def _open_manifests(self, log: Log) -> ManifestWriter | None:
        try:
            signer = operator_signer(self._config)
        except ConfigurationError as error:
            self._say(
                f"no manifests are written here, the operator's key is away: {error}"
            )
            return None
        return ManifestWriter(self._config, log=log, signer=signer)

    def _drain(self, sealers: list[Sealer]) -> None:
        refused: Counter[tuple[str, Verdict, str]] = Counter()

        def take(result: SealResult) -> None:
            for (verdict, who), count in result.refused.items():
                refused[result.origin, verdict, who] += count

        try:
            self.done["leaves sealed"] += drain(sealers, told=take)
        finally:
            self._say_refused(refused)

    def _say_refused(self, refused: Counter[tuple[str, Verdict, str]]) -> None:
        """Say what does not count, in one line for each origin, verdict and signer."""
        for (origin, verdict, who), count in refused.items():
            self._say(
                f"{origin}: refused as {verdict.name}: {count} entries that name {who}"
            )
        if refused:
            known = self.done.get("entries refused", 0)
            self.done["entries refused"] = known + refused.total()
            self._say(_AFTER_REFUSAL)

    def _write_manifest(self, *, at_once: bool) -> bool:
        """Write down how far the ledger has come; tell whether that was due."""
        if self._manifests is None or not self._manifests.write_if_due(at_once=at_once):
            return False
        self.done["manifests"] += 1
        return True

    def _register_schemas(self, log: Log) -> None:
        """Make this release's event types known to a ledger that is older."""
        try:
            made = register_schemas(self._config, log, self.control().control)
        except ConfigurationError as error:
            hint = "on the operator's machine run: mlledger schemas register"
            self._say(
                f"event types of this release are not registered: {error}; {hint}"
            )
            return
        if made:
            self._say(f"registered {len(made)} event types of this release")

    def _sound_alarms(self, sealers: list[Sealer]) -> None:
        """Say what is wrong with witnesses, once, and when it is over."""
        for sealer in sealers:
            origin, alarm = sealer.origin, sealer.alarm
            if alarm != self._alarms.get(origin, ""):
                self._say(f"{origin}: {alarm or 'its witnesses have signed'}")
                self._alarms[origin] = alarm

    def _do_watch(self) -> None:
        """Look once a minute who reads predictions, where the log is Kafka.

        It comes first, and what it saw is in the log when it ends: so that one step
        leaves nothing behind that is not sealed.
        """
        from ledger import consumers

        if not self._watch or not consumers.is_due(self._config):
            return
        emitter = self.emitter()
        if consumers.scan_if_due(self._config, emitter):
            emitter.flush(FLUSH_S)
