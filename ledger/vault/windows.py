"""Windows of statistics as the vault's database holds them.

Every method is one transaction; each may be repeated and changes nothing then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.vault.columns import from_time, to_time
from ledger.vault.postgres import sql
from ledger.vault.store import Encrypted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.vault.postgres import PostgresVault

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time in which a deployment answered.

    Attributes:
        deployment_id: 16 bytes.
        digest: SHA-256 of the deployment's activation.
        release_id: 16 bytes.
        system_id: AI system, or None.
        model: name of the release's model; None if the release is not in the log.
        from_us: begin, inclusive, microseconds since 1970.
        to_us: end, exclusive, likewise.
    """

    deployment_id: bytes
    digest: bytes
    release_id: bytes
    system_id: str | None
    model: str | None
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The payloads of a window that are opened.

    Attributes:
        decisions: their ids, in the order of the draw; one of each person.
        captured: payloads that are held of the window.
        persons: persons whom these are of.
    """

    decisions: tuple[bytes, ...] = ()
    captured: int = 0
    persons: int = 0


def newest_end(now_us: int, *, hours: int, wait_hours: int) -> int:
    """Return the end of the newest window that may be measured.

    Args:
        now_us: microseconds since 1970.
        hours: length of a window, 1 or more; windows are aligned to 1970-01-01 UTC.
        wait_hours: hours that payload gets to arrive after the end of its window.

    Returns:
        Microseconds since 1970.
    """
    length = hours * HOUR_US
    return (now_us - wait_hours * HOUR_US) // length * length


class Windows:
    """Reads and writes windows.

    Args:
        store: the vault's database.
    """

    def __init__(self, store: PostgresVault) -> None:
        self._store = store

    def due(self, *, hours: int, until_us: int) -> Window | None:
        """Return the oldest window to be measured that ends by then, or None."""
        values = {"length": timedelta(hours=hours), "until": to_time(until_us)}
        with self._store.transaction() as db:
            row = db.execute(sql("window_due"), values).fetchone()
        if row is None:
            return None
        deployment, digest, release, system, model, begin, end = row
        return Window(
            deployment.bytes,
            bytes(digest),
            release.bytes,
            system,
            model,
            from_time(begin),
            from_time(end),
        )

    def sample(self, window: Window, *, excluded: Sequence[bytes], most: int) -> Sample:
        """Return what is opened of a window; the same payloads give the same sample.

        Args:
            window: of a deployment.
            excluded: data keys of persons who are left out.
            most: payloads that are opened at most.
        """
        values = {**_span(window), "excluded": list(excluded), "most": most}
        with self._store.transaction() as db:
            rows = db.execute(sql("window_sample"), values).fetchall()
        if not rows:
            return Sample()
        return Sample(tuple(row[0].bytes for row in rows), rows[0][1], rows[0][2])

    def payloads(self, decisions: Sequence[bytes]) -> list[Encrypted]:
        """Return the kept payloads of some decisions, by id."""
        values = {"decision_ids": [UUID(bytes=one) for one in decisions]}
        with self._store.transaction() as db:
            rows = db.execute(sql("payloads_kept"), values).fetchall()
        return [Encrypted(row[0].bytes, *row[1:]) for row in rows]

    def put(self, window: Window, event: bytes | None) -> None:
        """Write down that a window was looked at, with what is emitted of it, if any.

        Args:
            window: of a deployment.
            event: what is emitted; None of a window that is too small, which is looked
                at again when more of it comes.
        """
        with self._store.transaction() as db:
            if event is not None:
                db.execute(sql("put_measured"), {**_span(window), "event": event})
            db.execute(sql("looked_at"), _span(window))

    def untold(self) -> list[tuple[bytes, int, bytes]]:
        """Return deployment, begin and event of what is perhaps not emitted yet."""
        with self._store.transaction() as db:
            rows = db.execute(sql("untold")).fetchall()
        return [(one.bytes, from_time(begin), bytes(e)) for one, begin, e in rows]

    def told(self, deployment_id: bytes, from_us: int) -> None:
        """Write down that the statistics of a window are durable in the journal."""
        values = {
            "deployment_id": UUID(bytes=deployment_id),
            "window_from": to_time(from_us),
        }
        with self._store.transaction() as db:
            db.execute(sql("told"), values)

    def late(self, deployment_id: bytes) -> int:
        """Return how many payloads of a deployment came after their window."""
        values = {"deployment_id": UUID(bytes=deployment_id)}
        with self._store.transaction() as db:
            row = db.execute(sql("late_of"), values).fetchone()
        return int(row[0]) if row else 0

    def counts(self) -> dict[str, int]:
        """Return how many windows were measured, and what came too late for them."""
        with self._store.transaction() as db:
            row = db.execute(sql("measured_counts")).fetchone()
        measured, late = row or (0, 0)
        return {"windows measured": int(measured), "late for their window": int(late)}

    def over(self, decisions: Sequence[bytes]) -> int:
        """Return how many measured windows some decisions are in."""
        values = {"decision_ids": [UUID(bytes=one) for one in decisions]}
        with self._store.transaction() as db:
            row = db.execute(sql("measured_over"), values).fetchone()
        return int(row[0]) if row else 0


def _span(window: Window) -> dict[str, object]:
    return {
        "deployment_id": UUID(bytes=window.deployment_id),
        "window_from": to_time(window.from_us),
        "window_to": to_time(window.to_us),
    }
