-- How did the rules of controls change, and who switched one off?
--
-- %(model)s         text         null; rules are for systems, not for models
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a change, oldest first; the first setting of a rule makes one row. change: set,
-- switched_off, switched_on, loosened or tightened (severity), or changed, as nobody can
-- tell from a parameter or a digest alone which way it went.
-- Serves: regulation question Q43.
WITH pair AS (
     SELECT c.*, b.event_id AS before_id, b.enabled AS was_enabled,
            b.severity AS had_severity,
            coalesce(b.digest, c.digest_before) AS had_digest,
            coalesce(b.parameters, c.parameters_before) AS had_parameters
       FROM controls.rule AS c
       LEFT JOIN LATERAL (
            SELECT b.*
              FROM controls.rule AS b
             WHERE (b.event_id = c.previous_id
                    OR (c.previous_id IS NULL AND b.rule = c.rule
                        AND b.system IS NOT DISTINCT FROM c.system
                        AND (b.time, b.event_id) < (c.time, c.event_id)))
               AND b.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND b.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
             ORDER BY b.time DESC, b.event_id DESC
             LIMIT 1
            ) AS b ON true
      WHERE %(model)s::text IS NULL
        AND (%(since)s::timestamptz IS NULL OR c.time >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR c.time < %(until)s)
        AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
)
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
       'rule' AS kind, c.rule || coalesce(' for ' || c.system, '') AS name, x.field,
       c.before_id, x.before, x.after, x.change, coalesce(c.actor, c.identity) AS actor,
       c.reason
  FROM pair AS c
 CROSS JOIN LATERAL (
       SELECT 'rule' AS field, NULL::text AS before, NULL::text AS after,
              CASE WHEN c.enabled THEN 'set' ELSE 'switched_off' END AS change
        WHERE c.before_id IS NULL
        UNION ALL
       SELECT 'enabled', c.was_enabled::text, c.enabled::text,
              CASE WHEN c.enabled THEN 'switched_on' ELSE 'switched_off' END
        WHERE c.before_id IS NOT NULL AND c.enabled <> c.was_enabled
        UNION ALL
       SELECT 'severity', c.had_severity, c.severity,
              CASE WHEN array_position(o.words, c.severity)
                        < array_position(o.words, c.had_severity)
                   THEN 'loosened' ELSE 'tightened' END
         FROM (SELECT ARRAY['info', 'low', 'medium', 'high', 'critical'] AS words) AS o
        WHERE c.before_id IS NOT NULL AND c.severity <> c.had_severity
        UNION ALL
       SELECT 'digest', c.had_digest, c.digest, 'changed'
        WHERE c.had_digest <> c.digest
        UNION ALL
       SELECT 'parameter ' || coalesce(n.key, o.key), o.value, n.value, 'changed'
         FROM jsonb_each_text(c.parameters) AS n
         FULL JOIN jsonb_each_text(c.had_parameters) AS o ON o.key = n.key
        WHERE c.before_id IS NOT NULL AND n.value IS DISTINCT FROM o.value
       ) AS x
 ORDER BY c.time, c.event_id, x.field;
