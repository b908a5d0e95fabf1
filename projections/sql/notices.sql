-- Which events may somebody want to be told of?
--
-- %(positions)s  jsonb   origin to number of leaves looked at already; null: none is new
-- %(events)s     uuid[]  these events, whatever their positions; null: none
--
-- One row for each event, in the order of the log. Serves: alerts.
WITH told AS (
SELECT event_id, 'model' AS topic, 'new model ' || model AS title, NULL AS severity,
       model, jsonb_build_object('owner', owner) AS data
  FROM registry.model
 UNION ALL
SELECT event_id, 'version', 'new version ' || version || ' of ' || model, NULL, model,
       jsonb_build_object('version', version, 'artifact_digest', artifact_digest)
  FROM registry.model_version
 UNION ALL
SELECT event_id, 'release', 'new release ' || release, NULL, model,
       jsonb_build_object('release', release, 'version', version,
                          'change_class', change_class)
  FROM registry.release
 UNION ALL
SELECT w.event_id, 'withdrawal',
       'release ' || coalesce(r.release, w.release_id::text) || ' ' || w.kind, NULL,
       r.model, jsonb_build_object('release', r.release, 'reason', w.reason)
  FROM registry.release_withdrawal AS w
  LEFT JOIN registry.release AS r ON r.event_id = w.release_id
 UNION ALL
SELECT event_id, 'withdrawal', 'source ' || source || ' withdrawn: ' || cause, NULL,
       NULL, jsonb_build_object('source', source, 'action_required', action_required)
  FROM lineage.source_withdrawal
 UNION ALL
SELECT d.event_id, 'deployment',
       'release ' || coalesce(r.release, d.release_id::text) || ' runs in '
       || d.environment || CASE WHEN d.emergency THEN ', in an emergency' ELSE '' END,
       NULL, r.model,
       jsonb_build_object('environment', d.environment, 'service', d.service,
                          'role', d.role, 'emergency', d.emergency)
  FROM registry.deployment AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
 UNION ALL
SELECT event_id,
       CASE WHEN rule IN ('review-overdue', 'validation-overdue', 'drift-without-review')
            THEN 'review' ELSE 'finding' END,
       'finding: ' || cause, severity, model,
       jsonb_build_object('finding', finding, 'rule', rule, 'object', object_name,
                          'due', due)
  FROM controls.finding
 UNION ALL
SELECT b.event_id, 'finding', 'finding again: ' || b.reason, f.severity, f.model,
       jsonb_build_object('finding', b.finding, 'rule', f.rule)
  FROM controls.finding_reopening AS b
  LEFT JOIN LATERAL (
       SELECT f.severity, f.model, f.rule
         FROM controls.finding AS f
        WHERE f.finding = b.finding
        ORDER BY f.time, f.event_id
        LIMIT 1
       ) AS f ON true
 UNION ALL
SELECT event_id, 'incident', 'incident ' || incident || ': ' || title, severity, NULL,
       jsonb_build_object('incident', incident, 'aware_at', aware_at)
  FROM governance.incident
),
wanted AS (
SELECT e.event_id
  FROM jsonb_each_text(%(positions)s::jsonb) AS p (origin, leaves)
  JOIN integrity.event AS e ON e.origin = p.origin AND e.leaf >= p.leaves::bigint
 UNION
SELECT unnest(%(events)s::uuid[])
)
SELECT e.event_id, 'sha256:' || encode(e.digest, 'hex') AS digest, e.type, told.topic,
       e.time, e.origin AS source, told.title, told.severity, e.system_id AS system,
       told.model, jsonb_strip_nulls(told.data) AS data
  FROM wanted
  JOIN integrity.event AS e USING (event_id)
  JOIN told USING (event_id)
 ORDER BY e.sealed_at, e.origin, e.leaf, e.idx;
