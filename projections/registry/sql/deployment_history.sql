-- What happened to deployments of a system, model or release, in order?
--
-- %(deployment)s    uuid         one deployment by its activation; null: any
-- %(release)s       uuid         deployments of this release; null: any
-- %(system)s        text         of this AI system; null: any
-- %(model)s         text         of this model; null: any
-- %(environment)s   text         in this environment; null: any
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Activations, changes and deactivations in order of (time, event_id). valid_to is the
-- next thing that happened to the same deployment. rollback_of: the earlier deployment of
-- the same release in that environment and service, where another release came between.
-- Serves: EU AI Act, Annex IV(6); regulation question Q03.
SELECT h.event_id, h.time, h.sealed_at, h.origin, h.leaf, h.idx, h.identity, h.change,
       coalesce(h.role, h.first_role) AS role,
       coalesce(h.traffic, h.first_traffic) AS traffic, h.reason, h.deployment_id,
       h.release_id, h.release, h.model, h.version, h.environment, h.service,
       h.system_id, h.emergency, h.valid_to,
       CASE WHEN h.change = 'activated' THEN b.event_id END AS rollback_of
  FROM (
       SELECT h.*, d.release_id, r.release, r.model, r.version, d.environment, d.service,
              d.role AS first_role, d.traffic AS first_traffic, d.emergency,
              coalesce(d.system_id, r.system_id) AS system_id,
              lead(h.time) OVER (PARTITION BY h.deployment_id
                                     ORDER BY h.time, h.event_id) AS valid_to
         FROM (
              SELECT event_id, time, sealed_at, origin, leaf, idx, identity,
                     event_id AS deployment_id, 'activated' AS change, role, traffic,
                     reason
                FROM registry.deployment
               UNION ALL
              SELECT event_id, time, sealed_at, origin, leaf, idx, identity,
                     deployment_id, change, role, traffic, reason
                FROM registry.deployment_change
              ) AS h
         LEFT JOIN registry.deployment AS d ON d.event_id = h.deployment_id
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
         LEFT JOIN registry.release AS r ON r.event_id = d.release_id
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE (%(deployment)s::uuid IS NULL OR h.deployment_id = %(deployment)s)
          AND (%(release)s::uuid IS NULL OR d.release_id = %(release)s)
          AND (%(environment)s::text IS NULL OR d.environment = %(environment)s)
          AND (%(model)s::text IS NULL OR r.model = %(model)s)
          AND (%(system)s::text IS NULL
               OR coalesce(d.system_id, r.system_id) = %(system)s)
          AND h.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND h.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS h
  LEFT JOIN LATERAL (
       SELECT b.event_id
         FROM registry.deployment AS b
        WHERE b.release_id = h.release_id AND b.environment = h.environment
          AND b.service IS NOT DISTINCT FROM h.service
          AND (b.time, b.event_id) < (h.time, h.event_id)
          AND b.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND EXISTS (
              SELECT FROM registry.deployment AS o
               WHERE o.environment = h.environment
                 AND o.service IS NOT DISTINCT FROM h.service
                 AND o.release_id <> h.release_id
                 AND o.time > b.time AND o.time <= h.time
                 AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              )
        ORDER BY b.time DESC, b.event_id DESC
        LIMIT 1
       ) AS b ON true
 ORDER BY h.time, h.event_id
 LIMIT %(limit)s;
