-- Which events of some types are known, but have no row in their fact table?
--
-- %(types)s  text[]  event types that make rows of that table
--
-- Returns the position of each.
SELECT e.origin, e.leaf, e.idx
  FROM integrity.event AS e
 WHERE e.type = ANY (%(types)s)
   AND NOT EXISTS (SELECT FROM {table} AS t WHERE t.event_id = e.event_id)
 ORDER BY e.origin, e.leaf, e.idx
 LIMIT 1000;
