-- Did a process load, or an orchestrator run, another model than the release says?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
--
-- One row a deployment that runs and of which anything was attested or seen.
-- Serves: EU AI Act, Article 12(1); 21 CFR 11.10(a).
WITH
-- include live
-- include loaded
differing AS (
SELECT l.deployment_id, l.event_id, l.time, l.who, l.artifact_digest, l.release_digest,
       l.artifact_digest <> r.artifact_digest AS other_artefact,
       l.release_digest <> r.release_digest AS other_release
  FROM loaded AS l
  JOIN live AS v ON v.deployment_id = l.deployment_id
  JOIN registry.release AS r ON r.event_id = v.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE l.artifact_digest <> r.artifact_digest OR l.release_digest <> r.release_digest
),
first AS (
SELECT DISTINCT ON (d.deployment_id)
       d.deployment_id, d.time, d.who, d.other_artefact, d.artifact_digest,
       d.release_digest
  FROM differing AS d
 ORDER BY d.deployment_id, d.time, d.event_id
)
SELECT l.deployment_id AS object_id, l.name AS object_name, l.model, l.system_id,
       f.deployment_id IS NOT NULL AS breached, '' AS detail,
       CASE WHEN f.deployment_id IS NULL THEN ''
            WHEN f.other_artefact
            THEN concat(f.who, ' ran the model artefact ', left(f.artifact_digest, 23),
                 '… on ', to_char(f.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; release ', l.release, ' is ', left(r.artifact_digest, 23), '….')
            ELSE concat(f.who, ' ran the release with digest ',
                 left(f.release_digest, 23), '… on ',
                 to_char(f.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; deployed was ', l.release, '.')
       END AS cause,
       l.release_id || (
       SELECT array_agg(d.event_id ORDER BY d.time)
         FROM differing AS d
        WHERE d.deployment_id = l.deployment_id) AS evidence
  FROM live AS l
  JOIN registry.release AS r ON r.event_id = l.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  LEFT JOIN first AS f ON f.deployment_id = l.deployment_id
 WHERE EXISTS (SELECT FROM loaded AS o WHERE o.deployment_id = l.deployment_id)
 ORDER BY l.deployment_id;
