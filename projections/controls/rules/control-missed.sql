-- Was a rule not checked for longer than it may wait?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(grace_hours)s   int          hours by which a check may be late
--
-- One row a rule that is on for all systems. A rule waits a day unless it was set otherwise.
-- Serves: EU AI Act, Article 17(1); SR 26-2, ongoing monitoring; regulation question Q43.
WITH setting AS (
SELECT DISTINCT ON (r.rule) r.rule, r.event_id, r.system_id, r.enabled, r.every_s
  FROM controls.rule AS r
 WHERE r.system IS NULL AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 ORDER BY r.rule, r.time DESC, r.event_id DESC
),
heard AS (
SELECT s.rule, s.event_id, s.system_id,
       make_interval(secs => coalesce(s.every_s, 86400)) AS every,
       coalesce(c.time, f.time) AS last, c.event_id AS check_id
  FROM setting AS s
  LEFT JOIN LATERAL (
       SELECT c.time, c.event_id
         FROM controls.check_run AS c
        WHERE c.rule = s.rule AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
        ORDER BY c.time DESC, c.event_id DESC
        LIMIT 1
       ) AS c ON true
 CROSS JOIN LATERAL (
       SELECT min(f.time) AS time
         FROM controls.rule AS f
        WHERE f.rule = s.rule AND f.time <= %(as_of)s AND f.sealed_at <= %(known_as_of)s
       ) AS f
 WHERE s.enabled
),
judged AS (
SELECT h.*,
       h.last + h.every + make_interval(hours => %(grace_hours)s::int) < %(as_of)s
       AS breached
  FROM heard AS h
)
SELECT NULL::uuid AS object_id, j.rule AS object_name, NULL::text AS model, j.system_id,
       j.breached, '' AS detail,
       CASE WHEN j.breached
            THEN concat('The rule ', j.rule, ' was last checked on ',
                 to_char(j.last AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; it is due every ', round(extract(epoch FROM j.every) / 3600),
                 ' hours.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[j.event_id, j.check_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.rule;
