-- Which models are due for validation, review or retraining?
--
-- %(model)s         text         name of the model; null: all
-- %(system)s        text         models of this AI system; null: all
-- %(now)s           timestamptz  moment asked for where as_of is null
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a model that is registered, has a plan or a version, by name. A next date is the
-- one that the last validation or review names, else its time and the days of the plan; a
-- model that was never validated or reviewed is due when its first plan, and its oldest
-- deployment that runs, are as old as the plan's period. A validation is of the model, of
-- one of its versions, or of a release; validated_version is null for the model as a
-- whole. What runs for making and testing alone does not count as live. exceptions in
-- force are those of its releases.
-- Serves: OSFI E-23; SR 26-2; regulation question Q19.
WITH named AS (
     SELECT m.model FROM registry.model AS m WHERE m.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
     AND m.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT p.model FROM controls.plan AS p WHERE p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
     AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT v.model FROM registry.model_version AS v WHERE v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
     AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
)
SELECT n.model, p.event_id AS plan_id, p.owner AS plan_owner, v.event_id AS validation_id,
       v.time AS last_validation, v.outcome AS validation_outcome,
       v.validated_id, v.validated_version,
       v.validated_id = t.event_id AS validated_is_newest,
       CASE WHEN v.validated_id IS NOT NULL
            THEN v.validated_id = ANY (coalesce(l.version_ids, '{}'))
            END AS validated_is_live,
       l.versions AS live_versions, l.deployment_ids,
       coalesce(v.next_due, coalesce(v.time, greatest(p.first, l.since))
                + p.validate_every_days * interval '1 day') AS next_validation,
       w.event_id AS review_id, w.time AS last_review, w.decision AS review_decision,
       coalesce(w.next_due, coalesce(w.time, greatest(p.first, l.since))
                + p.review_every_days * interval '1 day') AS next_review,
       t.event_id AS version_id, t.version AS newest_version, t.time AS last_training,
       t.time + p.retrain_every_days * interval '1 day' AS next_training,
       x.exceptions, x.exception_ids
  FROM named AS n
  LEFT JOIN LATERAL (
       SELECT m.system_id
         FROM registry.model AS m
        WHERE m.model = n.model AND m.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND m.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY m.time DESC, m.event_id DESC
        LIMIT 1
       ) AS m ON true
  LEFT JOIN LATERAL (
       SELECT p.*, (SELECT min(o.time) FROM controls.plan AS o
                     WHERE o.model = n.model AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                       AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) AS first
         FROM controls.plan AS p
        WHERE p.model = n.model AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY p.time DESC, p.event_id DESC
        LIMIT 1
       ) AS p ON p.enabled
  LEFT JOIN LATERAL (
       SELECT v.event_id, v.time, v.outcome, v.next_due,
              y.event_id AS validated_id, y.version AS validated_version
         FROM lineage.validation AS v
         LEFT JOIN registry.release AS r ON r.event_id = v.object_id
          AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
         LEFT JOIN registry.model_version AS y
                ON y.event_id = coalesce(r.model_version_id, v.object_id)
               AND y.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND y.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE (v.model = n.model OR v.model IS NULL AND y.model = n.model)
          AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY v.time DESC, v.event_id DESC
        LIMIT 1
       ) AS v ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(DISTINCT r.version ORDER BY r.version) AS versions,
              array_agg(DISTINCT r.model_version_id) AS version_ids,
              array_agg(DISTINCT d.event_id) AS deployment_ids, min(d.time) AS since
         FROM registry.release AS r
         JOIN registry.deployment AS d ON d.release_id = r.event_id
          AND d.time <= coalesce(%(as_of)s::timestamptz, %(now)s::timestamptz)
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
         LEFT JOIN LATERAL (
              SELECT c.change
                FROM registry.deployment_change AS c
               WHERE c.deployment_id = d.event_id
                 AND c.time <= coalesce(%(as_of)s::timestamptz, %(now)s::timestamptz)
                 AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY c.time DESC, c.event_id DESC
               LIMIT 1
              ) AS c ON true
         LEFT JOIN LATERAL (
              SELECT e.kind
                FROM registry.environment AS e
               WHERE e.environment = d.environment
                 AND e.time <= coalesce(%(as_of)s::timestamptz, %(now)s::timestamptz)
                 AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY e.time DESC, e.event_id DESC
               LIMIT 1
              ) AS e ON true
        WHERE r.model = n.model AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT coalesce(c.change = 'deactivated', false)
          AND NOT coalesce(e.kind IN ('development', 'ci', 'training', 'test'), false)
       ) AS l ON true
  LEFT JOIN LATERAL (
       SELECT w.*
         FROM controls.review AS w
        WHERE w.model = n.model AND w.kind = 'model' AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY w.time DESC, w.event_id DESC
        LIMIT 1
       ) AS w ON true
  LEFT JOIN LATERAL (
       SELECT t.event_id, t.version, t.time, t.system_id
         FROM registry.model_version AS t
        WHERE t.model = n.model AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY t.time DESC, t.event_id DESC
        LIMIT 1
       ) AS t ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(DISTINCT x.exception) AS exceptions,
              array_agg(DISTINCT x.event_id) AS exception_ids
         FROM governance.exception AS x
         JOIN registry.release AS r ON r.event_id = x.object_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
         AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE r.model = n.model AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND x.expires > coalesce(%(as_of)s::timestamptz, %(now)s::timestamptz)
          AND NOT EXISTS (
              SELECT FROM governance.exception_end AS e
               WHERE e.exception_id = x.event_id AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
       ) AS x ON true
 WHERE (%(model)s::text IS NULL OR n.model = %(model)s)
   AND (%(system)s::text IS NULL OR coalesce(m.system_id, t.system_id) = %(system)s)
 ORDER BY n.model;
