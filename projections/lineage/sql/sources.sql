-- Which sources are registered?
--
-- %(source)s        text         one source; null: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- The last registration of each name, by name.
-- Serves: EU AI Act, Article 10; regulation question Q15.
SELECT DISTINCT ON (s.source) s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity,
       s.source, s.title, s.kind, s.owner, s.notice_days, s.url
  FROM lineage.source AS s
 WHERE (%(source)s::text IS NULL OR s.source = %(source)s)
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY s.source, s.time DESC, s.event_id DESC;
