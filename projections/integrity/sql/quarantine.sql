-- Which records were refused, and why?
--
-- %(origin)s   text    of this log; null: of all
-- %(limit)s    bigint  at most so many rows
--
-- At most limit leaves with verdict 16 or above, gaps apart, newest first.
-- Serves: 17 CFR 240.17a-4(f); regulation question Q04.
SELECT u.origin, u.leaf, u.sealed_at, u.claimed_time, u.broker_time, u.log_offset,
       u.verdict, u.word, u.aux, u.record_hash, u.stream_id, u.seq, u.key_fp, u.n_events
  FROM integrity.unaccepted AS u
 WHERE u.verdict BETWEEN 16 AND 63
   AND (%(origin)s::text IS NULL OR u.origin = %(origin)s)
   AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY u.sealed_at DESC, u.origin, u.leaf DESC
 LIMIT %(limit)s;
