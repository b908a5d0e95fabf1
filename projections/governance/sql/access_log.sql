-- Who read what is recorded?
--
-- %(principal)s     text         who read; null: anybody
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each event governance.access.logged; there is no table of its own for what
-- such an event would say, so that purpose and rows stay null.
-- Serves: 45 CFR 164.312(b); regulation question Q26.
SELECT e.event_id, e.time, e.sealed_at, e.origin, e.leaf, e.idx, e.identity,
       coalesce(e.actor, e.identity) AS principal, NULL::text AS role,
       NULL::text AS purpose, e.subject AS query, NULL::bigint AS rows,
       NULL::boolean AS payload_opened
  FROM integrity.event AS e
 WHERE e.type = 'governance.access.logged'
   AND (%(principal)s::text IS NULL OR coalesce(e.actor, e.identity) = %(principal)s)
   AND (%(since)s::timestamptz IS NULL OR e.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR e.time < %(until)s)
   AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY e.time, e.event_id;
