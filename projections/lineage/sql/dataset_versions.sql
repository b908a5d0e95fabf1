-- Which versions does a data set have, and what were they made from?
--
-- %(dataset)s           text         name of the data set; null: all
-- %(dataset_version)s   uuid         one version by its event; null: all
-- %(limit)s             bigint       at most so many rows
-- %(as_of)s             timestamptz  when it was true; null: no bound
-- %(known_as_of)s       timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first.
-- Serves: EU AI Act, Article 10; regulation question Q15.
SELECT v.event_id, v.time, v.sealed_at, v.origin, v.leaf, v.idx, v.identity,
       v.dataset, v.digest, v.scheme, v.size_bytes, v.rows, v.parent_ids, v.sources,
       v.split, v.preparation, v.identity_strength
  FROM lineage.dataset_version AS v
 WHERE (%(dataset)s::text IS NULL OR v.dataset = %(dataset)s)
   AND (%(dataset_version)s::uuid IS NULL OR v.event_id = %(dataset_version)s)
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.time DESC, v.event_id DESC
 LIMIT %(limit)s;
