-- Were the criteria of a test set before its result was there?
--
-- %(as_of)s           timestamptz  when it was true
-- %(known_as_of)s     timestamptz  what had been sealed by then
-- %(recent_days)s     int          days for which a release or request makes a candidate
-- %(seal_grace_s)s    int          seconds by which criteria may be sealed after the test
--
-- One row for each criterion of the newest tests of live versions and candidates. A time is
-- a claim; so a criterion also comes after the test when it was sealed later than the test
-- by more than the grace, or is not known to the ledger at all.
-- Serves: EU AI Act, Article 9(8).
WITH
-- include live
-- include candidate
-- include judgement
tested AS (
SELECT c.version_id, c.name, c.model, c.system_id, j.what, j.event_id, j.time,
       k.criterion_id, s.event_id IS NULL AS unknown, s.metric, s.time AS set_at,
       s.sealed_at AS set_sealed_at,
       s.time > j.time AS later,
       s.sealed_at > j.sealed_at + make_interval(secs => %(seal_grace_s)s::int)
       AS sealed_later,
       s.event_id IS NULL
       AND j.sealed_at + make_interval(secs => %(seal_grace_s)s::int) < %(known_as_of)s
       AS never
  FROM judgements AS j
  JOIN candidate AS c ON c.version_id = j.version_id
 CROSS JOIN LATERAL unnest(j.criteria) AS k (criterion_id)
  LEFT JOIN lineage.criterion AS s ON s.event_id = k.criterion_id
   AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
),
judged AS (
SELECT t.*, coalesce(t.later OR t.sealed_later, false) OR t.never AS breached
  FROM tested AS t
)
SELECT j.version_id AS object_id, j.name AS object_name, j.model, j.system_id, j.breached,
       concat(j.what, ' ', j.criterion_id) AS detail,
       CASE WHEN NOT j.breached THEN ''
            WHEN j.never
            THEN concat('The ', j.what, ' of ', j.name,
                 ' was held against a criterion that the ledger does not hold.')
            WHEN j.later
            THEN concat('The criterion for ', j.metric, ' was set at ',
                 to_char(j.set_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ', after the ',
                 j.what, ' of ', j.name, ' at ',
                 to_char(j.time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), '.')
            ELSE concat('The criterion for ', j.metric, ' came to the ledger at ',
                 to_char(j.set_sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ', after the result of the ', j.what, ' of ', j.name, '.')
       END AS cause,
       ARRAY[j.version_id, j.event_id, j.criterion_id] AS evidence
  FROM judged AS j
 ORDER BY j.version_id, detail;
