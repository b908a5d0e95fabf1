-- Which deployments were there, and what became of them?
--
-- %(environment)s   text         name of the environment; null: any
-- %(model)s         text         name of the model; null: any
-- %(deployment)s    uuid         one deployment; null: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first; state as of the moment asked for. valid_from is the
-- last change up to then; of an ended one, its activation, and valid_to its end.
-- stopped_at: a person stopped it, or its system, and no resumption is recorded by then.
-- Serves: EU AI Act, Annex IV(6); regulation question Q03.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.release_id, r.release, d.release_digest, r.model, r.version,
       r.model_version_id, d.environment, d.service,
       coalesce(d.system_id, r.system_id) AS system_id,
       coalesce(c.role, d.role) AS role, coalesce(c.traffic, d.traffic) AS traffic,
       CASE WHEN c.change = 'deactivated' THEN d.time ELSE coalesce(c.time, d.time) END AS valid_from,
       CASE WHEN c.change = 'deactivated' THEN c.time ELSE n.time END AS valid_to,
       c.change IS NOT DISTINCT FROM 'deactivated' AS ended,
       d.emergency, d.reason, h.stop_id, h.stopped_at, h.stopped_by
  FROM registry.deployment AS d
-- include deployment_state
 WHERE (%(environment)s::text IS NULL OR d.environment = %(environment)s)
   AND (%(model)s::text IS NULL OR r.model = %(model)s)
   AND (%(deployment)s::uuid IS NULL OR d.event_id = %(deployment)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.time DESC, d.event_id DESC
 LIMIT %(limit)s;
