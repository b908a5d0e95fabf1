-- Is something missing in the log: a hole, a broken sequence, a gap that was declared?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row for each stream of a producer, each hole of an origin, each declared gap.
-- Serves: EU AI Act, Article 12(1); 17 CFR 240.17a-4(f)(2)(ii); regulation question Q04.
WITH numbered AS (
SELECT e.stream_id, e.origin, e.leaf, e.seq,
       lead(e.seq) OVER (PARTITION BY e.stream_id ORDER BY e.seq) AS next_seq
  FROM integrity.entry AS e
 WHERE e.sealed_at <= %(known_as_of)s
   AND e.sealed_at > %(as_of)s - make_interval(days => %(days)s::int)
),
stream AS (
SELECT n.stream_id, min(n.origin) AS origin, sum(n.next_seq - n.seq - 1) AS missing,
       min(n.seq) FILTER (WHERE n.next_seq > n.seq + 1) AS after_seq
  FROM numbered AS n
 GROUP BY n.stream_id
),
refused AS (
SELECT u.stream_id, count(DISTINCT u.seq) AS entries
  FROM integrity.unaccepted AS u
 WHERE u.verdict <> 64 AND u.stream_id IS NOT NULL AND u.sealed_at <= %(known_as_of)s
   AND NOT EXISTS (
       SELECT FROM integrity.entry AS e
        WHERE e.stream_id = u.stream_id AND e.seq = u.seq
          AND e.sealed_at <= %(known_as_of)s)
 GROUP BY u.stream_id
),
producer AS (
SELECT DISTINCT ON (e.stream_id) e.stream_id, o.event_id, o.identity
  FROM integrity.stream_opened AS o
  JOIN integrity.entry AS e ON e.origin = o.origin AND e.leaf = o.leaf
   AND e.sealed_at <= %(known_as_of)s
 WHERE o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s
 ORDER BY e.stream_id, o.time
)
SELECT p.event_id AS object_id,
       concat_ws(' ', p.identity, 'stream', s.stream_id) AS object_name,
       NULL::text AS model, NULL::text AS system_id,
       coalesce(s.missing, 0) > coalesce(r.entries, 0) AS breached,
       'sequence' AS detail,
       CASE WHEN coalesce(s.missing, 0) > coalesce(r.entries, 0)
            THEN concat(coalesce(p.identity, 'A producer'), ' wrote ', s.missing,
                 ' entries in ', s.origin, ' that are not there, the first after number ',
                 s.after_seq, '.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[p.event_id], NULL) AS evidence
  FROM stream AS s
  LEFT JOIN refused AS r ON r.stream_id = s.stream_id
  LEFT JOIN producer AS p ON p.stream_id = s.stream_id
 UNION ALL
SELECT NULL, concat(u.origin, ' leaf ', u.leaf), NULL, NULL, true, 'hole',
       concat('In ', u.origin, ' the records at offsets ', u.log_offset, ' to ', u.aux,
       ' are not there.'),
       ARRAY[]::uuid[]
  FROM integrity.unaccepted AS u
 WHERE u.verdict = 64 AND u.sealed_at <= %(known_as_of)s
   AND u.sealed_at > %(as_of)s - make_interval(days => %(days)s::int)
 UNION ALL
SELECT g.event_id, coalesce(g.declared_by, g.identity), NULL, NULL, true, 'declared',
       concat(coalesce(g.declared_by, g.identity), ' declares that ',
       coalesce(g.count::text, 'some'), ' events are missing: ', g.cause, '.'),
       ARRAY[g.event_id]
  FROM integrity.gap_declared AS g
 WHERE g.time <= %(as_of)s AND g.sealed_at <= %(known_as_of)s
   AND g.time > %(as_of)s - make_interval(days => %(days)s::int)
 ORDER BY object_name, detail;
