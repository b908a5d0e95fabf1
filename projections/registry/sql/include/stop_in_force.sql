-- h: the newest stop of deployment d, or of its whole system, that nobody lifted by then.
-- Needs d, the deployment, and r, its release.
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
