-- What did a request for a sample ask for, and when was it sealed?
--
-- %(request)s       uuid         event of the request
--
-- At most one row; subject holds the population, as it was bound before the seed.
-- Serves: regulation question Q41.
SELECT q.event_id, q.time, q.sealed_at, q.origin, q.leaf, q.idx, q.identity,
       q.request, q.kind, e.subject
  FROM governance.request AS q
  JOIN integrity.event AS e ON e.event_id = q.event_id
 WHERE q.event_id = %(request)s;
