-- drawn: from which sources the data of each version were drawn, and when; a dataset
-- version that names none has those of its dataset. Needs ancestry.
reached AS MATERIALIZED (
SELECT a.version_id, a.kind, a.id, min(a.level) AS level
  FROM ancestry AS a
 GROUP BY a.version_id, a.kind, a.id
),
drawn AS MATERIALIZED (
SELECT a.version_id, a.level, d.event_id AS data_id, d.time AS drawn_at, d.dataset,
       unnest(coalesce(nullif(d.sources, '{}'), s.sources)) AS source
  FROM reached AS a
  JOIN lineage.dataset_version AS d ON d.event_id = a.id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  LEFT JOIN LATERAL (
       SELECT s.sources
         FROM lineage.dataset AS s
        WHERE s.dataset = d.dataset
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
 WHERE a.kind = 'data'
 UNION ALL
SELECT a.version_id, a.level, a.id, f.time, concat('feature view ', f.view),
       unnest(f.sources)
  FROM reached AS a
  JOIN lineage.feature_view AS f ON f.dataset_version_id = a.id
   AND f.time <= %(as_of)s AND f.sealed_at <= %(known_as_of)s
 WHERE a.kind = 'data'
),
