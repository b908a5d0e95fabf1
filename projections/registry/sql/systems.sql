-- Which AI systems are registered?
--
-- %(system)s        text         one system; null: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- The last registration of each name, by name.
-- Serves: inventory; regulation question Q18.
SELECT DISTINCT ON (s.system) s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity,
       s.system, s.title, s.purpose, s.materiality, s.model_kind, s.model_origin,
       s.legal_entity, s.business_line, s.owner
  FROM registry.system AS s
 WHERE (%(system)s::text IS NULL OR s.system = %(system)s)
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY s.system, s.time DESC, s.event_id DESC;
