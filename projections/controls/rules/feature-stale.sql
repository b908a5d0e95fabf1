-- Are the values of a feature in service older than they may be?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(levels)s        int          levels that lineage is followed
--
-- One row for each feature with a greatest age in a feature view that the version of a live
-- deployment rests on, if the newest sketch knows how new its values are. Of several
-- versions of a view the newest that the version rests on counts.
-- Serves: EU AI Act, Article 26(4).
WITH RECURSIVE
-- include live
-- include columns
root AS (
SELECT DISTINCT s.version_id
  FROM sketched AS s
),
-- include ancestry
-- include features
judged AS (
SELECT s.deployment_id, s.name, s.model, s.version, s.system_id, s.sketch_id, s.window_to,
       f.view_id, f.feature, f.max_age_s, n.newest,
       s.window_to - n.newest > make_interval(secs => f.max_age_s) AS breached
  FROM sketched AS s
  JOIN served AS v ON v.deployment_id = s.deployment_id
  JOIN feature AS f ON f.version_id = s.version_id AND f.feature = v.feature
 CROSS JOIN LATERAL (
       SELECT to_timestamp((v.seen ->> 'newest')::bigint / 1e6) AS newest
       ) AS n
 WHERE f.max_age_s IS NOT NULL AND n.newest IS NOT NULL
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.feature AS detail,
       CASE WHEN j.breached
            THEN concat('The newest value of the feature "', j.feature, '" that ', j.name,
                 ' was asked with until ',
                 to_char(j.window_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' is of ',
                 to_char(j.newest AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 '; it may be ', j.max_age_s, ' seconds old.')
            ELSE ''
       END AS cause,
       ARRAY[j.deployment_id, j.sketch_id, j.view_id] AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.feature;
