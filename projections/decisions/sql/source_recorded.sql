-- Does any event name a source?
--
-- %(source)s        text         name of the source
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row. A source counts as recorded where it was registered or withdrawn, or where
-- data or a feature view say that they were drawn from it.
-- Serves: EU AI Act, Article 10; regulation question Q08.
SELECT EXISTS (
       SELECT FROM lineage.source AS s
        WHERE s.source = %(source)s
          AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) OR EXISTS (
       SELECT FROM lineage.source_withdrawal AS w
        WHERE w.source = %(source)s
          AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) OR EXISTS (
       SELECT FROM lineage.dataset AS d
        WHERE d.sources @> ARRAY[%(source)s]::varchar[]
          AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) OR EXISTS (
       SELECT FROM lineage.dataset_version AS v
        WHERE v.sources @> ARRAY[%(source)s]::varchar[]
          AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) OR EXISTS (
       SELECT FROM lineage.feature_view AS f
        WHERE f.sources @> ARRAY[%(source)s]::varchar[]
          AND f.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND f.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS recorded;
