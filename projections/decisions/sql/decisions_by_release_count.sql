-- How many decisions did these releases or this deployment make?
--
-- %(releases)s      uuid[]       of these releases; null: of the deployment
-- %(deployment)s    uuid         of this deployment alone; null: of all
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a release: counts, and first and last time. By the index of the release or of
-- the deployment; without known_as_of no decision itself is read for the plain count.
-- Serves: EU AI Act, Articles 20(1) and 21; regulation question Q07.
SELECT x.release_id, r.release, r.model, r.version, w.event_id AS withdrawal_id,
       w.kind AS withdrawn, w.effective_at AS withdrawn_at, c.decisions, c.adverse,
       c.after_withdrawal, c.first_time, c.last_time
  FROM unnest(%(releases)s::uuid[]) AS x (release_id)
  LEFT JOIN registry.release AS r ON r.event_id = x.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT w.event_id, w.kind, w.effective_at
         FROM registry.release_withdrawal AS w
        WHERE w.release_id = x.release_id AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY w.effective_at, w.event_id
        LIMIT 1
       ) AS w ON true
 CROSS JOIN LATERAL (
       SELECT count(*) AS decisions, count(*) FILTER (WHERE d.adverse) AS adverse,
              CASE WHEN w.event_id IS NOT NULL
                   THEN count(*) FILTER (WHERE d.time >= w.effective_at)
                   END AS after_withdrawal,
              min(d.time) AS first_time, max(d.time) AS last_time
         FROM decisions.decision AS d
        WHERE d.release_id = x.release_id
          AND (%(deployment)s::uuid IS NULL OR d.deployment_id = %(deployment)s)
          AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
          AND (%(as_of)s::timestamptz IS NULL OR d.time <= %(as_of)s)
          AND (%(known_as_of)s::timestamptz IS NULL OR d.sealed_at <= %(known_as_of)s)
       ) AS c
 ORDER BY r.release, x.release_id;
