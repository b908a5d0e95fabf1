-- Can nobody tell whether a second person approved a release that runs?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(rule)s          text         id of this rule, as exceptions name it
--
-- One row for each gate of each deployment that runs and was approved by enough persons.
-- Breached where too few of them are known to be second persons, and would be enough
-- together with those of whom nobody can tell. Where it takes an author, another rule fires.
-- Serves: 21 CFR 11.10(g); OSFI E-23, independent review.
WITH
-- include live
-- include gates
-- include second_person
judged AS (
SELECT n.deployment_id, n.gate, n.name, n.model, n.system_id, n.release_id,
       c.evidence, c.approvers, c.has_person, c.signers,
       c.others < n.approvals AND c.others + c.unknowns >= n.approvals
       AND w.deployment_id IS NULL AS breached
  FROM needed AS n
  JOIN counted AS c ON c.deployment_id = n.deployment_id AND c.gate = n.gate
   AND c.persons >= n.approvals
  LEFT JOIN waived AS w ON w.deployment_id = n.deployment_id AND w.gate = n.gate
)
SELECT j.deployment_id AS object_id, j.name AS object_name, j.model, j.system_id,
       j.breached, j.gate AS detail,
       CASE WHEN NOT j.breached THEN ''
            ELSE concat(j.name, ' was approved at gate ', j.gate, ' by ', j.approvers, '. ',
                 CASE WHEN j.has_person
                      THEN 'That is a service, which attests for a person'
                      ELSE concat('No person is recorded among its authors',
                           ' (' || j.signers || ')')
                 END,
                 ', so nobody can tell from the ledger whether a second person approved.')
       END AS cause,
       j.release_id || j.evidence AS evidence
  FROM judged AS j
 ORDER BY j.deployment_id, j.gate;
