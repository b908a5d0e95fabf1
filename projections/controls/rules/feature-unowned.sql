-- Does somebody answer for each feature of a live version?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(levels)s        int          levels that lineage is followed
--
-- One row for each feature of the views that a live version rests on. Its owner is the
-- feature's, or else the view's. An owner whose recorded roles have all ended is none,
-- unless somebody took a role over from them that still holds.
-- Serves: EU AI Act, Article 17(1)(m).
WITH RECURSIVE
-- include live
root AS (
SELECT DISTINCT l.version_id
  FROM live AS l
),
-- include ancestry
-- include features
holding AS MATERIALIZED (
SELECT o.principal, o.handed_over_from,
       coalesce(o.until, 'infinity') > %(as_of)s AND NOT EXISTS (
       SELECT FROM governance.role_end AS n
        WHERE n.grant_id = o.event_id AND n.effective_at <= %(as_of)s
          AND n.time <= %(as_of)s AND n.sealed_at <= %(known_as_of)s) AS holds
  FROM governance.role AS o
 WHERE o.valid_from <= %(as_of)s
   AND o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s
),
gone AS (
SELECT h.principal
  FROM holding AS h
 GROUP BY h.principal
HAVING NOT bool_or(h.holds) AND NOT EXISTS (
       SELECT FROM holding AS t WHERE t.handed_over_from = h.principal AND t.holds)
),
judged AS (
SELECT DISTINCT ON (l.version_id, f.view, f.feature)
       l.version_id, concat(l.model, ' ', l.version) AS name, l.model, l.system_id,
       f.view_id, f.view, f.feature, o.owner, g.principal IS NOT NULL AS owner_gone,
       o.owner IS NULL OR g.principal IS NOT NULL AS breached
  FROM live AS l
  JOIN feature AS f ON f.version_id = l.version_id
 CROSS JOIN LATERAL (SELECT nullif(coalesce(f.owner, f.view_owner), '') AS owner) AS o
  LEFT JOIN gone AS g ON g.principal = o.owner
 ORDER BY l.version_id, f.view, f.feature, l.deployment_id
)
SELECT j.version_id AS object_id, j.name AS object_name, j.model, j.system_id, j.breached,
       concat(j.view, '.', j.feature) AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.owner_gone
            THEN concat(j.owner, ', the owner of the feature "', j.feature,
                 '" of the view ', j.view, ' that ', j.name,
                 ' uses, has no role any more, and nobody took over.')
            ELSE concat('Nobody is recorded as owner of the feature "', j.feature,
                 '" of the view ', j.view, ' that ', j.name, ' uses.')
       END AS cause,
       ARRAY[j.version_id, j.view_id] AS evidence
  FROM judged AS j
 ORDER BY j.version_id, detail;
