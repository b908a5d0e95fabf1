-- What is recorded about versions of a data set?
--
-- %(dataset_version)s   uuid         one version by its event; null: by name
-- %(dataset)s           text         all versions of this data set; null: by event
-- %(limit)s             bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit versions, newest first. Columns of the data set are those of its newest
-- registration at the moment asked for; parts: other versions split off the same whole;
-- withdrawn: a source of it was withdrawn later, or before. statements are what persons
-- stated about the version, by field.
-- Serves: EU AI Act, Article 10(2) and Annex IV(2)(d); regulation question Q15.
SELECT v.event_id, v.time, v.sealed_at, v.origin, v.leaf, v.idx, v.identity,
       v.dataset, s.event_id AS dataset_id, s.title, s.owner, s.license, s.purposes,
       s.description, s.sources AS dataset_sources, v.digest, v.scheme, v.size_bytes,
       v.rows, v.identity_strength, v.sources, v.parent_ids, v.split, v.preparation,
       o.parts, q.event_id AS quality_id, q.passed AS quality_passed,
       q.assertions AS quality_assertions, q.tool AS quality_tool, q.checks,
       w.withdrawn, w.withdrawal_ids, t.statements, t.statement_ids, i.read_by,
       i.input_ids
  FROM lineage.dataset_version AS v
  LEFT JOIN LATERAL (
       SELECT s.*
         FROM lineage.dataset AS s
        WHERE s.dataset = v.dataset AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                  'event_id', o.event_id, 'part', o.split ->> 'name', 'rows', o.rows)
                  ORDER BY o.time, o.event_id) AS parts
         FROM lineage.dataset_version AS o
        WHERE o.dataset = v.dataset AND o.event_id <> v.event_id
          AND o.split IS NOT NULL AND v.split IS NOT NULL
          AND o.split ->> 'seed' = v.split ->> 'seed'
          AND o.split ->> 'name' <> v.split ->> 'name'
          AND o.parent_ids = v.parent_ids AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS o ON true
  LEFT JOIN LATERAL (
       SELECT q.event_id, q.passed, q.assertions, q.tool,
              count(*) OVER () AS checks
         FROM lineage.quality_check AS q
        WHERE q.dataset_version_id = v.event_id AND q.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND q.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY q.time DESC, q.event_id DESC
        LIMIT 1
       ) AS q ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                  'source', w.source, 'cause', w.cause, 'effective_at', to_json(w.effective_at AT TIME ZONE 'UTC') #>> '{}' || 'Z',
                  'since', to_json(w.since AT TIME ZONE 'UTC') #>> '{}' || 'Z', 'batch', w.batch)
                  ORDER BY w.time, w.event_id) AS withdrawn,
              array_agg(w.event_id ORDER BY w.time, w.event_id) AS withdrawal_ids
         FROM lineage.source_withdrawal AS w
        WHERE w.source = ANY (v.sources)
          AND (w.since IS NULL OR v.time >= w.since) AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS w ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(t.field, coalesce(t.text, t.document)
                               ORDER BY t.time, t.event_id) AS statements,
              array_agg(t.event_id ORDER BY t.time, t.event_id) AS statement_ids
         FROM lineage.statement AS t
        WHERE t.valid_for_id = v.event_id AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS t ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(DISTINCT i.run_id) AS read_by,
              array_agg(DISTINCT i.event_id) AS input_ids
         FROM lineage.input AS i
        WHERE i.dataset_version_id = v.event_id AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS i ON true
 WHERE (v.event_id = %(dataset_version)s
        OR (%(dataset_version)s::uuid IS NULL AND v.dataset = %(dataset)s))
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.time DESC, v.event_id DESC
 LIMIT %(limit)s;
