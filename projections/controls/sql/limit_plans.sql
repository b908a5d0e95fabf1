-- How did monitoring plans change: limits, intervals, monitors, switches?
--
-- %(model)s         text         name of the model; null: all
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a change, oldest first; a plan without one before it makes one row. change: set,
-- switched_off, switched_on, loosened (a wider limit, a longer interval, a smaller share,
-- a monitor taken away), tightened or turned.
-- Serves: EU AI Act, Article 72(1); regulation question Q43.
WITH pair AS (
     SELECT c.*, b.event_id AS before_id, b.enabled AS was_enabled,
            b.monitors AS had_monitors, to_jsonb(b) AS had
       FROM controls.plan AS c
       LEFT JOIN LATERAL (
            SELECT b.*
              FROM controls.plan AS b
             WHERE (b.event_id = c.previous_id
                    OR (c.previous_id IS NULL AND b.model = c.model
                        AND (b.time, b.event_id) < (c.time, c.event_id)))
               AND b.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND b.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
             ORDER BY b.time DESC, b.event_id DESC
             LIMIT 1
            ) AS b ON true
      WHERE (%(model)s::text IS NULL OR c.model = %(model)s)
        AND (%(since)s::timestamptz IS NULL OR c.time >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR c.time < %(until)s)
        AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
)
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
       'plan' AS kind, c.model AS name, x.field, c.before_id, x.before, x.after, x.change,
       c.identity AS actor, c.reason
  FROM pair AS c
 CROSS JOIN LATERAL (
       SELECT 'plan' AS field, NULL::text AS before, NULL::text AS after,
              CASE WHEN c.enabled THEN 'set' ELSE 'switched_off' END AS change
        WHERE c.before_id IS NULL
        UNION ALL
       SELECT 'enabled', c.was_enabled::text, c.enabled::text,
              CASE WHEN c.enabled THEN 'switched_on' ELSE 'switched_off' END
        WHERE c.before_id IS NOT NULL AND c.enabled <> c.was_enabled
        UNION ALL
       SELECT f.key, f.before::text, f.after::text,
              CASE WHEN (f.after IS NULL OR f.after > f.before) = f.longer_is_looser
                   THEN 'loosened' ELSE 'tightened' END
         FROM (VALUES
              ('measure_every_days', c.measure_every_days, true),
              ('review_within_days', c.review_within_days, true),
              ('review_every_days', c.review_every_days, true),
              ('validate_every_days', c.validate_every_days, true),
              ('retrain_every_days', c.retrain_every_days, true),
              ('label_within_days', c.label_within_days, true),
              ('label_share', -c.label_share, true)
              ) AS v (key, after, longer_is_looser)
        CROSS JOIN LATERAL (
              SELECT v.key, v.longer_is_looser, v.after,
                     CASE WHEN v.key = 'label_share' THEN -1 ELSE 1 END
                     * (c.had ->> v.key)::float8 AS before
              ) AS f
        WHERE c.before_id IS NOT NULL AND f.after IS DISTINCT FROM f.before
        UNION ALL
       SELECT 'monitor ' || coalesce(n.monitor, o.monitor)
                  || coalesce(' ' || coalesce(n.feature, o.feature), ''),
              o."limit"::text, n."limit"::text,
              CASE WHEN n.monitor IS NULL THEN 'loosened'
                   WHEN o.monitor IS NULL THEN 'tightened'
                   WHEN n.direction <> o.direction THEN 'turned'
                   WHEN n."limit" IS NULL THEN 'loosened'
                   WHEN o."limit" IS NULL THEN 'tightened'
                   WHEN (n.direction = 'at_least') = (n."limit" < o."limit")
                   THEN 'loosened' ELSE 'tightened' END
         FROM jsonb_to_recordset(c.monitors) AS n (monitor text, metric text,
                  feature text, "limit" float8, direction text)
         FULL JOIN jsonb_to_recordset(c.had_monitors) AS o (monitor text, metric text,
                  feature text, "limit" float8, direction text)
           ON o.monitor = n.monitor AND o.metric = n.metric
          AND coalesce(o.feature, '') = coalesce(n.feature, '')
        WHERE c.before_id IS NOT NULL
          AND (n.monitor, n."limit", n.direction)
              IS DISTINCT FROM (o.monitor, o."limit", o.direction)
       ) AS x
 ORDER BY c.time, c.event_id, x.field;
