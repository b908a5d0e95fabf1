-- When was a system in use, and who verified what it found?
--
-- %(system)s        text         name of the AI system; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit sessions, oldest first. two_verified: two different persons are named.
-- Serves: EU AI Act, Article 12(3); regulation question Q29.
SELECT u.event_id, u.time, u.sealed_at, u.origin, u.leaf, u.idx, u.identity,
       u.deployment_id, p.environment, p.service,
       coalesce(u.system_id, p.system_id) AS system, u.started_at, u.ended_at, u.operator,
       u.reference_database, u.verified_by,
       (SELECT count(DISTINCT x) FROM unnest(u.verified_by) AS x) >= 2 AS two_verified
  FROM decisions.session AS u
  LEFT JOIN registry.deployment AS p ON p.event_id = u.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE (%(system)s::text IS NULL OR coalesce(u.system_id, p.system_id) = %(system)s)
   AND (%(since)s::timestamptz IS NULL OR u.ended_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR u.started_at < %(until)s)
   AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY u.started_at, u.event_id
 LIMIT %(limit)s;
