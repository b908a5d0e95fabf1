-- Which payloads were opened in an emergency, and who looked at it afterwards?
--
-- %(event)s         uuid         this reading; null: all
-- %(open)s          boolean      only those that nobody reviewed
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first: one for each opening that its reader called an
-- emergency. review_id and what follows are null where no other person is recorded to have
-- reviewed it.
-- Serves: 45 CFR 164.308(a)(1)(ii)(D).
SELECT a.event_id, a.time, a.sealed_at, a.origin, a.leaf, a.idx, a.identity, a.principal,
       a.role, a.purpose, a.decision_id, a.reason, v.review_id, v.reviewed_by,
       v.reviewed_at, v.finding, v.document
  FROM governance.access AS a
-- include access_review
 WHERE a.payload_opened AND a.break_glass
   AND (%(event)s::uuid IS NULL OR a.event_id = %(event)s)
   AND (NOT %(open)s::boolean OR v.review_id IS NULL)
   AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY a.time DESC, a.event_id DESC
 LIMIT %(limit)s;
