-- Did nobody but its own authors approve a release that runs?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(rule)s          text         id of this rule, as exceptions name it
--
-- One row for each gate of each deployment that runs and was approved by enough persons.
-- Authors are who signed the release, the model version or the run that made it.
-- Serves: 21 CFR 11.10(g); OSFI E-23, independent review.
WITH
-- include live
-- include gates
author AS (
SELECT n.deployment_id, r.identity
  FROM needed AS n
  JOIN registry.release AS r ON r.event_id = n.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 UNION
SELECT n.deployment_id, v.identity
  FROM needed AS n
  JOIN registry.model_version AS v ON v.event_id = n.version_id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
 UNION
SELECT n.deployment_id, s.identity
  FROM needed AS n
  JOIN registry.model_version AS v ON v.event_id = n.version_id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
  JOIN lineage.run AS s ON s.event_id = v.run_id
   AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
),
counted AS (
SELECT g.deployment_id, g.gate, count(*) AS persons,
       count(*) FILTER (WHERE a.identity IS NULL) AS others,
       array_agg(g.approval_id) FILTER (WHERE a.identity IS NOT NULL) AS evidence,
       string_agg(g.identity, ', ') FILTER (WHERE a.identity IS NOT NULL) AS authors
  FROM given AS g
  LEFT JOIN author AS a ON a.deployment_id = g.deployment_id AND a.identity = g.identity
 GROUP BY g.deployment_id, g.gate
),
judged AS (
SELECT n.deployment_id, n.gate, n.approvals, n.name, n.model, n.system_id, n.release_id,
       c.others, c.authors, c.evidence,
       c.others < n.approvals AND w.deployment_id IS NULL AS breached
  FROM needed AS n
  JOIN counted AS c ON c.deployment_id = n.deployment_id AND c.gate = n.gate
   AND c.persons >= n.approvals
  LEFT JOIN waived AS w ON w.deployment_id = n.deployment_id AND w.gate = n.gate
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.gate AS detail,
       CASE WHEN j.breached
            THEN concat(j.name, ' was approved at gate ', j.gate, ' by ', j.authors,
                 ', recorded among its authors; second persons recorded: ', j.others,
                 ' of ', j.approvals, '.')
            ELSE ''
       END AS cause,
       j.release_id || j.evidence AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.gate;
