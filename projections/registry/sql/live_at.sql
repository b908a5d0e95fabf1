-- Which releases answered in an environment at a given moment?
--
-- %(environment)s   text         name of the environment; null: any
-- %(system)s        text         name of the AI system; null: any
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each deployment that was active then: two champions at once are two rows.
-- valid_from is the last change up to then, valid_to the next one known. stopped_at: a
-- person stopped it, or its system, by then, and no resumption of that is recorded.
-- Those whose period holds the moment are found first, by index; those whose end had
-- not been sealed then, or that were changed, are looked at as well: an ended one may
-- have come back.
-- Serves: EU AI Act, Articles 12 and 49; OSFI E-23; regulation question Q02.
WITH candidate AS MATERIALIZED (
SELECT p.deployment_id
  FROM registry.deployment_period AS p
 WHERE tstzrange(p.started, p.ended) @> coalesce(%(as_of)s::timestamptz, 'infinity')
 UNION
SELECT e.deployment_id
  FROM registry.deployment_change AS e
 WHERE e.change = 'deactivated'
   AND e.sealed_at > %(known_as_of)s::timestamptz
   AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
 UNION
SELECT c.deployment_id
  FROM registry.deployment_change AS c
 WHERE c.change <> 'deactivated'
   AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
)
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.release_id, r.release, d.release_digest, r.model, r.version,
       r.model_version_id, d.environment, d.service,
       coalesce(d.system_id, r.system_id) AS system_id,
       coalesce(c.role, d.role) AS role, coalesce(c.traffic, d.traffic) AS traffic,
       coalesce(c.time, d.time) AS valid_from, n.time AS valid_to,
       c.change IS NOT DISTINCT FROM 'deactivated' AS ended,
       d.emergency, d.reason, h.stop_id, h.stopped_at, h.stopped_by
  FROM candidate
 CROSS JOIN LATERAL (
       SELECT d.*
         FROM registry.deployment AS d
        WHERE d.event_id = candidate.deployment_id
        LIMIT 1  -- one by one: candidates are far fewer than the planner expects
       ) AS d
-- include deployment_state
 WHERE (%(environment)s::text IS NULL OR d.environment = %(environment)s)
   AND (%(system)s::text IS NULL OR coalesce(d.system_id, r.system_id) = %(system)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND c.change IS DISTINCT FROM 'deactivated'
 ORDER BY d.environment, d.service, d.time DESC, d.event_id DESC;
