-- When was a system stopped, and when did it go on?
--
-- %(system)s        text         name of the AI system; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a stop, oldest first.
-- Serves: EU AI Act, Article 14(4)(e); regulation question Q12.
SELECT s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity,
       s.system, s.deployment_id, s.reason, r.event_id AS resumption_id,
       r.time AS resumed_at
  FROM decisions.system_stop AS s
  LEFT JOIN LATERAL (
       SELECT r.event_id, r.time
         FROM decisions.system_resumption AS r
        WHERE r.stop_id = s.event_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY r.time, r.event_id
        LIMIT 1
       ) AS r ON true
 WHERE (%(system)s::text IS NULL OR s.system = %(system)s)
   AND (%(since)s::timestamptz IS NULL OR s.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR s.time < %(until)s)
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY s.time, s.event_id;
