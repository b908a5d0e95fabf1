-- Which erasures were asked for or due, what was done, and what remains?
--
-- %(request)s       text         number of the request; null: all
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, oldest first: a request with its answer and its deletion, a request
-- without one, or a deletion on schedule. decisions counts those whose payload was
-- deleted; retained is what a duty or hold left in place, residuals what remains.
-- Serves: GDPR, Article 17; regulation question Q25.
SELECT q.event_id AS request_id, q.request, q.received_at, q.due,
       y.event_id AS answer_id, y.outcome, y.answered_at, y.provision,
       x.event_id AS deletion_id, x.cause, x.rule, x.method, x.deleted_at,
       cardinality(x.decision_ids) AS decisions, x.retained, x.residuals,
       x.backup_clear_by,
       CASE WHEN y.answered_at IS NULL THEN NULL ELSE y.answered_at > q.due END
           AS answered_late
  FROM (
       SELECT q.*
         FROM governance.request AS q
        WHERE q.kind = 'erasure' AND q.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND q.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS q
  FULL JOIN (
       SELECT x.*
         FROM decisions.payload_deletion AS x
        WHERE x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS x ON x.request_id = q.event_id
  LEFT JOIN LATERAL (
       SELECT y.*
         FROM governance.request_answer AS y
        WHERE y.request_id = q.event_id AND y.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND y.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY y.time DESC, y.event_id DESC
        LIMIT 1
       ) AS y ON true
 WHERE (%(request)s::text IS NULL OR q.request = %(request)s)
   AND (%(since)s::timestamptz IS NULL OR coalesce(q.received_at, x.time) >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR coalesce(q.received_at, x.time) < %(until)s)
 ORDER BY coalesce(q.received_at, x.time), coalesce(q.event_id, x.event_id)
 LIMIT %(limit)s;
