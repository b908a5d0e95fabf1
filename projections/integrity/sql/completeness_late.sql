-- How many events were sealed long after they are said to have happened?
--
-- %(source)s        text         identity that wrote; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(late_s)s        bigint       seconds between claim and seal beyond which it is late
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each identity and type that has late events, most first.
-- Serves: EU AI Act, Article 12; regulation question Q04.
SELECT x.identity, x.type, count(*) AS events,
       extract(epoch FROM max(x.sealed_at - x.time))::bigint AS longest_s,
       min(x.time) AS first_time, max(x.time) AS last_time,
       (array_agg(x.event_id ORDER BY x.time, x.event_id))[1] AS first_id
-- include each_event
   AND x.sealed_at - x.time > %(late_s)s * interval '1 second'
 GROUP BY x.identity, x.type
 ORDER BY events DESC, x.identity, x.type;
