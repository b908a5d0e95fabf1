-- Did somebody review each model that runs, and its data, when it was due?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(grace_days)s    int          days that it may be late
--
-- One row for each model that runs and whose last reviewer, or else plan, says when the
-- next review is due; and one for each dataset that a review for the model looked at and
-- said when to look again. A model never reviewed is due when its first plan, and its
-- oldest deployment that runs, are as old as the plan's period.
-- Serves: EU AI Act, Article 72(1); OSFI E-23.
WITH
-- include live
-- include plan
reviewed AS (
SELECT DISTINCT ON (p.model, v.kind, v.dataset)
       p.model, v.kind, v.dataset, v.event_id, v.time, v.next_due
  FROM plan AS p
  JOIN controls.review AS v ON v.model = p.model
   AND (v.kind = 'data' AND v.dataset IS NOT NULL OR v.kind = 'model')
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
 ORDER BY p.model, v.kind, v.dataset, v.time DESC, v.event_id DESC
),
tested AS (
SELECT p.*, v.event_id AS review_id, v.time AS reviewed_at, '' AS dataset,
       CASE WHEN v.event_id IS NULL
            THEN greatest(p.first_at, p.since)
                 + make_interval(secs => p.review_every_days * 86400)
            ELSE coalesce(v.next_due,
                 v.time + make_interval(secs => p.review_every_days * 86400))
       END AS due
  FROM plan AS p
  LEFT JOIN reviewed AS v ON v.model = p.model AND v.kind = 'model'
 UNION ALL
SELECT p.*, v.event_id, v.time, v.dataset, v.next_due
  FROM plan AS p
  JOIN reviewed AS v ON v.model = p.model AND v.kind = 'data'
),
judged AS (
SELECT t.*, t.due + make_interval(days => %(grace_days)s::int) < %(as_of)s AS breached
  FROM tested AS t
 WHERE t.due IS NOT NULL
)
SELECT j.model_id AS object_id, j.model AS object_name, j.model, j.system_id, j.breached,
       j.dataset AS detail,
       CASE WHEN j.breached
            THEN concat('The review of ',
                 'the dataset ' || nullif(j.dataset, '') || ' for ', j.model,
                 ' was due on ', to_char(j.due AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 '; ', coalesce('the last was on '
                 || to_char(j.reviewed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 'none is recorded'), '.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[j.model_id, j.plan_id, j.review_id], NULL) AS evidence
  FROM judged AS j
 ORDER BY j.model, j.dataset;
