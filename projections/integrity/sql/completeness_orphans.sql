-- What refers to an event that nobody recorded, or was never approved?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each: releases and deployments that decisions name and no event describes,
-- deployments without their release, releases that were deployed and never approved
-- although their environment had gates when they were deployed.
-- Decisions are found by hopping along the index of their releases and deployments.
-- Serves: EU AI Act, Article 12; regulation question Q04.
WITH RECURSIVE release_of AS (
     (SELECT d.release_id FROM decisions.decision AS d ORDER BY d.release_id LIMIT 1)
      UNION ALL
     SELECT (SELECT d.release_id FROM decisions.decision AS d
              WHERE d.release_id > r.release_id ORDER BY d.release_id LIMIT 1)
       FROM release_of AS r
      WHERE r.release_id IS NOT NULL
), deployment_of AS (
     (SELECT d.deployment_id FROM decisions.decision AS d ORDER BY d.deployment_id LIMIT 1)
      UNION ALL
     SELECT (SELECT d.deployment_id FROM decisions.decision AS d
              WHERE d.deployment_id > p.deployment_id ORDER BY d.deployment_id LIMIT 1)
       FROM deployment_of AS p
      WHERE p.deployment_id IS NOT NULL
)
SELECT 'decisions name a release' AS kind, x.release_id AS object_id,
       'registry.release.created' AS missing,
       (SELECT count(*) FROM decisions.decision AS d
         WHERE d.release_id = x.release_id AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
           AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) AS count
  FROM release_of AS x
 WHERE x.release_id IS NOT NULL
   AND NOT EXISTS (
       SELECT FROM registry.release AS r
        WHERE r.event_id = x.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
   AND EXISTS (
       SELECT FROM decisions.decision AS d
        WHERE d.release_id = x.release_id AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
 UNION ALL
SELECT 'decisions name a deployment', x.deployment_id, 'serving.deployment.activated',
       (SELECT count(*) FROM decisions.decision AS d
         WHERE d.deployment_id = x.deployment_id AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
           AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
  FROM deployment_of AS x
 WHERE x.deployment_id IS NOT NULL
   AND NOT EXISTS (
       SELECT FROM registry.deployment AS p
        WHERE p.event_id = x.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
   AND EXISTS (
       SELECT FROM decisions.decision AS d
        WHERE d.deployment_id = x.deployment_id AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
 UNION ALL
SELECT 'a deployment names a release', p.event_id, 'registry.release.created', 1
  FROM registry.deployment AS p
 WHERE p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND NOT EXISTS (
       SELECT FROM registry.release AS r
        WHERE r.event_id = p.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
 UNION ALL
SELECT 'a release in a gated environment', r.event_id, 'registry.approval.decided',
       count(*)
  FROM registry.release AS r
  JOIN registry.deployment AS p ON p.release_id = r.event_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  JOIN LATERAL (
       SELECT e.gates
         FROM registry.environment AS e
        WHERE e.environment = p.environment AND e.time <= p.time
          AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON jsonb_array_length(e.gates) > 0
 WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND NOT EXISTS (
       SELECT FROM registry.approval AS a
        WHERE a.object_id = r.event_id AND a.decision IN ('approve', 'conditional')
          AND a.time <= p.time AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
 GROUP BY r.event_id
 ORDER BY kind, object_id;
