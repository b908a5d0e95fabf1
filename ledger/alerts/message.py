"""What an alert says, in each of its forms; pure.

A webhook carries a CloudEvent in structured mode and is signed after the Standard
Webhooks specification: ``webhook-id`` is the same in every attempt, so a receiver that
got it twice can tell.

Source: CloudEvents 1.0.2, JSON format; Standard Webhooks 1.0, "Signature scheme".
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.alert_settings import SEVERITIES
from ledger.output import format_id, format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.alert_settings import AlertConfig

TYPE_PREFIX = "io.mlledger."


@dataclass(frozen=True, slots=True)
class Notice:
    """An event that somebody may want to be told of.

    Attributes:
        event_id: 16 bytes.
        digest: of the event, ``sha256:<hex>``.
        type: its type, such as ``control.finding.opened``.
        topic: one of :data:`ledger.alert_settings.TOPICS`.
        time: when it happened, microseconds since 1970; a claim.
        source: origin of the log it is in.
        title: what happened, in one line.
        severity: of a finding or incident, else None.
        system: AI system it belongs to, if any.
        model: model it belongs to, if any.
        data: more of it, by name.
    """

    event_id: bytes
    digest: str
    type: str
    topic: str
    time: int
    source: str
    title: str
    severity: str | None = None
    system: str | None = None
    model: str | None = None
    data: Mapping[str, object] = field(default_factory=dict[str, object])


def is_for(route: AlertConfig, notice: Notice) -> bool:
    """Tell whether a route wants to be told."""
    if route.topics and notice.topic not in route.topics:
        return False
    if route.systems and notice.system not in route.systems:
        return False
    if notice.severity not in SEVERITIES:
        return True
    return SEVERITIES.index(notice.severity) >= SEVERITIES.index(route.min_severity)


def message_id(route: str, event_id: bytes) -> str:
    """Return the id of an alert: the same for one event on one route, for ever."""
    return f"msg_{sha256(route.encode() + b'/' + event_id).hexdigest()[:32]}"


def cloud_event(notice: Notice) -> bytes:
    """Return the notice as a CloudEvent, JSON format."""
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": format_id(notice.event_id),
        "source": f"mlledger:{notice.source}",
        "type": f"{TYPE_PREFIX}{notice.type}.v1",
        "time": format_time(notice.time),
        "datacontenttype": "application/json",
        "data": {
            "topic": notice.topic,
            "title": notice.title,
            "severity": notice.severity,
            "system": notice.system,
            "model": notice.model,
            "digest": notice.digest,
            **notice.data,
        },
    }
    return json.dumps(event, sort_keys=True, ensure_ascii=False).encode()


def webhook_headers(
    identifier: str, body: bytes, *, secret: bytes, now_s: int
) -> dict[str, str]:
    """Return the headers of a signed webhook.

    Args:
        identifier: of the alert, see :func:`message_id`.
        body: what is sent.
        secret: key of the signature, at least one byte.
        now_s: seconds since 1970.
    """
    signed = f"{identifier}.{now_s}.".encode() + body
    mac = hmac.digest(secret, signed, "sha256")
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": identifier,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def plain_text(notice: Notice) -> str:
    """Return the notice in words, for a chat or an e-mail."""
    about = [
        f"{name}: {value}"
        for name, value in (
            ("severity", notice.severity),
            ("system", notice.system),
            ("model", notice.model),
            ("happened", f"{format_time(notice.time)} (as claimed)"),
            ("event", f"{notice.type} {format_id(notice.event_id)}"),
            *((key, value) for key, value in notice.data.items()),
        )
        if value not in (None, "")
    ]
    return "\n".join([notice.title, *about])


def slack_body(notice: Notice) -> bytes:
    """Return the notice as a Slack-compatible incoming webhook takes it."""
    mark = f"[{notice.severity}] " if notice.severity else ""
    return json.dumps({"text": mark + plain_text(notice)}, ensure_ascii=False).encode()
