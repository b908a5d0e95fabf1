-- Which environments are registered, with which gates?
--
-- %(environment)s   text         one environment; null: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- The last registration of each name, by name.
-- Serves: EU AI Act, Annex VIII; SR 26-2.
SELECT DISTINCT ON (e.environment)
       e.event_id, e.time, e.sealed_at, e.origin, e.leaf, e.idx, e.identity,
       e.environment, e.kind, e.member_state, e.gates, e.owner
  FROM registry.environment AS e
 WHERE (%(environment)s::text IS NULL OR e.environment = %(environment)s)
   AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY e.environment, e.time DESC, e.event_id DESC;
