-- Did another person look in time at an opening of payload that was called an emergency?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(within_days)s   int          days to the review
--
-- One row for each such opening. The days count from when it was known: its time, or, where
-- it was delivered late, when it was sealed. What a review is, is said where mlledger vault
-- readings has it from; one that comes late heals.
-- Serves: 45 CFR 164.308(a)(1)(ii)(D).
WITH opened AS (
SELECT a.event_id, a.principal, a.time, a.reason, a.decision_id,
       v.review_id, r.model, coalesce(a.system_id, r.system_id) AS system_id,
       v.review_id IS NULL AND greatest(a.time, a.sealed_at)
       + make_interval(days => %(within_days)s::int) < %(as_of)s AS breached
  FROM governance.access AS a
  LEFT JOIN decisions.decision AS d ON d.event_id = a.decision_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
-- include governance.access_review
 WHERE a.payload_opened AND a.break_glass
   AND a.time <= %(as_of)s AND a.sealed_at <= %(known_as_of)s
)
SELECT o.event_id AS object_id, concat('opening of payload by ', o.principal)
       AS object_name,
       o.model, o.system_id, o.breached, '' AS detail,
       CASE WHEN o.breached
            THEN concat('On ', to_char(o.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC ', o.principal, ' opened the payload of ',
                 coalesce('the decision ' || o.decision_id, 'decisions'),
                 ' as an emergency', ' ("' || o.reason || '")',
                 '; no review by another person is recorded within ', %(within_days)s::int,
                 ' days.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[o.event_id, o.decision_id, o.review_id], NULL) AS evidence
  FROM opened AS o
 ORDER BY o.time, o.event_id;
