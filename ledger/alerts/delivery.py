"""Hand one alert to where its route leads; once, within ten seconds.

Addresses and keys may be secrets: what is recorded of a failure names the host alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ledger.alerts.message import (
    cloud_event,
    plain_text,
    slack_body,
    webhook_headers,
)
from ledger.errors import ConfigurationError

if TYPE_CHECKING:
    from ledger.alert_settings import AlertConfig
    from ledger.alerts.message import Notice

SECONDS = 10.0
_GIVE_UP = frozenset({400, 404, 405, 410, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of handing an alert over.

    Attributes:
        delivered: whether it was taken.
        status: HTTP or SMTP status, if there was an answer.
        error: why it was not taken, without secrets.
        is_final: whether trying again is of no use.
    """

    delivered: bool
    status: int | None = None
    error: str | None = None
    is_final: bool = False


def deliver(
    route: AlertConfig, notice: Notice, *, identifier: str, home: Path, now_s: int
) -> Attempt:
    """Hand an alert over and return what came of it; it never raises for that.

    Args:
        route: where to.
        notice: what about.
        identifier: of the alert.
        home: folder that ``file:`` references start from.
        now_s: seconds since 1970.
    """
    try:
        url = secret_of(route.url, home) if _is_reference(route.url) else route.url
        if route.kind == "email":
            return _mail(route, url, notice, identifier)
        if route.kind == "slack":
            headers = {"Content-Type": "application/json; charset=utf-8"}
            return _post(url, slack_body(notice), headers)
        body = cloud_event(notice)
        key = secret_of(route.secret, home).encode()
        headers = webhook_headers(identifier, body, secret=key, now_s=now_s)
        return _post(url, body, headers)
    except ConfigurationError as error:
        return Attempt(delivered=False, error=str(error))


def secret_of(reference: str, home: Path) -> str:
    """Return what ``env:NAME`` or ``file:PATH`` refers to.

    Raises:
        ConfigurationError: nothing is there, or it is another kind of reference.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and (value := os.environ.get(name)):
        return value
    if kind == "file":
        try:
            return (home / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"alert: {reference}: cannot be read ({type(error).__name__})"
            ) from error
    raise ConfigurationError(f"alert: {reference}: is not set")


def _is_reference(text: str) -> bool:
    return text.startswith(("env:", "file:"))


def _post(url: str, body: bytes, headers: dict[str, str]) -> Attempt:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return Attempt(delivered=False, error="url: not an http(s) address")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=SECONDS)
    target = parts.path or "/"
    try:
        if parts.query:
            target += f"?{parts.query}"
        connection.request("POST", target, body, headers)
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        reason = f"{parts.hostname}: {type(error).__name__}"
        return Attempt(delivered=False, error=reason)
    finally:
        connection.close()
    if 200 <= status < 300:
        return Attempt(delivered=True, status=status)
    error = f"{parts.hostname}: HTTP {status}"
    is_final = status in _GIVE_UP
    return Attempt(delivered=False, status=status, error=error, is_final=is_final)


def _mail(route: AlertConfig, url: str, notice: Notice, identifier: str) -> Attempt:
    import smtplib
    from email.message import EmailMessage

    parts = urlsplit(url)
    host = parts.hostname or ""
    message = EmailMessage()
    message["From"], message["To"] = route.sender, ", ".join(route.to)
    message["Subject"] = f"mlledger: {notice.title}"[:200]
    message["Message-ID"] = f"<{identifier}@{host or 'mlledger'}>"
    message.set_content(plain_text(notice))
    secure = parts.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    try:
        with kind(host, parts.port or (465 if secure else 25), timeout=SECONDS) as smtp:
            if not secure and smtp.has_extn("starttls"):
                smtp.starttls()
            if parts.username:
                smtp.login(parts.username, parts.password or "")
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(host, max(code for code, _ in error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        return _refused(host, error.smtp_code)
    except (OSError, smtplib.SMTPException) as error:
        return Attempt(delivered=False, error=f"{host}: {type(error).__name__}")
    return Attempt(delivered=True, status=250)


def _refused(host: str, code: int) -> Attempt:
    """Return what a mail server's answer means: 5xx stays as it is, 4xx may pass."""
    final = 500 <= code < 600
    reason = f"{host}: SMTP {code}"
    return Attempt(delivered=False, status=code, error=reason, is_final=final)
