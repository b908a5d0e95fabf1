-- What is known of deployments and of the gates of their environments?
--
-- %(deployments)s   uuid[]       these deployments; null: all
-- %(environment)s   text         name of the environment; null: any
-- %(model)s         text         name of the model; null: any
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each deployment, newest first. The environment's and the system's
-- registration are the last before the deployment, else the first after it;
-- registered_later: whether that of the environment is the first after it, so that its
-- gates were not in force when the deployment was activated.
-- evidence_types: recorded for the release or its version before the deployment. exceptions:
-- those in force at that moment for the deployment, release, version or AI system.
-- Serves: SR 26-2; OSFI E-23; EU AI Act, Article 17.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.release_id, r.release, r.release_digest, r.model, r.version, d.environment,
       d.service, coalesce(d.system_id, r.system_id) AS system_id, d.role,
       coalesce(d.emergency, false) AS emergency, s.materiality,
       e.event_id AS environment_id, e.kind AS environment_kind, e.gates,
       coalesce(e.time > d.time, false) AS registered_later,
       ARRAY (
       SELECT f.type
         FROM (
              SELECT 'evaluation.test.completed' AS type, t.model_version_id AS object_id,
                     t.time, t.sealed_at
                FROM lineage.evaluation AS t
               UNION ALL
              SELECT 'evaluation.comparison.completed', t.new_id, t.time, t.sealed_at
                FROM lineage.comparison AS t
               UNION ALL
              SELECT 'evaluation.benchmark.completed', t.model_version_id, t.time,
                     t.sealed_at
                FROM lineage.benchmark AS t
               UNION ALL
              SELECT 'evaluation.validation.issued', t.object_id, t.time, t.sealed_at
                FROM lineage.validation AS t
               UNION ALL
              SELECT 'registry.approval.requested', t.object_id, t.time, t.sealed_at
                FROM registry.approval_request AS t
              ) AS f
        WHERE f.object_id IN (r.event_id, r.model_version_id)
          AND f.time <= d.time
          AND f.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND f.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        GROUP BY f.type
       ) AS evidence_types,
       (
       SELECT jsonb_agg(jsonb_build_object(
              'exception', x.exception, 'policy', x.policy, 'event_id', x.event_id,
              'control', x.compensating_control, 'approver', x.approver)
              ORDER BY x.time, x.event_id)
         FROM governance.exception AS x
        WHERE (x.object_id IN (d.event_id, r.event_id, r.model_version_id)
               OR (x.object_id IS NULL
                   AND x.system = coalesce(d.system_id, r.system_id)))
          AND x.time <= d.time AND x.expires > d.time
          AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT EXISTS (
              SELECT FROM governance.exception_end AS z
               WHERE z.exception_id = x.event_id AND z.time <= d.time
                 AND z.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND z.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              )
       ) AS exceptions
  FROM registry.deployment AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT e.event_id, e.time, e.kind, e.gates
         FROM registry.environment AS e
        WHERE e.environment = d.environment
          AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY e.time <= d.time DESC, abs(extract(epoch FROM e.time - d.time)),
                 e.event_id DESC
        LIMIT 1
       ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT s.materiality
         FROM registry.system AS s
        WHERE s.system = coalesce(d.system_id, r.system_id)
          AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY s.time <= d.time DESC, abs(extract(epoch FROM s.time - d.time)),
                 s.event_id DESC
        LIMIT 1
       ) AS s ON true
 WHERE (%(deployments)s::uuid[] IS NULL OR d.event_id = ANY (%(deployments)s))
   AND (%(environment)s::text IS NULL OR d.environment = %(environment)s)
   AND (%(model)s::text IS NULL OR r.model = %(model)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.time DESC, d.event_id DESC
 LIMIT %(limit)s;
