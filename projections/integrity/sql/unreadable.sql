-- Which events of accepted entries make no rows, and why?
--
-- %(limit)s   bigint  at most so many rows
--
-- At most limit events, newest first; the bytes are in the log, the reason is given.
-- Serves: regulation question Q04.
SELECT u.origin, u.leaf, u.idx, u.sealed_at, u.schema_id, u.digest, u.reason
  FROM integrity.unreadable AS u
 WHERE u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY u.sealed_at DESC, u.origin, u.leaf, u.idx
 LIMIT %(limit)s;
