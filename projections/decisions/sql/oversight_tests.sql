-- When was it tried whether a system can be stopped?
--
-- %(system)s        text         name of the AI system; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a test, oldest first.
-- Serves: EU AI Act, Article 14(4)(e); regulation question Q12.
SELECT t.event_id, t.time, t.sealed_at, t.origin, t.leaf, t.idx, t.identity,
       t.system, t.passed, t.seconds
  FROM decisions.stop_test AS t
 WHERE (%(system)s::text IS NULL OR t.system = %(system)s)
   AND (%(since)s::timestamptz IS NULL OR t.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR t.time < %(until)s)
   AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY t.time, t.event_id;
