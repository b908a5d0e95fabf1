"""Alerts: what is told of, whom, and how it gets there at least once."""

from ledger.alerts.delivery import Attempt, deliver
from ledger.alerts.message import Notice, is_for, message_id
from ledger.alerts.outbox import Outbox, Pending

__all__ = [
    "Attempt",
    "Notice",
    "Outbox",
    "Pending",
    "deliver",
    "is_for",
    "message_id",
]
