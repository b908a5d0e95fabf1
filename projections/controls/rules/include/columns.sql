-- served: the columns each deployment was last seen to be asked with; trained: those its
-- version was trained with, as the version says, or else as its training sketch shows.
-- captured: the sketch is of a sample of captured payload, which holds answers as well,
-- knows JSON's types alone, and no order. Needs live.
sketched AS MATERIALIZED (
SELECT l.deployment_id, l.name, l.model, l.version, l.version_id, l.system_id,
       s.event_id AS sketch_id, s.window_to, s.rows, s.columns,
       s.sample_digest IS NOT NULL AS captured,
       t.event_id AS training_id, t.columns AS training_columns, v.inputs, v.outputs,
       concat('between ', to_char(s.window_from AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
       ' and ', to_char(s.window_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' (',
       s.rows, ' rows)') AS seen
  FROM live AS l
  JOIN registry.model_version AS v ON v.event_id = l.version_id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
  JOIN LATERAL (
       SELECT s.event_id, s.window_from, s.window_to, s.rows, s.columns,
              s.sample_digest
         FROM controls.sketch AS s
        WHERE s.deployment_id = l.deployment_id AND s.rows > 0
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        ORDER BY s.window_to DESC, s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
  LEFT JOIN LATERAL (
       SELECT t.event_id, t.columns
         FROM controls.sketch AS t
        WHERE t.run_id = v.run_id
          AND t.time <= %(as_of)s AND t.sealed_at <= %(known_as_of)s
        ORDER BY t.time DESC, t.event_id DESC
        LIMIT 1
       ) AS t ON true
),
served AS MATERIALIZED (
SELECT s.deployment_id, c.seen ->> 'name' AS feature, c.seen ->> 'type' AS type,
       c.rank, c.seen, s.captured
  FROM sketched AS s
 CROSS JOIN LATERAL jsonb_array_elements(s.columns) WITH ORDINALITY AS c (seen, rank)
),
trained AS MATERIALIZED (
SELECT s.deployment_id, c.taken ->> 'name' AS feature, c.taken ->> 'type' AS type,
       c.rank
  FROM sketched AS s
 CROSS JOIN LATERAL jsonb_array_elements(
       coalesce(nullif(s.inputs, '[]'), s.training_columns)
       ) WITH ORDINALITY AS c (taken, rank)
),
