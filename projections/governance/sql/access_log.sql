-- Who read what is recorded?
--
-- %(principal)s     text         who read; null: anybody
-- %(decisions)s     uuid[]       about one of these decisions; null: whatever it was
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first: one for each event governance.access.logged.
-- Serves: 45 CFR 164.312(b); regulation question Q26.
SELECT a.event_id, a.time, a.sealed_at, a.origin, a.leaf, a.idx, a.identity, a.kind,
       a.principal, a.role, a.purpose, a.query, a.parameters_digest, a.rows,
       a.payload_opened, a.decision_id, encode(a.subject_commitment, 'hex')
       AS subject_commitment, a.break_glass, a.reason, a.channel
  FROM governance.access AS a
 WHERE (%(principal)s::text IS NULL OR a.principal = %(principal)s)
   AND (%(decisions)s::uuid[] IS NULL OR a.decision_id = ANY (%(decisions)s))
   AND (%(since)s::timestamptz IS NULL OR a.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR a.time < %(until)s)
   AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY a.time DESC, a.event_id DESC
 LIMIT %(limit)s;
