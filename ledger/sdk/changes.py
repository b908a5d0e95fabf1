"""Verbs about what changes around a version, which itself never does.

Aliases, tags and what is said of a model are facts with a history: each call records
what holds from then on, and nothing that was recorded before goes away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ledger import clock
from ledger.errors import InvalidEventError
from ledger.sdk.handles import Entry, Handle, ModelVersion, Release
from ledger.sdk.recorder import Recorder
from ledger.sdk.texts import text_values

Moment = datetime | int


class ChangeVerbs(Recorder):
    """What versions are called, what is said of them, and when they end."""

    def set_alias(
        self,
        model: str,
        alias: str,
        version: ModelVersion,
        *,
        previous: ModelVersion | None = None,
        reason: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Point an alias of a model at a version from now on.

        Two producers may do so at once: the later by (time, event id) counts, and the
        history keeps both.

        Args:
            model: name of the model.
            alias: such as ``champion``.
            version: a version of that very model.
            previous: version that it meant before, where it is known.
            reason: why, in at most 256 characters.
            by: identity that signs; the client's own by default.

        Raises:
            InvalidEventError: the version is one of another model.
        """
        if version.model != model:
            raise InvalidEventError(
                f"alias {alias} of {model}: a version of {version.model}",
                hint="an alias means a version of its own model",
            )
        return self._alias(model, alias, version, previous, reason, by)

    def delete_alias(
        self,
        model: str,
        alias: str,
        *,
        previous: ModelVersion | None = None,
        reason: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Take an alias away from now on; what it meant stays in its history."""
        return self._alias(model, alias, None, previous, reason, by)

    def set_tag(
        self,
        object: Handle,  # noqa: A002  the word of the event type
        key: str,
        value: object,
        *,
        previous: str | None = None,
    ) -> Entry:
        """Set a tag of anything that is recorded: a model, version, run, release.

        Secrets are cut out of the value; one of more than 256 characters is kept as a
        document, whose digest then stands for it.

        Args:
            object: the tagged thing.
            key: name of the tag.
            value: anything that can be written as text.
            previous: its value before, where it is known.
        """
        texts, _ = text_values({key: str(value)}, where="tag", store=self.store)
        return self._tag(object, key, texts[key], previous)

    def delete_tag(
        self,
        object: Handle,  # noqa: A002  the word of the event type
        key: str,
        *,
        previous: str | None = None,
    ) -> Entry:
        """Remove a tag from now on."""
        return self._tag(object, key, None, previous)

    def change_model(
        self,
        model: str,
        *,
        lifecycle: str | None = None,
        before: Mapping[str, str | None] | None = None,
        reason: str | None = None,
        by: str | None = None,
        **changes: str | None,
    ) -> Entry:
        """Record what is said of a model from now on; its name stays for ever.

        Args:
            model: name of the model.
            lifecycle: development, validation, production or retired.
            before: what an attribute was, where it is known.
            reason: why.
            by: identity that signs; the client's own by default.
            changes: attribute → what it is from now on, such as ``owner``, ``title``,
                ``description`` or ``purpose``; None takes it away.

        Raises:
            InvalidEventError: nothing changes, or the name should.
        """
        if changes.keys() & {"model", "name"}:
            raise InvalidEventError(
                f"{model}: the name of a model stays", hint="change its title instead"
            )
        if lifecycle is None and not changes:
            raise InvalidEventError(f"{model}: nothing changes")
        made = self.record_as(
            by,
            "registry.model.changed",
            basis="declared",
            model=model,
            changes=changed(changes, before or {}),
            lifecycle=lifecycle,
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=model)

    def withdraw_version(
        self,
        version: ModelVersion,
        *,
        reason: str,
        effective_at: Moment | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record that a model version may no longer be released.

        Args:
            version: the model version.
            reason: why.
            effective_at: from when; now by default.
            by: identity that signs; the client's own by default.
        """
        made = self.record_as(
            by,
            "registry.model_version.withdrawn",
            basis="declared",
            model_version=version,
            effective_at=now_unless(effective_at),
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=version.version)

    def withdraw_release(
        self,
        release: Release,
        *,
        reason: str,
        kind: str = "withdrawn",
        effective_at: Moment | None = None,
        notified: Sequence[str] = (),
        by: str | None = None,
    ) -> Entry:
        """Record that a release may no longer be used.

        Args:
            release: the release.
            reason: why.
            kind: ``withdrawn``, not to be deployed any more, or ``recalled``, to be
                taken out of use as well.
            effective_at: from when; now by default.
            notified: consumers that were told.
            by: identity that signs; the client's own by default.
        """
        made = self.record_as(
            by,
            "registry.release.withdrawn",
            basis="declared",
            release=release,
            kind=kind,
            effective_at=now_unless(effective_at),
            reason=reason,
            notified=list(notified),
        )
        return Entry(id=made.id, digest=made.digest, name=release.release)

    def _alias(
        self,
        model: str,
        alias: str,
        version: ModelVersion | None,
        previous: ModelVersion | None,
        reason: str | None,
        by: str | None,
    ) -> Entry:
        made = self.record_as(
            by,
            "registry.alias.set",
            basis="declared",
            model=model,
            alias=alias,
            model_version=version,
            previous=previous,
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=alias)

    def _tag(
        self, tagged: Handle, key: str, value: str | None, previous: str | None
    ) -> Entry:
        made = self.record(
            "registry.tag.set",
            basis="declared",
            object=tagged,
            key=key,
            value=value,
            previous=previous,
        )
        return Entry(id=made.id, digest=made.digest, name=key)


def changed(
    after: Mapping[str, str | None], before: Mapping[str, str | None]
) -> list[dict[str, str | None]]:
    """Return attributes as ``Change`` records: what each was, and what it is."""
    return [
        {"field": name, "before": before.get(name), "after": after[name]}
        for name in after
    ]


def now_unless(moment: Moment | None) -> Moment:
    """Return a moment, or the present one in microseconds since 1970."""
    return clock.now_us() if moment is None else moment


def name_of(entry: str | Entry) -> str:
    """Return the name of what was registered, or the name that was given itself."""
    return entry.name if isinstance(entry, Entry) else entry
