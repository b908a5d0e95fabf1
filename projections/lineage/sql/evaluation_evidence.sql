-- Which tests speak for a release, and were their limits set before?
--
-- %(release)s         uuid         tests of its model version; null: by model version
-- %(model_version)s   uuid         tests of this model version; null: by release
-- %(limit)s           bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit tests, oldest first. threshold_predefined: yes when every criterion it
-- names was set before the test, by both their times, and sealed no later than it; no
-- when one was not; unknown when a criterion that it names is not recorded. overlap:
-- none, rows or not_checked. signer: who signed the test.
-- Serves: EU AI Act, Articles 9(8) and 15(1); regulation question Q17.
SELECT t.event_id, t.time, t.sealed_at, t.origin, t.leaf, t.idx, t.identity,
       v.model, v.version, t.model_version_id, t.kind, t.metrics, t.passed, t.tool,
       t.dataset_version_id, s.dataset, s.event_id AS dataset_id, s.split ->> 'name'
           AS dataset_part, s.digest AS dataset_digest,
       c.thresholds, c.criterion_ids,
       CASE WHEN cardinality(t.criteria) = 0 THEN NULL
            WHEN c.after > 0 THEN 'no'
            WHEN coalesce(c.known, 0) < cardinality(t.criteria) THEN 'unknown'
            ELSE 'yes' END AS threshold_predefined,
       t.overlap_rows,
       CASE WHEN t.overlap_rows IS NULL THEN NULL
            WHEN t.overlap_rows = 0 THEN 'none' ELSE 'rows' END AS overlap,
       t.identity AS signer, e.identity_kind AS signer_kind
  FROM lineage.evaluation AS t
  LEFT JOIN registry.model_version AS v ON v.event_id = t.model_version_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN lineage.dataset_version AS s ON s.event_id = t.dataset_version_id AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN integrity.event AS e ON e.event_id = t.event_id
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                  'metric', c.metric, 'slice', c.slice, 'limit', c.limit_value,
                  'direction', c.direction, 'baseline', c.baseline,
                  'baseline_value', c.baseline_value, 'set_at', to_json(c.time AT TIME ZONE 'UTC') #>> '{}' || 'Z',
                  'set_by', c.identity) ORDER BY c.time, c.event_id) AS thresholds,
              array_agg(c.event_id ORDER BY c.time, c.event_id) AS criterion_ids,
              count(*) AS known,
              count(*) FILTER (WHERE c.time > t.time OR c.sealed_at > t.sealed_at) AS after
         FROM lineage.criterion AS c
        WHERE c.event_id = ANY (t.criteria) AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS c ON true
 WHERE t.model_version_id = coalesce(%(model_version)s::uuid, (
       SELECT r.model_version_id
         FROM registry.release AS r
        WHERE r.event_id = %(release)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')))
   AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY t.time, t.event_id
 LIMIT %(limit)s;
