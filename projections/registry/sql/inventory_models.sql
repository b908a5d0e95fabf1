-- What is in the inventory of models?
--
-- %(now)s           timestamptz  moment asked for where as_of is null
-- %(as_of)s         timestamptz  when it was true; null: now
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each model, by name, with where it runs, who last validated it, or which
-- version of it, and when the next validation is due. A model's own registration, title and owner are in
-- model_list.sql; this adds what other events say.
-- Serves: SR 26-2; OSFI E-23; regulation question Q18.
SELECT n.model, d.environments, d.systems, d.releases, w.event_id AS validation_id,
       w.time AS validated_at, w.validator, w.outcome AS validation_outcome,
       w.next_due AS validation_due, w.version_id AS validated_id, w.validated_version, o.event_id AS plan_id, o.owner AS monitoring_owner,
       x.exceptions
  FROM (
       SELECT model FROM registry.model
        WHERE time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION
       SELECT model FROM registry.model_version
        WHERE time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS n
  LEFT JOIN LATERAL (
       SELECT array_agg(DISTINCT d.environment) AS environments,
              array_agg(DISTINCT coalesce(d.system_id, r.system_id))
                FILTER (WHERE coalesce(d.system_id, r.system_id) IS NOT NULL) AS systems,
              array_agg(DISTINCT r.release) AS releases
         FROM registry.release AS r
         JOIN registry.deployment AS d ON d.release_id = r.event_id
        WHERE r.model = n.model
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND d.time <= coalesce(%(as_of)s::timestamptz, %(now)s)
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT EXISTS (
              SELECT FROM registry.deployment_change AS c
               WHERE c.deployment_id = d.event_id AND c.change = 'deactivated'
                 AND c.time <= coalesce(%(as_of)s::timestamptz, %(now)s)
                 AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              )
       ) AS d ON true
  LEFT JOIN LATERAL (
       SELECT w.event_id, w.time, w.validator, w.outcome, w.next_due,
              y.event_id AS version_id, y.version AS validated_version
         FROM lineage.validation AS w
         LEFT JOIN registry.release AS r ON r.event_id = w.object_id
          AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
         LEFT JOIN registry.model_version AS y
                ON y.event_id = coalesce(r.model_version_id, w.object_id)
               AND y.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND y.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE (w.model = n.model OR w.model IS NULL AND y.model = n.model)
          AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY w.time DESC, w.event_id DESC
        LIMIT 1
       ) AS w ON true
  LEFT JOIN LATERAL (
       SELECT o.event_id, o.owner
         FROM controls.plan AS o
        WHERE o.model = n.model
          AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY o.time DESC, o.event_id DESC
        LIMIT 1
       ) AS o ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(x.exception ORDER BY x.exception COLLATE "C") AS exceptions
         FROM governance.exception AS x
        WHERE (x.system = ANY (d.systems) OR x.object_id IN (
               SELECT r.event_id FROM registry.release AS r
                WHERE r.model = n.model
                  AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')))
          AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND x.expires > coalesce(%(as_of)s::timestamptz, %(now)s)
          AND NOT EXISTS (
              SELECT FROM governance.exception_end AS z
               WHERE z.exception_id = x.event_id
                 AND z.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND z.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              )
       ) AS x ON true
 ORDER BY n.model;
