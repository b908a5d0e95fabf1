-- Which events were recorded, newest first? Decisions have their own list.
--
-- %(type)s          text         of this type, or family when it ends with a dot; null: all
-- %(subject)s       text         about this; null: all
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(before_time)s   timestamptz  with before_id: those that come after this one in the list
-- %(before_id)s     uuid         null: from the newest
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows in descending order of (time, event_id).
-- Serves: EU AI Act, Article 12; regulation question Q04.
SELECT e.event_id, e.time, e.sealed_at, e.origin, e.leaf, e.idx, e.identity,
       e.type, e.version, e.digest, e.identity_kind, e.subject, e.correlation_id,
       e.causation_id, e.actor, e.basis, e.system_id
  FROM integrity.event AS e
 WHERE (%(type)s::text IS NULL OR e.type = %(type)s
        OR (right(%(type)s, 1) = '.' AND starts_with(e.type, %(type)s)))
   AND (%(subject)s::text IS NULL OR e.subject = %(subject)s)
   AND (%(since)s::timestamptz IS NULL OR e.time >= %(since)s)
   AND (%(before_id)s::uuid IS NULL
        OR (e.time, e.event_id) < (%(before_time)s::timestamptz, %(before_id)s))
   AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY e.time DESC, e.event_id DESC
 LIMIT %(limit)s;
