-- Is there a model in use, or about to be, for which nobody answers?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          how long a release or a request for approval is a candidate
--
-- One row a model of which a version runs or is a candidate. The owner is who was named
-- last, or who has the role owner for the model or its system.
-- Serves: SR 26-2; OSFI E-23; EU AI Act, Article 17(1)(m).
WITH
-- include live
-- include candidate
used AS (
SELECT c.model, min(c.system_id) AS system_id, array_agg(c.version_id) AS evidence
  FROM candidate AS c
 GROUP BY c.model
),
owned AS (
SELECT u.model, u.system_id, u.evidence, m.event_id AS model_id,
       CASE WHEN c.event_id IS NOT NULL THEN c.owner ELSE m.owner END AS owner,
       (SELECT min(g.principal)
          FROM governance.role AS g
         WHERE g.role = 'owner' AND g.stage IS NULL
           AND (g.model = u.model OR (g.model IS NULL AND g.system = u.system_id))
           AND g.time <= %(as_of)s AND g.sealed_at <= %(known_as_of)s
           AND g.valid_from <= %(as_of)s AND coalesce(g.until, 'infinity') > %(as_of)s
           AND NOT EXISTS (
               SELECT FROM governance.role_end AS e
                WHERE e.grant_id = g.event_id AND e.effective_at <= %(as_of)s
                  AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s)
       ) AS in_role
  FROM used AS u
  LEFT JOIN LATERAL (
       SELECT m.event_id, m.owner
         FROM registry.model AS m
        WHERE m.model = u.model
          AND m.time <= %(as_of)s AND m.sealed_at <= %(known_as_of)s
        ORDER BY m.time DESC, m.event_id DESC
        LIMIT 1
       ) AS m ON true
  LEFT JOIN LATERAL (
       SELECT c.event_id, x.change ->> 'after' AS owner
         FROM registry.model_change AS c
        CROSS JOIN LATERAL jsonb_array_elements(c.changes) AS x (change)
        WHERE c.model = u.model AND x.change ->> 'field' = 'owner'
          AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
),
judged AS (
SELECT o.*, coalesce(nullif(o.owner, ''), o.in_role) IS NULL AS breached
  FROM owned AS o
)
SELECT j.model_id AS object_id, j.model AS object_name, j.model, j.system_id,
       j.breached, '' AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.model_id IS NULL
            THEN concat('The model ', j.model, ' is in use or a candidate and was never ',
                 'registered; no owner is recorded.')
            ELSE concat('The model ', j.model, ' is in use or a candidate; no owner is ',
                 'recorded.')
       END AS cause,
       array_remove(j.model_id || j.evidence, NULL) AS evidence
  FROM judged AS j
 ORDER BY j.model;
