-- Of which model versions is not recorded what they were made from?
--
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a version that was deployed or that another rests on: no run, a run whose
-- inputs name no data set version, or such a version that names neither source nor parent
-- and no registered data set with sources. Whether they hold a source is unknown, not
-- denied.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT DISTINCT 'model_version' AS kind, v.event_id AS object_id,
       v.model || ' ' || v.version AS name, NULL::uuid AS via_id,
       CASE WHEN v.run_id IS NULL THEN 'no run is recorded'
            WHEN i.run_id IS NULL THEN 'its run names no data set version'
            ELSE 'its data set versions name no source' END AS via,
       true AS weak
  FROM registry.model_version AS v
  LEFT JOIN LATERAL (
       SELECT i.run_id, bool_or(
              w.event_id IS NULL
              OR (w.sources = '{}' AND w.parent_ids = '{}' AND NOT EXISTS (
                  SELECT FROM lineage.dataset AS s
                   WHERE s.dataset = w.dataset AND s.sources <> '{}' AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                     AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')))
              ) AS rootless
         FROM lineage.input AS i
         LEFT JOIN lineage.dataset_version AS w
                ON w.event_id = i.dataset_version_id AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE i.run_id = v.run_id AND i.dataset_version_id IS NOT NULL AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        GROUP BY i.run_id
       ) AS i ON true
 WHERE v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND (i.run_id IS NULL OR i.rootless)
   AND (EXISTS (
            SELECT FROM registry.release AS r
              JOIN registry.deployment AS p ON p.release_id = r.event_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
              AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
             WHERE r.model_version_id = v.event_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
        OR EXISTS (
            SELECT FROM registry.model_version AS o
             CROSS JOIN LATERAL jsonb_array_elements(o.parents) AS x
             WHERE jsonb_array_length(o.parents) > 0
               AND x -> 'version' ->> 'id' = v.event_id::text AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')))
 ORDER BY object_id
 LIMIT %(limit)s;
