-- candidate: the versions that ran then, and those released, or asked to be approved, in
-- the last %(recent_days)s days and neither withdrawn nor refused. Needs live.
recent AS (
SELECT r.event_id AS object_id, r.model_version_id AS version_id
  FROM registry.release AS r
 WHERE r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
   AND r.time > %(as_of)s - make_interval(days => %(recent_days)s::int)
 UNION
SELECT q.object_id, coalesce(r.model_version_id, q.object_id)
  FROM registry.approval_request AS q
  LEFT JOIN registry.release AS r ON r.event_id = q.object_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE q.time <= %(as_of)s AND q.sealed_at <= %(known_as_of)s
   AND q.time > %(as_of)s - make_interval(days => %(recent_days)s::int)
),
wanted AS (
SELECT l.version_id
  FROM live AS l
 UNION
SELECT r.version_id
  FROM recent AS r
  LEFT JOIN LATERAL (
       SELECT a.decision
         FROM registry.approval AS a
        WHERE a.object_id = r.object_id
          AND a.time <= %(as_of)s AND a.sealed_at <= %(known_as_of)s
        ORDER BY a.time DESC, a.event_id DESC
        LIMIT 1
       ) AS a ON true
 WHERE NOT coalesce(a.decision = 'reject', false)
   AND NOT EXISTS (
       SELECT FROM registry.release_withdrawal AS w
        WHERE w.release_id = r.object_id AND w.effective_at <= %(as_of)s
          AND w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s)
   AND NOT EXISTS (
       SELECT FROM registry.model_version_withdrawal AS w
        WHERE w.model_version_id = r.version_id AND w.effective_at <= %(as_of)s
          AND w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s)
),
candidate AS MATERIALIZED (
SELECT v.event_id AS version_id, v.time, v.model, v.version, v.run_id, v.inputs,
       v.outputs, v.system_id, concat(v.model, ' ', v.version) AS name
  FROM registry.model_version AS v
 WHERE v.event_id IN (SELECT w.version_id FROM wanted AS w)
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
),
