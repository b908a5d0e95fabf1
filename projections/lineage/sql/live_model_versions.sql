-- Where does a model version answer?
--
-- %(model_versions)s   uuid[]       model versions by their events
-- %(as_of)s            timestamptz  when it was true; null: no bound
-- %(known_as_of)s      timestamptz  what had been sealed by then; null: no bound
--
-- One row for each of their deployments that is active at the moment asked for.
-- Serves: seed; regulation question Q02.
SELECT r.model_version_id, d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity, d.environment, d.service, r.release,
       coalesce(c.role, d.role) AS role, coalesce(c.traffic, d.traffic) AS traffic
  FROM registry.release AS r
  JOIN registry.deployment AS d ON d.release_id = r.event_id
  LEFT JOIN LATERAL (
       SELECT c.change, c.role, c.traffic
         FROM registry.deployment_change AS c
        WHERE c.deployment_id = d.event_id
          AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
 WHERE r.model_version_id = ANY (%(model_versions)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND c.change IS DISTINCT FROM 'deactivated'
 ORDER BY d.environment, d.time, d.event_id;
