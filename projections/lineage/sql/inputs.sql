-- Which data did a run read?
--
-- %(run)s           uuid         start event of the run
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an input by rank. matches tells whether what was read has the digest of the
-- data set version it names; null when it names none.
-- Serves: EU AI Act, Article 10; regulation question Q16.
SELECT i.event_id, i.time, i.sealed_at, i.origin, i.leaf, i.idx, i.identity,
       i.name, i.role, i.dataset_version_id, coalesce(i.dataset, v.dataset) AS dataset,
       i.digest, i.scheme, i.bytes_read, i.rows, i.rank,
       v.digest = i.digest AS matches
  FROM lineage.input AS i
  LEFT JOIN lineage.dataset_version AS v ON v.event_id = i.dataset_version_id
 WHERE i.run_id = %(run)s
   AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY i.rank, i.time, i.event_id;
