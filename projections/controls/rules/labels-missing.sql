-- Do enough decisions get their outcome in time to know whether the model is right?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(window_days)s   int          days of decisions that are looked at
-- %(sample)s        int          newest decisions looked at, for each deployment
-- %(rows)s          int          decisions that must be there before a share is judged
-- %(share)s         float8       share with an outcome where the plan names none, 0 to 1
--
-- One row for each model that runs and whose plan says within how many days an outcome is
-- due, if decisions are that old: the window ends when the last of them became due. A
-- decision that arrived late has its days from when it was sealed. An outcome that can no
-- longer be known counts as one; a shadow's decisions have none.
-- Serves: EU AI Act, Articles 15(3) and 72(1).
WITH
-- include live
-- include plan
deployed AS (
SELECT p.model, d.event_id AS deployment_id,
       %(as_of)s - make_interval(secs => p.label_within_days * 86400) AS until,
       %(as_of)s - make_interval(secs => p.label_within_days * 86400)
       - make_interval(days => %(window_days)s::int) AS begin
  FROM plan AS p
  JOIN registry.release AS r ON r.model = p.model
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  JOIN registry.deployment AS d ON d.release_id = r.event_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
 WHERE p.label_within_days IS NOT NULL
),
decided AS (
SELECT e.model, e.begin, e.until, d.event_id, d.known
  FROM deployed AS e
 CROSS JOIN LATERAL (
       SELECT d.event_id, EXISTS (
              SELECT FROM decisions.outcome AS o
               WHERE o.decision_id = d.event_id
                 AND o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s) AS known
         FROM decisions.decision AS d
        WHERE d.deployment_id = e.deployment_id
          AND d.time > e.begin AND d.time <= e.until
          AND d.sealed_at <= e.until AND d.sealed_at <= %(known_as_of)s
          AND d.mode <> 'shadow'
        ORDER BY d.time DESC
        LIMIT %(sample)s::int
       ) AS d
),
counted AS (
SELECT d.model, d.begin, d.until, count(*) AS rows,
       count(*) FILTER (WHERE d.known) AS known, min(d.event_id::text)::uuid AS first_id
  FROM decided AS d
 GROUP BY d.model, d.begin, d.until
),
judged AS (
SELECT p.model_id, p.model, p.system_id, p.plan_id, p.label_within_days, c.rows, c.known,
       c.begin, c.until, c.first_id,
       coalesce(p.label_share, %(share)s::float8) AS wanted,
       c.known < c.rows * coalesce(p.label_share, %(share)s::float8) AS breached
  FROM plan AS p
  JOIN counted AS c ON c.model = p.model
 WHERE c.rows >= %(rows)s::int
)
SELECT j.model_id AS object_id, j.model AS object_name, j.model, j.system_id, j.breached,
       '' AS detail,
       CASE WHEN j.breached
            THEN concat('Of ', j.rows, ' decisions of ', j.model, ' from ',
                 to_char(j.begin AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ' to ',
                 to_char(j.until AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ', ', j.known,
                 ' have an outcome after ', j.label_within_days, ' days; at least ',
                 round((100 * j.wanted)::numeric), ' percent must.')
            ELSE ''
       END AS cause,
       ARRAY[j.model_id, j.plan_id, j.first_id] AS evidence
  FROM judged AS j
 ORDER BY j.model;
