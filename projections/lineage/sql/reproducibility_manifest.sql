-- What would somebody need to run this again, and what of it is recorded?
--
-- %(run)s           uuid         start event of the run
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most one row. inputs lists what was read with digests; metrics those it reported last.
-- Serves: EU AI Act, Annex IV(2); regulation question Q16.
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       r.run, r.step, r.code ->> 'repository' AS repository, r.code ->> 'commit' AS commit,
       (r.code ->> 'dirty')::boolean AS dirty, r.code ->> 'diff_digest' AS diff_digest,
       r.code -> 'entry_command' AS entry_command,
       r.code ->> 'entry_digest' AS entry_digest,
       r.environment ->> 'python' AS python,
       r.environment ->> 'lock_digest' AS lock_digest,
       nullif(jsonb_strip_nulls(jsonb_build_object(
           'os', r.environment ->> 'os', 'machine', r.environment ->> 'machine',
           'cpu', r.environment ->> 'cpu', 'cpu_count', r.environment ->> 'cpu_count')),
           '{}') AS hardware,
       nullif(r.seeds, '{}') AS seeds,
       nullif(coalesce(r.parameters, '{}') || coalesce(u.parameters, '{}'), '{}')
           AS parameters,
       i.inputs, i.input_ids, i.undigested, u.metrics, u.update_ids,
       e.event_id AS end_id, e.outcome, nullif(e.outputs, '[]') AS outputs, e.compute,
       v.versions, v.version_ids, p.event_id AS reproduction_id,
       p.verdict AS replay_result, p.differences AS replay_differences,
       p.time AS replayed_at
  FROM lineage.run AS r
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                  'name', i.name, 'role', i.role, 'dataset', i.dataset,
                  'dataset_version', i.dataset_version_id, 'digest', i.digest,
                  'rows', i.rows) ORDER BY i.rank, i.event_id) AS inputs,
              array_agg(i.event_id ORDER BY i.rank, i.event_id) AS input_ids,
              count(*) FILTER (WHERE i.digest IS NULL) AS undigested
         FROM lineage.input AS i
        WHERE i.run_id = r.event_id AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS i ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(m ->> 'name', m -> 'value' ORDER BY u.time, u.event_id)
                  FILTER (WHERE m IS NOT NULL) AS metrics,
              (SELECT jsonb_object_agg(k.key, k.value ORDER BY o.time, o.event_id)
                 FROM lineage.run_update AS o
                CROSS JOIN LATERAL jsonb_each(o.parameters) AS k
                WHERE o.run_id = r.event_id AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) AS parameters,
              array_agg(DISTINCT u.event_id) AS update_ids
         FROM lineage.run_update AS u
         LEFT JOIN LATERAL jsonb_array_elements(u.metrics) AS m ON true
        WHERE u.run_id = r.event_id AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS u ON true
  LEFT JOIN LATERAL (
       SELECT e.*
         FROM lineage.run_end AS e
        WHERE e.run_id = r.event_id AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(v.model || ' ' || v.version ORDER BY v.time, v.event_id)
                  AS versions,
              array_agg(v.event_id ORDER BY v.time, v.event_id) AS version_ids
         FROM registry.model_version AS v
        WHERE v.run_id = r.event_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS v ON true
  LEFT JOIN LATERAL (
       SELECT p.*
         FROM lineage.reproduction AS p
        WHERE p.run_id = r.event_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY p.time DESC, p.event_id DESC
        LIMIT 1
       ) AS p ON true
 WHERE r.event_id = %(run)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity');
