-- Which models are there, and when was each last heard of?
--
-- %(model)s         text         one model; null: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each name that was registered or has a version, by name; what no
-- registration said is null. title, owner, description and lifecycle are as they were
-- last changed; the name of a model stays.
-- Serves: inventory; regulation question Q18.
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
 WHERE %(model)s::text IS NULL OR n.model = %(model)s
 ORDER BY n.model;
