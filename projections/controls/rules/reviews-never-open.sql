-- Is there a team that decides without opening the case?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(days)s          int          how many days back is looked
-- %(reviewers)s     int          persons a team must have, so that none is singled out
-- %(reviews)s       int          reviews that must be there before a team is judged
-- %(share)s         float8       share of reviews that may be decided unopened, 0 to 1
--
-- One row for each team and system; smaller teams are not shown, and no person is named.
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
SELECT s.*, s.unopened > s.reviews * %(share)s::float8 AS breached
  FROM summed AS s
 WHERE s.reviewers >= %(reviewers)s::int AND s.reviews >= %(reviews)s::int
)
SELECT NULL::uuid AS object_id, concat_ws(' of ', j.team, nullif(j.system_id, ''))
       AS object_name,
       j.model, nullif(j.system_id, '') AS system_id, j.breached, '' AS detail,
       CASE WHEN j.breached
            THEN concat('Team ', j.team, ' (', j.reviewers, ' persons) ', 'decided ', j.reviews, ' reviews, ', j.unopened, ' of them without opening the case', '.')
            ELSE ''
       END AS cause,
       j.evidence
  FROM judged AS j
 ORDER BY j.system_id, j.team;
