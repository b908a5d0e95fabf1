"""The error tree: what went wrong, and what the caller can do about it.

::

    LedgerError
    ├── InvalidEventError        the caller's event is wrong: mend it            exit 2
    │   └── UnknownEventTypeError
    ├── UsageError               the command line is wrong: mend it              exit 2
    ├── TooLargeError            larger than the format allows: split it         exit 2
    ├── ConfigurationError       mlledger.toml, key or extra: mend it            exit 3
    ├── NotFoundError            nothing is recorded under that name             exit 4
    ├── MalformedError           bytes that are no such thing: reject            exit 5
    ├── IntegrityError           the evidence contradicts itself: stop           exit 5
    │   ├── RootMismatchError
    │   └── SignatureError
    ├── MissingEvidenceError     could not check, something is absent            exit 6
    │   ├── QuorumError          too few witnesses signed
    │   └── StaleError           what the witnesses signed is too old
    ├── UnavailableError         away for now: try again                         exit 8
    │   ├── LogUnavailableError
    │   ├── DatabaseUnavailableError
    │   └── TimeAuthorityError
    ├── NotAuthorisedError       the key may not do this                         exit 9
    ├── ConflictError            exists already, or state has moved on           exit 11
    ├── TimedOutError            not done within --timeout: give it longer       exit 12
    └── JournalError             the local journal cannot take the event         exit 8

"Could not check" and "verification failed" are never the same answer: the first
is :class:`MissingEvidenceError`, the second :class:`IntegrityError` or, for bytes of
our own public folder, :class:`MalformedError`.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of every error this package raises on purpose.

    Attributes:
        exit_code: process exit code of a command that ends with this error.
        code: stable identifier, printed in the ``errors`` list of ``--json``.
        hint: what the reader can do about it, or an empty text.
    """

    exit_code = 1
    code = "LDG-E000"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InvalidEventError(LedgerError):
    """An event does not fit its type; the text names the field and the repair."""

    exit_code = 2
    code = "LDG-E001"


class UnknownEventTypeError(InvalidEventError):
    """No event type has that name."""

    code = "LDG-E002"


class UsageError(LedgerError):
    """The command line names no command, or an option or value it does not take."""

    exit_code = 2
    code = "LDG-L001"


class TooLargeError(LedgerError):
    """An event or entry exceeds a limit of the format."""

    exit_code = 2
    code = "LDG-E003"


class ConfigurationError(LedgerError):
    """The configuration, a key file or an installed extra is not usable."""

    exit_code = 3
    code = "LDG-C001"


class NotFoundError(LedgerError):
    """Nothing is recorded under the name that was asked for."""

    exit_code = 4
    code = "LDG-Q001"


class EvidenceError(LedgerError):
    """Base of the three answers a verification can end with, other than valid.

    Attributes:
        place: where: a file, an offset, a leaf, a row; empty when unknown.
        expected: printed form of what the evidence implies, or None.
        actual: printed form of what was found, or None.
    """

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        place: str = "",
        expected: str | None = None,
        actual: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.place = place
        self.expected = expected
        self.actual = actual


class MalformedError(EvidenceError):
    """Bytes do not parse as what they should be."""

    exit_code = 5
    code = "LDG-V001"


class IntegrityError(EvidenceError):
    """The evidence contradicts itself: alteration, corruption or defect."""

    exit_code = 5
    code = "LDG-V002"


class RootMismatchError(IntegrityError):
    """A computed hash differs from the hash that was committed to."""

    code = "LDG-V003"

    def __init__(
        self, *, expected: bytes, computed: bytes, place: str = "", what: str = "root"
    ) -> None:
        super().__init__(
            f"{what} differs: expected {expected.hex()}, computed {computed.hex()}"
            + (f" ({place})" if place else ""),
            place=place,
            expected=expected.hex(),
            actual=computed.hex(),
        )


class SignatureError(IntegrityError):
    """A signature does not verify under the key it names."""

    code = "LDG-V004"


class MissingEvidenceError(EvidenceError):
    """Something that is needed for the check is absent: could not check."""

    exit_code = 6
    code = "LDG-V005"


class QuorumError(MissingEvidenceError):
    """Fewer witnesses signed a checkpoint than the policy asks for."""

    code = "LDG-V007"


class StaleError(MissingEvidenceError):
    """No quorum of witnesses signed a checkpoint recently enough."""

    code = "LDG-V008"


class UnavailableError(LedgerError):
    """A service is away; the same call may succeed later."""

    exit_code = 8
    code = "LDG-U000"


class LogUnavailableError(UnavailableError):
    """The log cannot be reached or does not answer."""

    code = "LDG-U001"


class DatabaseUnavailableError(UnavailableError):
    """The database cannot be reached or does not answer."""

    code = "LDG-U002"


class TimeAuthorityError(UnavailableError):
    """The time-stamping authority is away, refuses, or answers something else."""

    code = "LDG-U003"


class NotAuthorisedError(LedgerError):
    """The key or role may not do what was asked."""

    exit_code = 9
    code = "LDG-A001"


class ConflictError(LedgerError):
    """Something exists already, or the state has moved on since it was read."""

    exit_code = 11
    code = "LDG-S001"


class TimedOutError(LedgerError):
    """A command was not done within the time its caller gave it."""

    exit_code = 12
    code = "LDG-T001"


class JournalError(LedgerError):
    """The local journal cannot take or give back an event."""

    exit_code = 8
    code = "LDG-J001"
