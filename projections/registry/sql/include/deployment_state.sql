-- What is known of deployment d at the moment asked for: c, its last change up to then;
-- n, its next one; r, its release; h, the newest stop of it, or of its whole system, that
-- nobody lifted by then.
  LEFT JOIN LATERAL (
       SELECT c.change, c.role, c.traffic, c.time, c.event_id
         FROM registry.deployment_change AS c
        WHERE c.deployment_id = d.event_id
          AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
  LEFT JOIN LATERAL (
       SELECT n.time
         FROM registry.deployment_change AS n
        WHERE n.deployment_id = d.event_id
          AND n.time > coalesce(%(as_of)s::timestamptz, 'infinity')
          AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY n.time, n.event_id
        LIMIT 1
       ) AS n ON true
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT s.event_id AS stop_id, s.time AS stopped_at,
              coalesce(s.actor, s.identity) AS stopped_by
         FROM decisions.system_stop AS s
        WHERE (s.deployment_id = d.event_id
               OR (s.deployment_id IS NULL
                   AND s.system = coalesce(d.system_id, r.system_id)))
          AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT EXISTS (
              SELECT FROM decisions.system_resumption AS u
               WHERE u.stop_id = s.event_id
                 AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS h ON true
