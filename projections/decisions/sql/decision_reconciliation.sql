-- Does another system count as many decisions as the ledger holds?
--
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit reports, by period. counted: decisions of that release, deployment and
-- output in that period, by their indexes. difference is reported less counted: above 0,
-- decisions are missing here.
-- Serves: EU AI Act, Article 12; regulation question Q34.
SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
       c.reporter, c.population, c.release_id, c.deployment_id, c.output,
       c.period_from, c.period_to, c.count AS reported,
       coalesce(x.counted, y.counted, z.counted) AS counted,
       c.count - coalesce(x.counted, y.counted, z.counted) AS difference,
       coalesce(x.counted, y.counted, z.counted) = c.count AS equal
  FROM decisions.count_report AS c
  LEFT JOIN LATERAL (
       SELECT count(*) AS counted
         FROM decisions.decision AS d
        WHERE d.deployment_id = c.deployment_id
          AND (c.release_id IS NULL OR d.release_id = c.release_id)
          AND d.time >= c.period_from AND d.time < c.period_to
          AND (c.output IS NULL OR d.output = c.output) AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS x ON c.deployment_id IS NOT NULL
  LEFT JOIN LATERAL (
       SELECT count(*) AS counted
         FROM decisions.decision AS d
        WHERE d.release_id = c.release_id
          AND d.time >= c.period_from AND d.time < c.period_to
          AND (c.output IS NULL OR d.output = c.output) AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS y ON c.deployment_id IS NULL AND c.release_id IS NOT NULL
  LEFT JOIN LATERAL (
       SELECT count(*) AS counted
         FROM decisions.decision AS d
         LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
         AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE d.time >= c.period_from AND d.time < c.period_to
          AND (c.system_id IS NULL OR p.system_id = c.system_id)
          AND (c.output IS NULL OR d.output = c.output) AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS z ON c.deployment_id IS NULL AND c.release_id IS NULL
 WHERE (%(since)s::timestamptz IS NULL OR c.period_to > %(since)s)
   AND (%(until)s::timestamptz IS NULL OR c.period_from < %(until)s)
   AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY c.period_from, c.time, c.event_id
 LIMIT %(limit)s;
