-- live: the deployments that ran then, with release and version; environments that are
-- only for making and testing (development, ci, training, test) are left out. Conditions on
-- what may be absent stand in coalesce(): the planner then expects half of the rows, not
-- none, and does not fall into nested loops.
live AS MATERIALIZED (
SELECT d.event_id AS deployment_id, d.time AS since, d.environment, d.service,
       coalesce(c.role, d.role) AS role, r.event_id AS release_id, r.release,
       r.environment_digest, r.previous_id, r.model, r.version,
       r.model_version_id AS version_id,
       coalesce(d.system_id, r.system_id) AS system_id,
       concat(r.release, ' in ', d.environment) AS name
  FROM registry.deployment AS d
  JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  LEFT JOIN LATERAL (
       SELECT c.change, c.role
         FROM registry.deployment_change AS c
        WHERE c.deployment_id = d.event_id
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
  LEFT JOIN LATERAL (
       SELECT e.kind
         FROM registry.environment AS e
        WHERE e.environment = d.environment
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
 WHERE d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
   AND NOT coalesce(c.change = 'deactivated', false)
   AND NOT coalesce(e.kind IN ('development', 'ci', 'training', 'test'), false)
),
