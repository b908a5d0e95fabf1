-- Is there a model version in use, or about to be, without a recorded license?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          how long a release or a request for approval is a candidate
--
-- One row a model version that runs or is a candidate.
-- Serves: EU AI Act, Annex IV; CycloneDX ML-BOM.
WITH
-- include live
-- include candidate
judged AS (
SELECT c.version_id, c.name, c.model, c.system_id,
       coalesce(v.license, '') = '' AS breached
  FROM candidate AS c
  JOIN registry.model_version AS v ON v.event_id = c.version_id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
)
SELECT j.version_id AS object_id, j.name AS object_name, j.model, j.system_id, j.breached,
       '' AS detail,
       CASE WHEN j.breached
            THEN concat(j.name, ' is in use or a candidate; its license is not recorded.')
            ELSE ''
       END AS cause,
       ARRAY[j.version_id] AS evidence
  FROM judged AS j
 ORDER BY j.model, j.version_id;
