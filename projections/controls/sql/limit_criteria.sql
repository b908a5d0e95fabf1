-- How did the limits change that models are tested against?
--
-- %(model)s         text         name of the model; null: all
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a criterion, oldest first, beside the one it replaces: the one it names, else
-- the newest before it of the same model, metric and slice. change: set, loosened,
-- tightened, turned (other direction) or same.
-- Serves: EU AI Act, Article 9(8); regulation question Q43.
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
       'criterion' AS kind, c.model AS name,
       c.metric || coalesce(' of ' || c.slice, '') AS field,
       b.event_id AS before_id, b.limit_value::text AS before,
       c.limit_value::text AS after,
       CASE WHEN b.event_id IS NULL THEN 'set'
            WHEN b.direction <> c.direction THEN 'turned'
            WHEN b.limit_value = c.limit_value THEN 'same'
            WHEN (c.direction = 'at_least') = (c.limit_value < b.limit_value)
            THEN 'loosened' ELSE 'tightened' END AS change,
       c.identity AS actor, NULL::text AS reason
  FROM lineage.criterion AS c
  LEFT JOIN LATERAL (
       SELECT b.*
         FROM lineage.criterion AS b
        WHERE (b.event_id = c.previous_id
               OR (c.previous_id IS NULL AND b.model = c.model AND b.metric = c.metric
                   AND b.slice IS NOT DISTINCT FROM c.slice
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
 ORDER BY c.time, c.event_id;
