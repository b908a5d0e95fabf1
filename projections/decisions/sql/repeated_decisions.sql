-- Which cases were decided more than once, and did the answer change?
--
-- %(system)s        text         name of the AI system; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit cases, most decided first. declared: every later decision names the one it
-- replaces; changed: outputs differ.
-- Serves: EU AI Act, Article 14; regulation question Q40.
SELECT c.case_id, c.decisions, c.outputs, c.changed, c.declared, c.adverse_first,
       c.adverse_last, c.releases, c.first_time, c.last_time, c.decision_ids
  FROM (
       SELECT d.case_id, count(*) AS decisions,
              array_agg(d.output ORDER BY d.time, d.event_id) AS outputs,
              count(DISTINCT d.output) > 1 AS changed,
              count(*) FILTER (WHERE d.replaces_decision_id IS NULL) <= 1 AS declared,
              (array_agg(d.adverse ORDER BY d.time, d.event_id))[1] AS adverse_first,
              (array_agg(d.adverse ORDER BY d.time DESC, d.event_id DESC))[1]
                  AS adverse_last,
              count(DISTINCT d.release_id) AS releases,
              min(d.time) AS first_time, max(d.time) AS last_time,
              array_agg(d.event_id ORDER BY d.time, d.event_id) AS decision_ids
         FROM decisions.decision AS d
         LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
         AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE d.case_id IS NOT NULL AND d.mode <> 'shadow'
          AND (%(system)s::text IS NULL OR p.system_id = %(system)s)
          AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
          AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        GROUP BY d.case_id
       HAVING count(*) > 1
       ) AS c
 ORDER BY c.decisions DESC, c.first_time, c.case_id
 LIMIT %(limit)s;
