-- Which rules and gates need not be kept at a moment, and what is done instead?
--
-- %(system)s        text         of this AI system; null: all
-- %(now)s           timestamptz  moment asked for where as_of is null
-- %(as_of)s         timestamptz  when it was true; null: now
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each exception in force, the one that ends first first. system_id is that
-- of the exception, else of its object's event.
-- Serves: SR 26-2; OSFI E-23; regulation question Q37.
SELECT x.event_id, x.time, x.sealed_at, x.origin, x.leaf, x.idx, x.identity,
       x.exception, x.policy, x.object_id, e.type AS object_type,
       coalesce(x.system, x.system_id, e.system_id) AS system, x.reason,
       x.compensating_control, x.approver, x.approver = x.identity AS signed_by_approver,
       x.expires,
       floor(extract(epoch FROM x.expires - coalesce(%(as_of)s::timestamptz, %(now)s))
             / 86400)::bigint AS days_left
  FROM governance.exception AS x
  LEFT JOIN integrity.event AS e ON e.event_id = x.object_id
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE (%(system)s::text IS NULL
        OR coalesce(x.system, x.system_id, e.system_id) = %(system)s)
   AND x.time <= coalesce(%(as_of)s::timestamptz, %(now)s)
   AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND x.expires > coalesce(%(as_of)s::timestamptz, %(now)s)
   AND NOT EXISTS (
       SELECT FROM governance.exception_end AS z
        WHERE z.exception_id = x.event_id
          AND z.time <= coalesce(%(as_of)s::timestamptz, %(now)s)
          AND z.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       )
 ORDER BY x.expires, x.event_id;
