-- Which event is dated furthest ahead?
--
-- %(after)s    timestamptz  later than this: now, and what clocks may differ by
-- %(ahead_s)s  bigint       and by so many seconds later than its sealing
--
-- At most one row, found by the index of time: no event was dated so in most ledgers.
SELECT x.event_id, x.time
  FROM (
       (SELECT e.event_id, e.time
          FROM integrity.event AS e
         WHERE e.time > %(after)s
           AND e.time - e.sealed_at > %(ahead_s)s * interval '1 second'
         ORDER BY e.time DESC, e.event_id DESC
         LIMIT 1)
        UNION ALL
       (SELECT d.event_id, d.time
          FROM decisions.decision AS d
         WHERE d.time > %(after)s
           AND d.time - d.sealed_at > %(ahead_s)s * interval '1 second'
         ORDER BY d.time DESC, d.event_id DESC
         LIMIT 1)
       ) AS x
 ORDER BY x.time DESC
 LIMIT 1;
