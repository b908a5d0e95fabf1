-- What is known to be missing: offsets without a record, and declared gaps?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a gap, newest first. Offsets for holes in the log; cause and count for gaps
-- that a producer declared.
-- Serves: EU AI Act, Article 12; regulation question Q04.
SELECT 'hole in the log' AS kind, u.origin, u.leaf, 0 AS idx, u.sealed_at,
       u.log_offset AS first, u.aux AS last, u.aux - u.log_offset + 1 AS count,
       NULL AS cause, NULL AS declared_by, NULL::uuid AS event_id
  FROM integrity.unaccepted AS u
 WHERE u.verdict = 64
   AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT 'declared', g.origin, g.leaf, g.idx, g.sealed_at, g.first, g.last, g.count,
       g.cause, coalesce(g.declared_by, g.identity), g.event_id
  FROM integrity.gap_declared AS g
 WHERE g.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND g.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY sealed_at DESC, origin, leaf;
