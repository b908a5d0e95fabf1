-- Which tags, parameters and metrics does one thing have?
--
-- f                              the thing: event_id and source_run_id
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Part of search_newest.sql and search_ordered.sql, asked for the rows of a page alone. One
-- row: its tags (of a run also those that the run said), and the parameters and last
-- metrics of its run, and of tests of it; of tests those of the whole population.
-- search_held.sql finds one of them.
-- Serves: registry; the filter language of MLflow.
SELECT coalesce(t.said, '{}') AS tags, coalesce(p.said, '{}') AS params,
       coalesce(m.said, '{}') AS metrics
  FROM (
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
       ) AS t,
       (
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
       ) AS p,
       (
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
       ) AS m
