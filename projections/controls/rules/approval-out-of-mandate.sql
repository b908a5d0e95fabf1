-- Was a release that runs approved by somebody who had no mandate for that gate?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(rule)s          text         id of this rule, as exceptions name it
--
-- One row for each approval of a running deployment at a gate for which any mandate is
-- recorded. A mandate is a role granted for the gate, the system and the model, in force
-- when the approval was decided, up to the tier of the system (low, medium, high,
-- critical; other tiers must be the very one).
-- Serves: 21 CFR 11.10(g); EU AI Act, Article 17(1)(m).
WITH
-- include live
-- include gates
mandated AS (
SELECT g.deployment_id, g.gate, g.approval_id, g.identity, g.time,
       bool_or(m.event_id IS NOT NULL) AS mandated
  FROM given AS g
  JOIN needed AS n ON n.deployment_id = g.deployment_id AND n.gate = g.gate
  LEFT JOIN governance.role AS m ON m.principal = g.identity
   AND g.gate = ANY (m.gates)
   AND m.time <= %(as_of)s AND m.sealed_at <= %(known_as_of)s
   AND (m.system IS NULL OR m.system = n.system_id)
   AND (m.model IS NULL OR m.model = n.model)
   AND m.valid_from <= g.time AND coalesce(m.until, 'infinity') > g.time
   AND (m.max_materiality IS NULL OR m.max_materiality = n.materiality
        OR array_position('{low,medium,high,critical}', n.materiality)
           <= array_position('{low,medium,high,critical}', m.max_materiality))
   AND NOT EXISTS (
       SELECT FROM governance.role_end AS e
        WHERE e.grant_id = m.event_id AND e.effective_at <= g.time
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s)
 WHERE EXISTS (
       SELECT FROM governance.role AS k
        WHERE g.gate = ANY (k.gates)
          AND k.time <= %(as_of)s AND k.sealed_at <= %(known_as_of)s)
 GROUP BY g.deployment_id, g.gate, g.approval_id, g.identity, g.time
),
judged AS (
SELECT n.deployment_id, n.gate, n.approvals, n.name, n.model, n.system_id, n.release_id,
       count(*) FILTER (WHERE m.mandated) AS holding,
       array_agg(m.approval_id) FILTER (WHERE NOT m.mandated) AS evidence,
       string_agg(m.identity, ', ') FILTER (WHERE NOT m.mandated) AS persons,
       count(*) >= n.approvals AND count(*) FILTER (WHERE m.mandated) < n.approvals
       AND bool_and(w.deployment_id IS NULL) AS breached
  FROM needed AS n
  JOIN mandated AS m ON m.deployment_id = n.deployment_id AND m.gate = n.gate
  LEFT JOIN waived AS w ON w.deployment_id = n.deployment_id AND w.gate = n.gate
 GROUP BY n.deployment_id, n.gate, n.approvals, n.name, n.model, n.system_id,
          n.release_id
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.gate AS detail,
       CASE WHEN j.breached
            THEN concat(j.name, ' was approved at gate ', j.gate, ' by ', j.persons,
                 ', for whom no mandate in force at that time is recorded; approvals within a ',
                 'mandate: ', j.holding, ' of ', j.approvals, '.')
            ELSE ''
       END AS cause,
       j.release_id || j.evidence AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.gate;
