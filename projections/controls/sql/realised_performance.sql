-- How well did versions of a model do, by what came true, beside what was declared?
--
-- %(model)s         text         name of the model
-- %(metric)s        text         declared metric that is set beside it, such as accuracy
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each version and month of its decisions, UTC. observed: share of the
-- decisions with an outcome whose output equals it, which is an accuracy; declared: the
-- metric of the newest test of that version over the whole population. lag_days: median
-- from decision to outcome. The newest outcome of a decision counts.
-- Serves: EU AI Act, Article 15(3); regulation question Q21.
WITH release AS (
     SELECT r.event_id, r.model_version_id, r.version
       FROM registry.release AS r
      WHERE r.model = %(model)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
), made AS (
     SELECT r.model_version_id, r.version, date_trunc('month', d.time, 'UTC') AS month,
            d.event_id, d.time, d.output
       FROM release AS r
       JOIN decisions.decision AS d ON d.release_id = r.event_id
      WHERE d.mode <> 'shadow'
        AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
        AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
), outcome AS (
     SELECT DISTINCT ON (o.decision_id) o.decision_id, o.outcome, o.observed_at,
            o.censored, o.event_id
       FROM decisions.outcome AS o
      WHERE o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      ORDER BY o.decision_id, o.time DESC, o.event_id DESC
), grouped AS (
     SELECT m.model_version_id, m.version, m.month, count(*) AS decisions,
            count(*) FILTER (WHERE o.outcome IS NOT NULL AND NOT o.censored) AS outcomes,
            count(*) FILTER (WHERE o.censored) AS censored,
            count(*) FILTER (WHERE o.outcome = m.output AND NOT o.censored) AS agreed,
            percentile_cont(0.5) WITHIN GROUP (
                ORDER BY extract(epoch FROM o.observed_at - m.time) / 86400)
                FILTER (WHERE NOT o.censored) AS lag_days,
            array_agg(o.event_id ORDER BY o.event_id)
                FILTER (WHERE o.event_id IS NOT NULL) AS outcome_ids
       FROM made AS m
       LEFT JOIN outcome AS o ON o.decision_id = m.event_id
      GROUP BY m.model_version_id, m.version, m.month
)
SELECT g.version, g.model_version_id, g.month, g.decisions, g.outcomes, g.censored,
       CASE WHEN g.outcomes > 0 THEN g.agreed::float8 / g.outcomes END AS observed,
       round(g.lag_days::numeric, 1)::float8 AS lag_days, g.outcome_ids[1:100] AS outcome_ids, %(metric)s::text AS metric,
       t.declared, t.event_id AS test_id
  FROM grouped AS g
  LEFT JOIN LATERAL (
       SELECT t.event_id, (x ->> 'value')::float8 AS declared
         FROM lineage.evaluation AS t
        CROSS JOIN LATERAL jsonb_array_elements(t.metrics) AS x
        WHERE t.model_version_id = g.model_version_id
          AND x ->> 'name' = %(metric)s AND x ->> 'slice' IS NULL AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY t.time DESC, t.event_id DESC
        LIMIT 1
       ) AS t ON true
 ORDER BY g.month, g.version, g.model_version_id;
