-- Which live deployments have newer statistics than those that were compared last?
--
-- %(tried)s  uuid[]       events of statistics that are left out
-- %(limit)s  bigint       at most so many
--
-- One row for each deployment that runs, with the newest statistics of its live data, if no
-- measurement named drift of it covers their window; those that wait longest first.
-- Environments that are only for making and testing are left out. Serves: EU AI Act,
-- Article 72; drift.
SELECT d.event_id AS deployment_id, r.model,
       coalesce(d.system_id, r.system_id) AS system_id, s.event_id AS sketch_id
  FROM registry.deployment AS d
  JOIN registry.release AS r ON r.event_id = d.release_id
  JOIN LATERAL (
       SELECT s.event_id, s.window_from, s.window_to
         FROM controls.sketch AS s
        WHERE s.deployment_id = d.event_id AND s.rows > 0
        ORDER BY s.window_to DESC, s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
  LEFT JOIN LATERAL (
       SELECT c.change
         FROM registry.deployment_change AS c
        WHERE c.deployment_id = d.event_id
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
  LEFT JOIN LATERAL (
       SELECT e.kind
         FROM registry.environment AS e
        WHERE e.environment = d.environment
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
 WHERE NOT coalesce(c.change = 'deactivated', false)
   AND NOT coalesce(e.kind IN ('development', 'ci', 'training', 'test'), false)
   AND r.model IS NOT NULL
   AND s.event_id <> ALL (%(tried)s::uuid[])
   AND NOT EXISTS (
       SELECT FROM controls.measurement AS m
        WHERE m.deployment_id = d.event_id AND m.monitor = 'drift'
          AND m.window_from = s.window_from AND m.window_to = s.window_to)
 ORDER BY s.window_to, d.event_id
 LIMIT %(limit)s;
