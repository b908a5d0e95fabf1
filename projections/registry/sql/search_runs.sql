-- Which runs meet these conditions?
--
-- %(conditions)s    jsonb        conditions that must all hold, with scope, key, op and
--                                value, number or list; empty: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first, with their tags, parameters and last metrics. Times of
-- attributes are milliseconds since 1970; status is MLflow's word for the outcome.
-- Serves: registry; the filter language of MLflow.
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity, r.run,
       r.step, r.system_id, e.outcome, e.time AS ended_at, e.compute,
       coalesce(t.said, '{}') AS tags, coalesce(p.said, '{}') AS params,
       coalesce(m.said, '{}') AS metrics
  FROM lineage.run AS r
  LEFT JOIN LATERAL (
       SELECT e.outcome, e.time, e.compute
         FROM lineage.run_end AS e
        WHERE e.run_id = r.event_id
          AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(t.key, t.value) AS said
         FROM (
              SELECT DISTINCT ON (t.key) t.key, t.value
                FROM (
                     SELECT t.key, t.value, t.time, t.event_id
                       FROM registry.tag AS t
                      WHERE t.object_id = r.event_id
                        AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      UNION ALL
                     SELECT x.key, x.value, u.time, u.event_id
                       FROM lineage.run_update AS u, jsonb_each_text(u.tags) AS x
                      WHERE u.run_id = r.event_id
                        AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                     ) AS t
               ORDER BY t.key, t.time DESC, t.event_id DESC
              ) AS t
        WHERE t.value IS NOT NULL
       ) AS t ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(p.key, p.value) AS said
         FROM (
              SELECT DISTINCT ON (p.key) p.key, p.value
                FROM (
                     SELECT x.key, x.value, i.time, i.event_id
                       FROM lineage.run AS i, jsonb_each_text(i.parameters) AS x
                      WHERE i.event_id = r.event_id
                        AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      UNION ALL
                     SELECT x.key, x.value, u.time, u.event_id
                       FROM lineage.run_update AS u, jsonb_each_text(u.parameters) AS x
                      WHERE u.run_id = r.event_id
                        AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                     ) AS p
               ORDER BY p.key, p.time DESC, p.event_id DESC
              ) AS p
       ) AS p ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(m.name, m.value) AS said
         FROM (
              SELECT DISTINCT ON (m.name) m.name, m.value
                FROM (
                     SELECT x.name, x.value, u.time, u.event_id, x.place
                       FROM lineage.run_update AS u,
                            ROWS FROM (jsonb_to_recordset(u.metrics)
                                       AS (name text, value text))
                            WITH ORDINALITY AS x (name, value, place)
                      WHERE u.run_id = r.event_id
                        AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                     ) AS m
               ORDER BY m.name, m.time DESC, m.event_id DESC, m.place DESC
              ) AS m
       ) AS m ON true
 CROSS JOIN LATERAL (
       SELECT jsonb_build_object(
              'tags', t.said, 'params', p.said, 'metrics', m.said,
              'attributes', jsonb_build_object(
              'run_id', r.event_id, 'run_name', r.run, 'step', r.step,
              'user_id', r.identity, 'system', r.system_id, 'outcome', e.outcome,
              'status', CASE e.outcome WHEN 'completed' THEN 'FINISHED'
                                       WHEN 'failed' THEN 'FAILED'
                                       WHEN 'aborted' THEN 'KILLED'
                                       ELSE 'RUNNING' END,
              'start_time', floor(extract(epoch FROM r.time) * 1000),
              'end_time', floor(extract(epoch FROM e.time) * 1000))) AS said
       ) AS f
 WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND NOT EXISTS (
       SELECT
         FROM jsonb_to_recordset(%(conditions)s::jsonb)
              AS c (scope text, key text, op text, value text, number double precision,
                    list jsonb)
        CROSS JOIN LATERAL (SELECT f.said -> c.scope ->> c.key AS held) AS h
        WHERE NOT coalesce(
              CASE WHEN c.number IS NOT NULL THEN
                   CASE c.op WHEN '=' THEN h.held::double precision = c.number
                             WHEN '!=' THEN h.held::double precision <> c.number
                             WHEN '>' THEN h.held::double precision > c.number
                             WHEN '>=' THEN h.held::double precision >= c.number
                             WHEN '<' THEN h.held::double precision < c.number
                             WHEN '<=' THEN h.held::double precision <= c.number END
                   ELSE
                   CASE c.op WHEN '=' THEN h.held = c.value
                             WHEN '!=' THEN h.held <> c.value
                             WHEN 'LIKE' THEN h.held LIKE c.value
                             WHEN 'ILIKE' THEN h.held ILIKE c.value
                             WHEN 'IN' THEN c.list ? h.held END
                   END, false)
       )
 ORDER BY r.time DESC, r.event_id DESC
 LIMIT %(limit)s;
