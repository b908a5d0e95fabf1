-- Which sequence numbers of a producer's stream did never arrive?
--
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
-- %(limit)s         bigint       at most so many rows
--
-- One row a hole between two accepted entries of a stream, at most limit.
-- Serves: 17 CFR 240.17a-4(f)(2)(ii); regulation question Q04.
SELECT s.origin, s.stream_id, s.leaf, s.seq + 1 AS first, s.next_seq - 1 AS last,
       s.next_seq - s.seq - 1 AS count
  FROM (
       SELECT e.origin, e.stream_id, e.leaf, e.seq,
              lead(e.seq) OVER (PARTITION BY e.origin, e.stream_id ORDER BY e.seq)
                  AS next_seq
         FROM integrity.entry AS e
        WHERE e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS s
 WHERE s.next_seq > s.seq + 1
 ORDER BY s.origin, s.leaf
 LIMIT %(limit)s;
