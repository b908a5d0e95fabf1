-- Which decisions passed the model over, or replaced an earlier one?
--
-- %(system)s        text         name of the AI system; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit decisions, oldest first. why: fallback or manual (what made the decision)
-- or replaces; replaced_output: what the replaced decision said.
-- Serves: EU AI Act, Article 14; regulation question Q40.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       CASE WHEN d.path <> 'model' THEN d.path ELSE 'replaces' END AS why,
       d.case_id, d.path, d.output, d.adverse, p.system_id AS system,
       p.event_id AS deployment_id, d.replaces_decision_id, o.event_id AS replaced_id,
       o.output AS replaced_output, o.adverse AS replaced_adverse,
       o.case_id = d.case_id AS same_case
  FROM decisions.decision AS d
  LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN decisions.decision AS o ON o.event_id = d.replaces_decision_id AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE (d.path <> 'model' OR d.replaces_decision_id IS NOT NULL)
   AND (%(system)s::text IS NULL OR p.system_id = %(system)s)
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.time, d.event_id
 LIMIT %(limit)s;
