-- Which events were corrected, by what, and how long did they stand?
--
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first. Nothing is changed in place: original and correction
-- both stay. delay_s: seconds from the seal of the original to that of the notice.
-- Serves: 17 CFR 240.17a-4(f)(2)(i); 21 CFR 11.10(e); regulation question Q31.
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
       c.original_id, o.type AS original_type, o.time AS original_time,
       o.identity AS original_identity, c.correction_id, n.type AS correction_type,
       n.time AS correction_time, c.reason, coalesce(c.actor, c.identity) AS author,
       extract(epoch FROM c.sealed_at - o.sealed_at)::bigint AS delay_s
  FROM governance.correction AS c
  LEFT JOIN LATERAL (
       SELECT e.type, e.time, e.identity, e.sealed_at
         FROM integrity.event AS e
        WHERE e.event_id = c.original_id AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT 'prediction.decision.recorded', d.time, d.identity, d.sealed_at
         FROM decisions.decision AS d
        WHERE d.event_id = c.original_id AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS o ON true
  LEFT JOIN LATERAL (
       SELECT e.type, e.time
         FROM integrity.event AS e
        WHERE e.event_id = c.correction_id AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT 'prediction.decision.recorded', d.time
         FROM decisions.decision AS d
        WHERE d.event_id = c.correction_id AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS n ON true
 WHERE (%(since)s::timestamptz IS NULL OR c.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR c.time < %(until)s)
   AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY c.time DESC, c.event_id DESC
 LIMIT %(limit)s;
