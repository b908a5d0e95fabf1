-- Did another system count other decisions than the ledger has?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(percent)s       float8       difference that is not one, in percent of the larger count
-- %(days)s          int          how many days back is looked
--
-- One row for each count of another system; of one population and period the newest.
-- Serves: EU AI Act, Article 12(1); regulation question Q34.
WITH report AS (
SELECT DISTINCT ON (c.reporter, c.population, c.release_id, c.deployment_id, c.output,
                    c.period_from, c.period_to)
       c.event_id, c.time, c.reporter, c.population, c.release_id, c.deployment_id,
       c.output, c.period_from, c.period_to, c.count, c.system_id
  FROM decisions.count_report AS c
 WHERE c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
   AND c.time > %(as_of)s - make_interval(days => %(days)s::int)
 ORDER BY c.reporter, c.population, c.release_id, c.deployment_id, c.output,
          c.period_from, c.period_to, c.time DESC, c.event_id DESC
),
within AS (
SELECT p.event_id, d.event_id AS deployment_id, r.model,
       coalesce(d.system_id, r.system_id) AS system_id
  FROM report AS p
  JOIN registry.deployment AS d ON d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
   AND (p.deployment_id IS NULL OR d.event_id = p.deployment_id)
   AND (p.release_id IS NULL OR d.release_id = p.release_id)
  JOIN registry.release AS r ON r.event_id = d.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE p.deployment_id IS NOT NULL OR p.release_id IS NOT NULL
    OR coalesce(d.system_id, r.system_id) = p.system_id
),
recorded AS (
SELECT p.event_id, max(w.model) AS model, coalesce(max(w.system_id), p.system_id)
       AS system_id,
       coalesce(sum(x.decisions), 0) + coalesce(sum(b.rows), 0) AS count
  FROM report AS p
  LEFT JOIN within AS w ON w.event_id = p.event_id
  LEFT JOIN LATERAL (
       SELECT count(*) AS decisions
         FROM decisions.decision AS x
        WHERE x.deployment_id = w.deployment_id
          AND x.time >= p.period_from AND x.time < p.period_to
          AND (p.output IS NULL OR x.output = p.output)
          AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
       ) AS x ON true
  LEFT JOIN LATERAL (
       SELECT sum(b.rows) AS rows
         FROM decisions.batch AS b
        WHERE b.deployment_id = w.deployment_id AND p.output IS NULL
          AND b.ended_at >= p.period_from AND b.ended_at < p.period_to
          AND b.time <= %(as_of)s AND b.sealed_at <= %(known_as_of)s
       ) AS b ON true
 GROUP BY p.event_id, p.system_id
),
judged AS (
SELECT p.event_id, p.reporter, p.population, p.period_from, p.period_to,
       p.count AS reported, r.count AS recorded, r.model, r.system_id,
       abs(p.count - r.count) * 100.0
       > %(percent)s::float8 * greatest(p.count, r.count) AS breached
  FROM report AS p
  JOIN recorded AS r ON r.event_id = p.event_id
)
SELECT j.event_id AS object_id, concat(j.reporter, ': ', left(j.population, 80))
       AS object_name,
       j.model, j.system_id, j.breached, '' AS detail,
       CASE WHEN j.breached
            THEN concat(j.reporter, ' counted ', j.reported, ' (', j.population,
                 ') from ', to_char(j.period_from AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' to ', to_char(j.period_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; the ledger has ', j.recorded, '.')
            ELSE ''
       END AS cause,
       ARRAY[j.event_id] AS evidence
  FROM judged AS j
 ORDER BY j.reporter, j.period_from, j.event_id;
