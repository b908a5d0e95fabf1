-- Which data sets are registered, and how many versions has each?
--
-- %(dataset)s       text         one data set; null: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- The last registration of each name, by name.
-- Serves: EU AI Act, Article 10; regulation question Q15.
SELECT DISTINCT ON (d.dataset) d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.dataset, d.title, d.owner, d.license, d.purposes, d.sources, d.description,
       d.system_id, v.versions, v.newest_time
  FROM lineage.dataset AS d
  LEFT JOIN LATERAL (
       SELECT count(*) AS versions, max(v.time) AS newest_time
         FROM lineage.dataset_version AS v
        WHERE v.dataset = d.dataset
          AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS v ON true
 WHERE (%(dataset)s::text IS NULL OR d.dataset = %(dataset)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.dataset, d.time DESC, d.event_id DESC;
