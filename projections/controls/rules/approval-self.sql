-- Did nobody but its own authors approve a release that runs?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(rule)s          text         id of this rule, as exceptions name it
--
-- One row for each gate of each deployment that runs and was approved by enough persons.
-- Approvals of which nobody can tell count as a second person's here: another rule has them.
-- Serves: 21 CFR 11.10(g); OSFI E-23, independent review.
WITH
-- include live
-- include gates
-- include second_person
judged AS (
SELECT n.deployment_id, n.gate, n.approvals, n.name, n.model, n.system_id, n.release_id,
       c.others, c.authors, c.evidence,
       c.others + c.unknowns < n.approvals AND w.deployment_id IS NULL AS breached
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
