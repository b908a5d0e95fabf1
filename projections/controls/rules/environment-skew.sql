-- Do the libraries in service differ from those a model was trained with?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each live deployment whose installed packages are known, from its newest
-- attestation or else its newest observation, and whose training run recorded its own (or,
-- failing that, whose release names its environment). A passed test of equivalence of the
-- version vouches for a port to other libraries.
-- Serves: EU AI Act, Article 15(1).
WITH
-- include live
served AS (
SELECT l.*, coalesce(a.event_id, o.event_id) AS evidence_id,
       coalesce(a.packages_digest, o.packages_digest) AS packages
  FROM live AS l
  LEFT JOIN LATERAL (
       SELECT a.event_id, a.packages_digest
         FROM registry.process_attestation AS a
        WHERE a.deployment_id = l.deployment_id AND a.packages_digest IS NOT NULL
          AND a.time <= %(as_of)s AND a.sealed_at <= %(known_as_of)s
        ORDER BY a.time DESC, a.event_id DESC
        LIMIT 1
       ) AS a ON true
  LEFT JOIN LATERAL (
       SELECT o.event_id, o.packages_digest
         FROM registry.deployment_observation AS o
        WHERE a.event_id IS NULL
          AND o.deployment_id = l.deployment_id AND o.packages_digest IS NOT NULL
          AND o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s
        ORDER BY o.time DESC, o.event_id DESC
        LIMIT 1
       ) AS o ON true
),
tested AS (
SELECT s.*, r.event_id AS run_id,
       coalesce(r.environment ->> 'lock_digest', s.environment_digest) AS wanted,
       CASE WHEN r.environment ->> 'lock_digest' IS NULL THEN 'its release names'
            ELSE 'it was trained with' END AS whence,
       EXISTS (
       SELECT FROM lineage.comparison AS e
        WHERE e.new_id = s.version_id AND e.kind = 'equivalence' AND e.passed
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s) AS ported
  FROM served AS s
  JOIN registry.model_version AS v ON v.event_id = s.version_id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
  LEFT JOIN lineage.run AS r ON r.event_id = v.run_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE s.packages IS NOT NULL
),
judged AS (
SELECT t.*, t.packages <> t.wanted AND NOT t.ported AS breached
  FROM tested AS t
 WHERE t.wanted IS NOT NULL
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, '' AS detail,
       CASE WHEN j.breached
            THEN concat(j.model, ' ', j.version, ' runs as ', j.name, ' with the packages ',
                 left(j.packages, 19), ', and ', j.whence, ' ', left(j.wanted, 19),
                 '; no test shows that it answers alike.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[j.deployment_id, j.evidence_id, j.run_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id;
