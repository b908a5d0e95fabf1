-- How do people oversee a system, by group?
--
-- %(system)s        text         name of the AI system; null: any
-- %(least)s         bigint       reviewers a group must have to be shown by itself
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each group with enough reviewers, and one for all smaller ones together,
-- whose numbers are null when even together they are too few. A reviewer is never named.
-- agreed: what counts in the end is what the model said; seconds from opening to
-- decision; not_opened: decided without opening the case.
-- Serves: EU AI Act, Articles 14(4) and 26(5); regulation question Q12.
WITH review AS (
     SELECT v.event_id, v.reviewer, coalesce(v.team, '') AS team, v.action,
            v.opened_at, v.decided_at,
            coalesce(v.final_output, CASE WHEN v.action = 'confirm' THEN d.output END)
                AS final_output, d.output
       FROM decisions.review AS v
       JOIN decisions.decision AS d ON d.event_id = v.decision_id AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       LEFT JOIN registry.release AS r ON r.event_id = d.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE (%(system)s::text IS NULL
             OR coalesce(p.system_id, r.system_id) = %(system)s)
        AND (%(since)s::timestamptz IS NULL OR v.decided_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR v.decided_at < %(until)s)
        AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
), sized AS (
     SELECT v.*, CASE WHEN n.reviewers >= %(least)s THEN v.team END AS shown
       FROM review AS v
       JOIN (SELECT team, count(DISTINCT reviewer) AS reviewers
               FROM review GROUP BY team) AS n USING (team)
), grouped AS (
     SELECT shown AS team, count(DISTINCT reviewer) AS reviewers,
            count(DISTINCT team) AS teams, count(*) AS reviews,
            count(*) FILTER (WHERE action IN ('override', 'modify')) AS overridden,
            count(*) FILTER (WHERE final_output = output) AS agreed,
            count(*) FILTER (WHERE final_output IS NOT NULL AND output IS NOT NULL)
                AS comparable,
            count(*) FILTER (WHERE opened_at IS NULL) AS not_opened,
            percentile_cont(0.5) WITHIN GROUP (
                ORDER BY extract(epoch FROM decided_at - opened_at)) AS median_seconds
       FROM sized
      GROUP BY shown
)
SELECT g.team, g.team IS NULL AS pooled, g.reviewers < %(least)s AS withheld,
       CASE WHEN w.shows THEN g.reviewers END AS reviewers,
       CASE WHEN w.shows THEN g.reviews END AS reviews,
       CASE WHEN w.shows THEN g.overridden END AS overridden,
       CASE WHEN w.shows THEN round(100.0 * g.overridden / g.reviews, 1)::float8 END
           AS override_percent,
       CASE WHEN w.shows THEN round(100.0 * g.agreed / nullif(g.comparable, 0), 1)::float8
           END AS agreement_percent,
       CASE WHEN w.shows THEN g.median_seconds END AS median_seconds,
       CASE WHEN w.shows THEN g.not_opened END AS not_opened
  FROM grouped AS g
 CROSS JOIN LATERAL (SELECT g.reviewers >= %(least)s AS shows) AS w
 ORDER BY g.team NULLS LAST;
