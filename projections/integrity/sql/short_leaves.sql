-- Which entries hold more or fewer events than there are rows for them?
--
-- %(limit)s   bigint  at most so many rows
--
-- One row an entry, in order of position, with the event numbers that have rows.
-- Serves: regulation question Q04.
SELECT e.origin, e.leaf, e.n_events,
       coalesce(array_agg(r.idx ORDER BY r.idx) FILTER (WHERE r.idx IS NOT NULL),
                ARRAY [] :: integer[]) AS present
  FROM integrity.entry AS e
  LEFT JOIN (
       SELECT origin, leaf, idx FROM integrity.event
        UNION ALL
       SELECT origin, leaf, idx FROM integrity.repetition
        UNION ALL
       SELECT origin, leaf, idx FROM integrity.unreadable
        UNION ALL
       SELECT origin, leaf, idx FROM decisions.decision
        UNION ALL
       SELECT origin, leaf, idx FROM decisions.repetition
       ) AS r ON r.origin = e.origin AND r.leaf = e.leaf
 GROUP BY e.origin, e.leaf, e.n_events
HAVING count(r.idx) <> e.n_events
 ORDER BY e.origin, e.leaf
 LIMIT %(limit)s;
