-- Which reports about something were issued at a moment?
--
-- %(report)s        text         identifier of the kind of report, such as R5
-- %(subject)s       uuid         what they are about
-- %(since)s         timestamptz  issued then or later
-- %(until)s         timestamptz  issued then or earlier
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each, oldest first.
-- Serves: EU AI Act, Article 18(1); regulation question Q28.
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       r.digest, r.positions
  FROM lineage.report AS r
 WHERE r.report = %(report)s AND r.subject_id = %(subject)s
   AND r.time BETWEEN %(since)s AND %(until)s
   AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY r.time, r.event_id;
