-- Is there a system in use, or about to be, without a recorded purpose?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          how long a release or a request for approval is a candidate
--
-- One row a system of which a model runs or is a candidate; a model that belongs to no
-- system is a row of its own.
-- Serves: EU AI Act, Articles 11(1) and 49; OSFI E-23.
WITH
-- include live
-- include candidate
used AS (
SELECT c.system_id, CASE WHEN c.system_id IS NULL THEN c.model END AS model_alone,
       min(c.model) AS model, array_agg(c.version_id) AS evidence
  FROM candidate AS c
 GROUP BY c.system_id, CASE WHEN c.system_id IS NULL THEN c.model END
),
stated AS (
SELECT u.system_id, u.model_alone, u.model, u.evidence, s.event_id AS registered_id,
       CASE WHEN c.event_id IS NOT NULL THEN c.purpose ELSE s.purpose END AS purpose
  FROM used AS u
  LEFT JOIN LATERAL (
       SELECT s.event_id, s.purpose
         FROM registry.system AS s
        WHERE s.system = u.system_id
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
  LEFT JOIN LATERAL (
       SELECT c.event_id, x.change ->> 'after' AS purpose
         FROM governance.system_change AS c
        CROSS JOIN LATERAL jsonb_array_elements(c.changes) AS x (change)
        WHERE c.system = u.system_id AND x.change ->> 'field' = 'purpose'
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
),
judged AS (
SELECT s.*, coalesce(btrim(s.purpose), '') = '' AS breached
  FROM stated AS s
)
SELECT j.registered_id AS object_id, coalesce(j.system_id, j.model_alone) AS object_name,
       CASE WHEN j.system_id IS NULL THEN j.model END AS model, j.system_id, j.breached,
       '' AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.system_id IS NULL
            THEN concat('The model ', j.model_alone, ' is in use or a candidate and belongs ',
                 'to no AI system.')
            WHEN j.registered_id IS NULL
            THEN concat('The system ', j.system_id, ' is in use or about to be and was never ',
                 'registered; its purpose is not recorded.')
            ELSE concat('The system ', j.system_id, ' is in use or about to be; its purpose ',
                 'is not recorded.')
       END AS cause,
       array_remove(j.registered_id || j.evidence, NULL) AS evidence
  FROM judged AS j
 ORDER BY object_name;
