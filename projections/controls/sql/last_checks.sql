-- When was each rule last checked, and what came of it?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a rule that was ever checked: its newest check.
-- Serves: regulation question Q43.
SELECT DISTINCT ON (c.rule)
       c.event_id, c.time, c.rule, c.rule_digest, c.as_of, c.positions, c.population,
       c.found, c.opened, c.duration_ms, c.error
  FROM controls.check_run AS c
 WHERE c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY c.rule, c.time DESC, c.event_id DESC;
