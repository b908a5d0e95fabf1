-- Which models meet these conditions?
--
-- %(conditions)s    jsonb        conditions that must all hold, with scope, key, op and
--                                value, number or list; empty: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, by name, with the tags of their registration. owner, title and
-- lifecycle are as they were last changed; creation_timestamp is milliseconds since 1970.
-- Serves: registry; the filter language of MLflow.
SELECT n.model, n.event_id, n.time, n.sealed_at, n.origin, n.leaf, n.idx, n.identity,
       n.kind, n.owner, n.title, n.lifecycle, n.versions, n.newest_version, n.newest_time,
       coalesce(t.said, '{}') AS tags
  FROM (
       SELECT n.model, m.event_id, m.time, m.sealed_at, m.origin, m.leaf, m.idx, m.identity,
              m.kind, m.model_origin,
              CASE WHEN c.said ? 'owner' THEN c.said ->> 'owner' ELSE m.owner END AS owner,
              CASE WHEN c.said ? 'description' THEN c.said ->> 'description'
                   ELSE m.description END AS description,
              c.said ->> 'title' AS title, l.lifecycle,
              m.system_id, v.versions, v.newest_version, v.newest_time
         FROM (
              SELECT model FROM registry.model
               WHERE time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               UNION
              SELECT model FROM registry.model_version
               WHERE time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              ) AS n
         LEFT JOIN LATERAL (
              SELECT *
                FROM registry.model AS m
               WHERE m.model = n.model
                 AND m.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND m.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY m.time DESC, m.event_id DESC
               LIMIT 1
              ) AS m ON true
         LEFT JOIN LATERAL (
              SELECT jsonb_object_agg(f.field, f.after) AS said
                FROM (
                     SELECT DISTINCT ON (x.field) x.field, x.after
                       FROM registry.model_change AS c,
                            jsonb_to_recordset(c.changes) AS x (field text, after text)
                      WHERE c.model = n.model
                        AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                      ORDER BY x.field, c.time DESC, c.event_id DESC
                     ) AS f
              ) AS c ON true
         LEFT JOIN LATERAL (
              SELECT c.lifecycle
                FROM registry.model_change AS c
               WHERE c.model = n.model AND c.lifecycle IS NOT NULL
                 AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY c.time DESC, c.event_id DESC
               LIMIT 1
              ) AS l ON true
         LEFT JOIN LATERAL (
              SELECT count(*) AS versions, max(v.time) AS newest_time,
                     (array_agg(v.version ORDER BY v.time DESC, v.event_id DESC))[1]
                            AS newest_version
                FROM registry.model_version AS v
               WHERE v.model = n.model
                 AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              ) AS v ON true
       ) AS n
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(t.key, t.value) AS said
         FROM (
              SELECT DISTINCT ON (t.key) t.key, t.value
                FROM (
                     SELECT t.key, t.value, t.time, t.event_id
                       FROM registry.tag AS t
                      WHERE t.object_id = n.event_id
                        AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                        AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                     ) AS t
               ORDER BY t.key, t.time DESC, t.event_id DESC
              ) AS t
        WHERE t.value IS NOT NULL
       ) AS t ON true
 CROSS JOIN LATERAL (
       SELECT jsonb_build_object(
              'tags', t.said,
              'attributes', jsonb_build_object(
              'name', n.model, 'kind', n.kind, 'origin', n.model_origin,
              'owner', n.owner, 'title', n.title, 'lifecycle', n.lifecycle,
              'system', n.system_id, 'versions', n.versions,
              'creation_timestamp', floor(extract(epoch FROM n.time) * 1000))) AS said
       ) AS f
 WHERE true
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
 ORDER BY n.model
 LIMIT %(limit)s;
