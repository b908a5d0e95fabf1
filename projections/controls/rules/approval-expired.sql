-- Does a release run on although its approval has expired or was revoked?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(rule)s          text         id of this rule, as exceptions name it
--
-- One row for each gate of each deployment that runs and was once approved by enough
-- persons.
-- Serves: 21 CFR 11.10(g); EU AI Act, Article 17(1).
WITH
-- include live
-- include gates
ended AS (
SELECT g.deployment_id, g.gate, g.approval_id, g.identity,
       least(g.expires, r.effective_at) AS ended_at, r.event_id AS revocation_id,
       least(g.expires, r.effective_at) <= %(as_of)s AS is_over
  FROM given AS g
  LEFT JOIN LATERAL (
       SELECT r.effective_at, r.event_id
         FROM registry.approval_revocation AS r
        WHERE r.approval_id = g.approval_id
          AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
        ORDER BY r.effective_at, r.event_id
        LIMIT 1
       ) AS r ON true
),
counted AS (
SELECT e.deployment_id, e.gate, count(*) AS persons,
       count(*) FILTER (WHERE e.is_over IS NOT TRUE) AS holding,
       max(e.ended_at) FILTER (WHERE e.is_over) AS ended_at,
       bool_or(e.revocation_id IS NOT NULL) AS revoked,
       array_agg(e.approval_id) FILTER (WHERE e.is_over)
       || array_remove(array_agg(e.revocation_id), NULL) AS evidence
  FROM ended AS e
 GROUP BY e.deployment_id, e.gate
),
judged AS (
SELECT n.deployment_id, n.gate, n.approvals, n.name, n.model, n.system_id, n.release_id,
       c.holding, c.ended_at, c.revoked, c.evidence,
       c.holding < n.approvals AND w.deployment_id IS NULL AS breached
  FROM needed AS n
  JOIN counted AS c ON c.deployment_id = n.deployment_id AND c.gate = n.gate
   AND c.persons >= n.approvals
  LEFT JOIN waived AS w ON w.deployment_id = n.deployment_id AND w.gate = n.gate
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.gate AS detail,
       CASE WHEN j.breached
            THEN concat(j.name, ' still runs; its approval at gate ', j.gate,
                 CASE WHEN j.revoked THEN ' was revoked from ' ELSE ' expired on ' END,
                 to_char(j.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC; approvals that hold: ', j.holding, ' of ', j.approvals, '.')
            ELSE ''
       END AS cause,
       j.release_id || j.evidence AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.gate;
