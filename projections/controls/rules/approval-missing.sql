-- Does a release run in an environment although too few persons let it pass its gates?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(rule)s          text         id of this rule, as exceptions name it
-- %(emergency_days)s  int        days in which an emergency may be approved afterwards
--
-- One row for each gate of each deployment that runs. Approvals count whatever may be said
-- against them: other rules say it. What an exception in force covers is not breached.
-- Serves: 21 CFR 11.10(g); EU AI Act, Article 17(1).
WITH
-- include live
-- include gates
judged AS (
SELECT n.deployment_id, n.gate, n.approvals, n.name, n.model, n.system_id, n.release,
       n.release_id, n.emergency, n.since, g.persons, g.evidence,
       g.persons < n.approvals AND w.deployment_id IS NULL
       AND (NOT n.emergency
            OR %(as_of)s > n.since + make_interval(days => %(emergency_days)s::int))
       AS breached
  FROM needed AS n
 CROSS JOIN LATERAL (
       SELECT count(*) AS persons, array_agg(g.approval_id) AS evidence
         FROM given AS g
        WHERE g.deployment_id = n.deployment_id AND g.gate = n.gate
       ) AS g
  LEFT JOIN waived AS w ON w.deployment_id = n.deployment_id AND w.gate = n.gate
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.gate AS detail,
       CASE WHEN j.breached
            THEN concat(j.name, ' has run since ',
                 to_char(j.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC',
                 CASE WHEN j.emergency THEN ' as an emergency' ELSE '' END,
                 '; gate ', j.gate, ' asks for ', j.approvals,
                 ' approval(s) of this very release, recorded: ', j.persons, '.')
            ELSE ''
       END AS cause,
       ARRAY[j.deployment_id, j.release_id] || j.evidence AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.gate;
