-- What is in use that no system or release in the ledger accounts for?
--
-- %(environment)s   text         name of the environment; null: any
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each thing seen or recorded to run, newest first. kind observation: an
-- orchestrator, gateway or foreign registry saw a service that matches no recorded
-- deployment and no release (last sighting; first_seen is the first). kind deployment:
-- recorded, but its release or its AI system is not.
-- Serves: EU AI Act, Article 26; OSFI E-23; regulation question Q33.
SELECT u.event_id, u.time, u.sealed_at, u.origin, u.leaf, u.idx, u.identity, u.kind,
       u.environment, u.service, u.observer, u.artifact_digest, u.image_digest, u.reason,
       u.first_seen, u.sightings
  FROM (
       SELECT o.event_id, o.time, o.sealed_at, o.origin, o.leaf, o.idx, o.identity,
              'observation' AS kind, o.environment, o.service, o.observer,
              o.artifact_digest, o.image_digest,
              'seen to run; no recorded deployment or release matches it' AS reason,
              o.first_seen, o.sightings
         FROM (
              SELECT DISTINCT ON (o.observer, o.environment, o.service) o.*,
                     min(o.time) OVER w AS first_seen, count(*) OVER w AS sightings
                FROM registry.deployment_observation AS o
               WHERE o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              WINDOW w AS (PARTITION BY o.observer, o.environment, o.service)
               ORDER BY o.observer, o.environment, o.service, o.time DESC,
                        o.event_id DESC
              ) AS o
        WHERE NOT EXISTS (
              SELECT FROM registry.deployment AS d
                LEFT JOIN registry.release AS r ON r.event_id = d.release_id
                 AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               WHERE d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                 AND (d.event_id = o.deployment_id
                      OR (d.environment = o.environment
                          AND (d.service = o.service OR d.release_digest = o.release_digest
                               OR r.artifact_digest = o.artifact_digest)))
              )
          AND NOT EXISTS (
              SELECT FROM registry.release AS r
               WHERE (r.release_digest = o.release_digest
                      OR r.artifact_digest = o.artifact_digest)
                 AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              )
        UNION ALL
       SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
              'deployment', d.environment, d.service, NULL, r.artifact_digest, NULL,
              CASE WHEN r.event_id IS NULL THEN 'its release is not recorded'
                   WHEN coalesce(d.system_id, r.system_id) IS NULL
                   THEN 'it belongs to no AI system'
                   ELSE 'its AI system is not registered' END,
              d.time, 1
         FROM registry.deployment AS d
         LEFT JOIN registry.release AS r ON r.event_id = d.release_id
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT EXISTS (
              SELECT FROM registry.deployment_change AS c
               WHERE c.deployment_id = d.event_id AND c.change = 'deactivated'
                 AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              )
          AND (r.event_id IS NULL OR NOT EXISTS (
              SELECT FROM registry.system AS s
               WHERE s.system = coalesce(d.system_id, r.system_id)
                 AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              ))
       ) AS u
 WHERE %(environment)s::text IS NULL OR u.environment = %(environment)s
 ORDER BY u.time DESC, u.event_id DESC
 LIMIT %(limit)s;
