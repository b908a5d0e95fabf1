-- Is there a team that confirms whatever the model says?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
-- %(reviewers)s     int          persons a team must have, so that none is singled out
-- %(share)s         float8       share of reviews in which a team usually decides otherwise
-- %(chance)s        float8       largest probability at which it may be mere chance
--
-- One row for each team and system; smaller teams are not shown, and no person is named.
-- A team that decides otherwise in a share s of n reviews does so in none of them with a
-- probability of (1 - s)^n: with s = 0.1 it takes 44 reviews to get below 0.01.
-- Serves: EU AI Act, Article 14(4); regulation question Q12.
WITH looked AS (
SELECT coalesce(v.system_id, r.system_id, '') AS system_id, v.team, v.reviewer, v.action,
       v.opened_at, v.decided_at, v.event_id, v.time, r.model
  FROM decisions.review AS v
  LEFT JOIN decisions.decision AS x ON x.event_id = v.decision_id
   AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
  LEFT JOIN registry.release AS r ON r.event_id = x.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE v.team IS NOT NULL
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
   AND v.time > %(as_of)s - make_interval(days => %(days)s::int)
),
summed AS (
SELECT l.system_id, l.team, min(l.model) AS model, count(*) AS reviews,
       count(DISTINCT l.reviewer) AS reviewers,
       count(*) FILTER (WHERE l.action IN ('override', 'modify', 'disregard'))
       AS overridden,
       count(*) FILTER (WHERE l.opened_at IS NULL) AS unopened,
       (array_agg(l.event_id ORDER BY l.time DESC))[1:20] AS evidence
  FROM looked AS l
 GROUP BY l.system_id, l.team
),
judged AS (
SELECT s.*,
       s.overridden = 0 AND power(1 - %(share)s::float8, s.reviews) < %(chance)s::float8
       AS breached
  FROM summed AS s
 WHERE s.reviewers >= %(reviewers)s::int
)
SELECT NULL::uuid AS object_id, concat_ws(' of ', j.team, nullif(j.system_id, ''))
       AS object_name,
       j.model, nullif(j.system_id, '') AS system_id, j.breached, '' AS detail,
       CASE WHEN j.breached
            THEN concat('Team ', j.team, ' (', j.reviewers, ' persons) ', 'reviewed ', j.reviews, ' decisions in ', %(days)s::int, ' days and never decided otherwise', '.')
            ELSE ''
       END AS cause,
       j.evidence
  FROM judged AS j
 ORDER BY j.system_id, j.team;
