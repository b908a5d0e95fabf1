-- Which model versions may see a source through features computed from it?
--
-- %(source)s        text         name of the source
-- %(ids)s           uuid[]       tainted versions of data sets
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each version that takes a column named as a feature of a view that draws on
-- the source or on such a data set version. Which view a release reads is not recorded:
-- every row is weak.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT DISTINCT 'model_version' AS kind, m.event_id AS object_id,
       m.model || ' ' || m.version AS name, f.dataset_version_id AS via_id,
       'takes features of the view ' || f.view || ' ' || f.version AS via, true AS weak
  FROM lineage.feature_view AS f
 CROSS JOIN LATERAL jsonb_array_elements(f.features) AS x
  JOIN registry.model_version AS m
    ON jsonb_path_exists(m.inputs, '$[*] ? (@.name == $name)',
                         jsonb_build_object('name', x ->> 'name'))
   AND m.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND m.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE (f.sources @> ARRAY[%(source)s]::varchar[]
        OR f.dataset_version_id = ANY (%(ids)s))
   AND f.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND f.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY object_id, via_id
 LIMIT %(limit)s;
