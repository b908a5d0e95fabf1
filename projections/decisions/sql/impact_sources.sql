-- Which versions of data sets were drawn from a source?
--
-- %(source)s            text         name of the source
-- %(since)s             timestamptz  only what was drawn then or later; null: all
-- %(named)s             uuid[]       versions that are known to hold it; null: none named
-- %(batch)s             text         part of the source; null: the whole
-- %(limit)s             bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a version. weak: it is a version of a data set that draws on the source and
-- does not say what it was drawn from itself, or only a part of the source is meant and
-- nobody recorded which versions hold it.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT v.event_id AS object_id, v.dataset AS name, NULL::uuid AS via_id,
       CASE WHEN v.event_id = ANY (%(named)s) THEN 'named by the withdrawal'
            WHEN %(source)s = ANY (v.sources) THEN 'drawn from the source'
            ELSE 'version of a data set that draws on the source' END AS via,
       NOT coalesce(v.event_id = ANY (%(named)s), false)
       AND (%(batch)s::text IS NOT NULL OR NOT %(source)s = ANY (v.sources)) AS weak
  FROM lineage.dataset_version AS v
 WHERE (v.event_id = ANY (%(named)s)
        OR v.sources @> ARRAY[%(source)s]::varchar[]
        OR (v.sources = '{}' AND v.parent_ids = '{}'
            AND EXISTS (
                SELECT FROM lineage.dataset AS s
                 WHERE s.dataset = v.dataset AND s.sources @> ARRAY[%(source)s]::varchar[]
                   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))))
   AND (%(since)s::timestamptz IS NULL OR v.time >= %(since)s
        OR v.event_id = ANY (%(named)s))
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.time, v.event_id
 LIMIT %(limit)s;
