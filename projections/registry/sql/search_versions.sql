-- Which model versions meet these conditions?
--
-- %(conditions)s    jsonb        conditions that must all hold, with scope, key, op and
--                                value, number or list; empty: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first, with their tags, and the parameters and last metrics
-- of their run and tests; of tests those of the whole population. creation_timestamp is
-- milliseconds since 1970.
-- Serves: registry; the filter language of MLflow.
SELECT v.event_id, v.time, v.sealed_at, v.origin, v.leaf, v.idx, v.identity, v.model,
       v.version, v.artifact_digest, v.run_id, v.framework, v.license, v.system_id,
       coalesce(t.said, '{}') AS tags, coalesce(p.said, '{}') AS params,
       coalesce(m.said, '{}') AS metrics
  FROM registry.model_version AS v
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(t.key, t.value) AS said
         FROM (
              SELECT DISTINCT ON (t.key) t.key, t.value
                FROM (
                     SELECT t.key, t.value, t.time, t.event_id
                       FROM registry.tag AS t
                      WHERE t.object_id = v.event_id
                        AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
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
                      WHERE i.event_id = v.run_id
                        AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      UNION ALL
                     SELECT x.key, x.value, u.time, u.event_id
                       FROM lineage.run_update AS u, jsonb_each_text(u.parameters) AS x
                      WHERE u.run_id = v.run_id
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
                      WHERE u.run_id = v.run_id
                        AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      UNION ALL
                     SELECT x.name, x.value, t.time, t.event_id, x.place
                       FROM lineage.evaluation AS t,
                            ROWS FROM (jsonb_to_recordset(t.metrics)
                                       AS (name text, value text, slice text))
                            WITH ORDINALITY AS x (name, value, slice, place)
                      WHERE t.model_version_id = v.event_id AND x.slice IS NULL
                        AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                     ) AS m
               ORDER BY m.name, m.time DESC, m.event_id DESC, m.place DESC
              ) AS m
       ) AS m ON true
 CROSS JOIN LATERAL (
       SELECT jsonb_build_object(
              'tags', t.said, 'params', p.said, 'metrics', m.said,
              'attributes', jsonb_build_object(
              'name', v.model, 'version', v.version, 'run_id', v.run_id,
              'model_version_id', v.event_id, 'artifact_digest', v.artifact_digest,
              'framework', v.framework, 'license', v.license, 'system', v.system_id,
              'user_id', v.identity,
              'creation_timestamp', floor(extract(epoch FROM v.time) * 1000))) AS said
       ) AS f
 WHERE v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
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
 ORDER BY v.time DESC, v.event_id DESC
 LIMIT %(limit)s;
