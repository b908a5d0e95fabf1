-- What of all that is searched meets the conditions?
--
-- found                          search_models.sql, search_versions.sql or search_runs.sql
-- %(conditions)s    jsonb        conditions that must all hold, with scope, key, op and
--                                value, number or list; empty: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Part of search_newest.sql and search_ordered.sql. Each with its tags (of a run also those
-- that the run said), and with the parameters and last metrics of its run, and of tests of
-- it; of tests those of the whole population.
-- Serves: registry; the filter language of MLflow.
SELECT f.*, coalesce(t.said, '{{}}') AS tags, coalesce(p.said, '{{}}') AS params,
       coalesce(m.said, '{{}}') AS metrics
  FROM ({found}) AS f
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(t.key, t.value) AS said
         FROM (
              SELECT DISTINCT ON (t.key) t.key, t.value
                FROM (
                     SELECT t.key, t.value, t.time, t.event_id
                       FROM registry.tag AS t
                      WHERE t.object_id = f.event_id
                        AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      UNION ALL
                     SELECT x.key, x.value, u.time, u.event_id
                       FROM lineage.run_update AS u, jsonb_each_text(u.tags) AS x
                      WHERE u.run_id = f.event_id
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
                      WHERE i.event_id = f.source_run_id
                        AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      UNION ALL
                     SELECT x.key, x.value, u.time, u.event_id
                       FROM lineage.run_update AS u, jsonb_each_text(u.parameters) AS x
                      WHERE u.run_id = f.source_run_id
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
                      WHERE u.run_id = f.source_run_id
                        AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      UNION ALL
                     SELECT x.name, x.value, e.time, e.event_id, x.place
                       FROM lineage.evaluation AS e,
                            ROWS FROM (jsonb_to_recordset(e.metrics)
                                       AS (name text, value text, slice text))
                            WITH ORDINALITY AS x (name, value, slice, place)
                      WHERE e.model_version_id = f.event_id AND x.slice IS NULL
                        AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                     ) AS m
               ORDER BY m.name, m.time DESC, m.event_id DESC, m.place DESC
              ) AS m
       ) AS m ON true
 WHERE NOT EXISTS (
       SELECT
         FROM jsonb_to_recordset(%(conditions)s::jsonb)
              AS c (scope text, key text, op text, value text, number double precision,
                    list jsonb)
        CROSS JOIN LATERAL (
              SELECT CASE c.scope WHEN 'tags' THEN t.said WHEN 'params' THEN p.said
                                  WHEN 'metrics' THEN m.said ELSE f.attributes END
                     ->> c.key AS held
              ) AS h
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
