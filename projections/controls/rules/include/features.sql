-- feature: the features of the feature views that the versions of root rest on; of each
-- view the newest version among them. Needs ancestry.
feature AS MATERIALIZED (
SELECT f.version_id, f.view_id, f.view, f.view_version, f.view_owner,
       e.said ->> 'name' AS feature, e.said ->> 'owner' AS owner,
       (e.said ->> 'max_age_s')::bigint AS max_age_s
  FROM (
       SELECT DISTINCT ON (a.version_id, f.view)
              a.version_id, f.event_id AS view_id, f.view, f.version AS view_version,
              f.owner AS view_owner, f.features
         FROM ancestry AS a
         JOIN lineage.feature_view AS f ON f.dataset_version_id = a.id
          AND f.time <= %(as_of)s AND f.sealed_at <= %(known_as_of)s
        WHERE a.kind = 'data'
        ORDER BY a.version_id, f.view, f.time DESC, f.event_id DESC
       ) AS f
 CROSS JOIN LATERAL jsonb_array_elements(f.features) AS e (said)
),
