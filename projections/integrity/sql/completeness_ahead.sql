-- How many events are dated after they were sealed?
--
-- %(source)s        text         identity that wrote; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(ahead_s)s       bigint       seconds by which two clocks may differ
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each identity and type that has such events, most first. They had not
-- happened when they were sealed: a plan, or a clock that was wrong.
-- Serves: EU AI Act, Article 12; regulation question Q04.
SELECT x.identity, x.type, count(*) AS events,
       extract(epoch FROM max(x.time - x.sealed_at))::bigint AS longest_s,
       min(x.time) AS first_time, max(x.time) AS last_time,
       (array_agg(x.event_id ORDER BY x.time, x.event_id))[1] AS first_id
  FROM (
       SELECT e.identity, e.type, e.time, e.sealed_at, e.event_id
         FROM integrity.event AS e
        WHERE e.time - e.sealed_at > %(ahead_s)s * interval '1 second'
        UNION ALL
       SELECT d.identity, 'prediction.decision.recorded', d.time, d.sealed_at, d.event_id
         FROM decisions.decision AS d
        WHERE d.time - d.sealed_at > %(ahead_s)s * interval '1 second'
          AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
       ) AS x
 WHERE (%(source)s::text IS NULL OR x.identity = %(source)s)
   AND (%(since)s::timestamptz IS NULL OR x.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR x.time < %(until)s)
   AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 GROUP BY x.identity, x.type
 ORDER BY events DESC, x.identity, x.type;
