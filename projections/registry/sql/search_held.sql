-- What does one thing hold under one name?
--
-- f                              the thing: event_id, source_run_id and attributes
-- c                              the name: scope and key
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Part of search_met.sql and search_ordered.sql. One row: held, as text; null where there
-- is no such. The one value of what search_said.sql says, without the others: of each
-- place where it can stand the newest, and of those the newest.
-- Serves: registry; the filter language of MLflow.
SELECT CASE c.scope WHEN 'attributes' THEN f.attributes ->> c.key
       WHEN 'tags' THEN (
       SELECT CASE WHEN (t.time, t.event_id) > (u.time, u.event_id) OR u.time IS NULL
                   THEN t.value ELSE u.value END
         FROM (SELECT) AS one
         LEFT JOIN (
               SELECT t.value, t.time, t.event_id
                 FROM registry.tag AS t
                WHERE t.object_id = f.event_id AND t.key = c.key
                  AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                ORDER BY t.time DESC, t.event_id DESC
                LIMIT 1
              ) AS t ON true
         LEFT JOIN (
               SELECT u.tags ->> c.key AS value, u.time, u.event_id
                 FROM lineage.run_update AS u
                WHERE u.run_id = f.event_id AND u.tags ? c.key
                  AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                ORDER BY u.time DESC, u.event_id DESC
                LIMIT 1
              ) AS u ON true)
       WHEN 'params' THEN (
       SELECT CASE WHEN (i.time, i.event_id) > (u.time, u.event_id) OR u.time IS NULL
                   THEN i.value ELSE u.value END
         FROM (SELECT) AS one
         LEFT JOIN (
               SELECT i.parameters ->> c.key AS value, i.time, i.event_id
                 FROM lineage.run AS i
                WHERE i.event_id = f.source_run_id AND i.parameters ? c.key
                  AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              ) AS i ON true
         LEFT JOIN (
               SELECT u.parameters ->> c.key AS value, u.time, u.event_id
                 FROM lineage.run_update AS u
                WHERE u.run_id = f.source_run_id AND u.parameters ? c.key
                  AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                ORDER BY u.time DESC, u.event_id DESC
                LIMIT 1
              ) AS u ON true)
       WHEN 'metrics' THEN (
       SELECT CASE WHEN (u.time, u.event_id) > (e.time, e.event_id) OR e.time IS NULL
                   THEN jsonb_path_query_array(u.metrics, '$[*] ? (@.name == $key)', w.key)
                   ELSE jsonb_path_query_array(e.metrics, w.whole, w.key) END
              -> -1 ->> 'value'
         FROM (SELECT jsonb_build_object('key', c.key) AS key,
                      '$[*] ? (@.name == $key && (!exists(@.slice) || @.slice == null))'
                      ::jsonpath AS whole,
                      jsonb_build_array(jsonb_build_object('name', c.key)) AS named
               OFFSET 0) AS w
         LEFT JOIN LATERAL (
               SELECT u.metrics, u.time, u.event_id
                 FROM lineage.run_update AS u
                WHERE u.run_id = f.source_run_id
                  AND u.metrics @> w.named
                  AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                ORDER BY u.time DESC, u.event_id DESC
                LIMIT 1
              ) AS u ON true
         LEFT JOIN LATERAL (
               SELECT e.metrics, e.time, e.event_id
                 FROM lineage.evaluation AS e
                WHERE e.model_version_id = f.event_id
                  AND jsonb_path_exists(e.metrics, w.whole, w.key)
                  AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                ORDER BY e.time DESC, e.event_id DESC
                LIMIT 1
              ) AS e ON true)
       END AS held
OFFSET 0
