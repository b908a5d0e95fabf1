-- Does each origin have as many rows as its entries hold events?
--
-- One row an origin: events by the headers of its entries, and rows that stand for them.
-- Serves: regulation question Q04.
SELECT h.origin, h.events, coalesce(r.rows, 0)::bigint AS rows
  FROM (
       SELECT origin, sum(n_events)::bigint AS events
         FROM integrity.entry
        GROUP BY origin
       ) AS h
  LEFT JOIN (
       SELECT c.origin, sum(c.rows) AS rows
         FROM (
              SELECT origin, count(*) AS rows FROM integrity.event GROUP BY origin
               UNION ALL
              SELECT origin, count(*) FROM integrity.repetition GROUP BY origin
               UNION ALL
              SELECT origin, count(*) FROM integrity.unreadable GROUP BY origin
               UNION ALL
              SELECT origin, count(*) FROM decisions.decision GROUP BY origin
               UNION ALL
              SELECT origin, count(*) FROM decisions.repetition GROUP BY origin
              ) AS c
        GROUP BY c.origin
       ) AS r ON r.origin = h.origin
 ORDER BY h.origin;
