-- ancestry: what the versions of root rest on, level by level: a version on its run and its
-- parents, a run on what it and the runs within it read, data on the data it was derived
-- from and on the run that put it out. At most %(levels)s levels, so that a circle ends.
-- Needs root (version_id).
ancestry (version_id, kind, id, level) AS (
SELECT o.version_id, 'version', o.version_id, 0
  FROM root AS o
 UNION
SELECT a.version_id, n.kind, n.id, a.level + 1
  FROM ancestry AS a
 CROSS JOIN LATERAL (
       SELECT 'run' AS kind, v.run_id AS id
         FROM registry.model_version AS v
        WHERE a.kind = 'version' AND v.event_id = a.id
          AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
        UNION ALL
       SELECT 'version', (p.parent -> 'version' ->> 'id')::uuid
         FROM registry.model_version AS v
        CROSS JOIN LATERAL jsonb_array_elements(v.parents) AS p (parent)
        WHERE a.kind = 'version' AND v.event_id = a.id
          AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
        UNION ALL
       SELECT 'run', s.event_id
         FROM lineage.run AS s
        WHERE a.kind = 'run' AND s.parent_id = a.id
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        UNION ALL
       SELECT 'data', coalesce(i.dataset_version_id, d.event_id)
         FROM lineage.input AS i
         LEFT JOIN lineage.dataset_version AS d ON i.dataset_version_id IS NULL
          AND d.digest = i.digest AND d.scheme = i.scheme
          AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
        WHERE a.kind = 'run' AND i.run_id = a.id
          AND i.time <= %(as_of)s AND i.sealed_at <= %(known_as_of)s
        UNION ALL
       SELECT 'data', unnest(d.parent_ids)
         FROM lineage.dataset_version AS d
        WHERE a.kind = 'data' AND d.event_id = a.id
          AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
        UNION ALL
       SELECT 'run', e.run_id
         FROM lineage.dataset_version AS d
         JOIN lineage.run_end AS e ON e.digests @> ARRAY[d.digest]
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
        WHERE a.kind = 'data' AND d.event_id = a.id
          AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
       ) AS n
 WHERE a.level < %(levels)s::int AND n.id IS NOT NULL
),
