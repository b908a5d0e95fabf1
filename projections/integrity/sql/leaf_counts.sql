-- How many entries, events and leaves of each kind were sealed, by origin?
--
-- %(since)s   timestamptz  sealed then or later; null: no bound
-- %(until)s   timestamptz  sealed by then; null: no bound
--
-- One row an origin, by name.
-- Serves: 17 CFR 240.17a-4(f); regulation question Q05.
SELECT l.origin, count(*) AS leaves, min(l.leaf) AS first_leaf, max(l.leaf) AS last_leaf,
       count(*) FILTER (WHERE l.verdict = 0) AS accepted,
       count(*) FILTER (WHERE l.verdict = 1) AS duplicates,
       count(*) FILTER (WHERE l.verdict BETWEEN 16 AND 63) AS quarantined,
       count(*) FILTER (WHERE l.verdict = 64) AS gaps,
       coalesce(sum(l.n_events), 0)::bigint AS events,
       count(DISTINCT l.stream_id) FILTER (WHERE l.verdict = 0) AS streams,
       min(l.sealed_at) AS first_sealed_at, max(l.sealed_at) AS last_sealed_at
  FROM (
       SELECT origin, leaf, sealed_at, 0 AS verdict, n_events, stream_id
         FROM integrity.entry
        UNION ALL
       SELECT origin, leaf, sealed_at, verdict, 0, stream_id
         FROM integrity.unaccepted
       ) AS l
 WHERE l.sealed_at >= coalesce(%(since)s::timestamptz, '-infinity')
   AND l.sealed_at <= coalesce(%(until)s::timestamptz, 'infinity')
 GROUP BY l.origin
 ORDER BY l.origin;
