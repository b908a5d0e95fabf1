"""Verbs about governance: systems, people, documents, statements, consumers."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path

from ledger.sdk.changes import now_unless
from ledger.sdk.handles import Document, Entry, Handle
from ledger.sdk.recorder import Recorder
from ledger.sdk.texts import MAX_TEXT

_STATED = "governance.statement.recorded"
Channel = Mapping[str, str] | tuple[str, str]


class GovernanceVerbs(Recorder):
    """What the organisation says about its systems."""

    def register_system(  # noqa: PLR0913  one keyword a field
        self,
        system: str,
        *,
        title: str | None = None,
        purpose: str = "",
        materiality: str | None = None,
        model_kind: str | None = None,
        origin: str = "internal",
        legal_entity: str | None = None,
        business_line: str | None = None,
        owner: str | None = None,
    ) -> Entry:
        """Register an AI system; runs and events name it as ``system``."""
        return self.register(
            "governance.system.registered",
            "system",
            system,
            system=system,
            title=title or system,
            purpose=purpose,
            materiality=materiality,
            model_kind=model_kind,
            origin=origin,
            legal_entity=legal_entity,
            business_line=business_line,
            owner=owner,
        )

    def register_principal(
        self,
        principal: str,
        *,
        kind: str = "person",
        unit: str | None = None,
        line: str | None = None,
        key_fp: bytes | None = None,
    ) -> Entry:
        """Register a person or service under a pseudonym, with unit and key."""
        return self.register(
            "governance.principal.registered",
            "principal",
            principal,
            principal=principal,
            kind=kind,
            unit=unit,
            line=line,
            key_fp=key_fp,
        )

    def attach(
        self,
        document: str | Path | bytes,
        *,
        title: str | None = None,
        media_type: str | None = None,
        about: Handle | None = None,
        retention_class: str | None = None,
        access_class: str | None = None,
    ) -> Document:
        """Keep a document by its content, exactly as it is, and record that.

        Nothing is cut out of it: what is attached is chosen by hand.

        Args:
            document: a path of a file, or bytes.
            title: what people call it; the file's name by default.
            media_type: guessed from the file's name by default.
            about: event that it belongs to.
            retention_class: how long it is kept.
            access_class: who may read it.
        """
        if isinstance(document, bytes):
            path, content, size = None, self.store(document), len(document)
        else:
            path = Path(document)
            content, size = self.store_file(path)
        kind = media_type or _media_type(path)
        made = self.record(
            "governance.document.stored",
            basis="observed",
            digest=content,
            media_type=kind,
            size_bytes=size,
            title=title or (path.name if path else None),
            retention_class=retention_class,
            access_class=access_class,
            about=about,
        )
        return Document(
            id=made.id,
            digest=made.digest,
            content=content,
            size_bytes=size,
            media_type=kind,
        )

    def state(
        self,
        field: str,
        text: str,
        *,
        by: str,
        role: str | None = None,
        in_reply_to: Handle | None = None,
        valid_for: Handle | None = None,
    ) -> Entry:
        """Record a person's statement, signed with that person's key.

        Args:
            field: which field of a report it fills, such as ``AIA.AnnexIV.2.b``.
            text: the statement; over 256 characters it becomes a document.
            by: identity of the person; ``[identities]`` of the home names its key.
            role: in which the person speaks.
            in_reply_to: event that it answers.
            valid_for: object that it speaks of.

        Raises:
            ConfigurationError: the home holds no key for that identity.
        """
        is_long = len(text) > MAX_TEXT
        document = (
            self.attach(text.encode(), title=field, media_type="text/plain")
            if is_long
            else None
        )
        with self.signing_as(by, _STATED, what="a statement") as signing:
            made = self.record(
                _STATED,
                basis="stated",
                via=signing,
                author=by,
                role=role,
                field=field,
                text=None if is_long else text,
                document=document.content if document else None,
                in_reply_to=in_reply_to,
                valid_for=valid_for,
            )
        return Entry(id=made.id, digest=made.digest, name=field)

    def declare_consumer(
        self,
        consumer: str,
        *,
        channels: Sequence[Channel],
        purpose: str,
        columns: Sequence[str] = (),
        owner: str | None = None,
        legal_basis: str | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> Entry:
        """Record who may use which channels, and what for.

        Args:
            consumer: name of the consumer.
            channels: kind and id, such as ``("kafka.topic", "scores")``.
            purpose: what it may use them for.
            columns: columns it may use; none means all.
            owner: who answers for the consumer.
            legal_basis: where one is needed.
            valid_from: microseconds since 1970; now by default.
            valid_to: microseconds since 1970; open by default.
        """
        made = self.record(
            "consumer.contract.declared",
            basis="declared",
            consumer=consumer,
            owner=owner,
            channels=[_channel(item) for item in channels],
            columns=list(columns),
            purpose=purpose,
            legal_basis=legal_basis,
            valid_from=now_unless(valid_from),
            valid_to=valid_to,
        )
        return Entry(id=made.id, digest=made.digest, name=consumer)


def _channel(channel: Channel) -> dict[str, str]:
    if isinstance(channel, Mapping):
        return dict(channel)
    kind, name = channel
    return {"kind": kind, "id": name}


def _media_type(path: Path | None) -> str:
    guessed = mimetypes.guess_type(path.name)[0] if path else None
    return guessed or "application/octet-stream"
