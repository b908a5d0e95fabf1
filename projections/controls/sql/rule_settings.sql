-- How is each rule set: its parameters, whether it is on, how often it is checked?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each rule and system it was set for, the newest; system null is all.
-- Serves: regulation question Q43.
SELECT DISTINCT ON (r.rule, r.system)
       r.event_id, r.time, r.identity, r.rule, r.system, r.title, r.severity, r.digest,
       r.parameters, r.enabled, r.every_s, r.actor, r.reason
  FROM controls.rule AS r
 WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY r.rule, r.system, r.time DESC, r.event_id DESC;
