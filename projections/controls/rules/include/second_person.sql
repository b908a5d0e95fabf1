-- counted: for each deployment and gate, how many persons approved (persons), how many of
-- them are not recorded as authors (others), and of how many nobody can tell (unknowns).
-- Who the authors are, and when that is unknown, is said where Q06 has it from. has_person:
-- whether a person is recorded as author; signers: those recorded. Needs gates.
considered AS (
SELECT g.deployment_id, g.gate, g.approval_id, g.identity, w.among, w.authors,
       coalesce(w.persons, 0) > 0 AS has_person
  FROM given AS g
  JOIN registry.approval AS a ON a.event_id = g.approval_id
   AND a.time <= %(as_of)s AND a.sealed_at <= %(known_as_of)s
  JOIN registry.release AS r ON r.event_id = a.object_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  LEFT JOIN registry.model_version AS v ON v.event_id = r.model_version_id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
  LEFT JOIN integrity.event AS e ON e.event_id = a.event_id
   AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
-- include registry.recorded_authors
),
counted AS (
SELECT c.deployment_id, c.gate, count(*) AS persons,
       count(*) FILTER (WHERE c.among = 'no') AS others,
       count(*) FILTER (WHERE c.among = 'unknown') AS unknowns,
       array_agg(c.approval_id) FILTER (WHERE c.among <> 'no') AS evidence,
       string_agg(c.identity, ', ') FILTER (WHERE c.among = 'yes') AS authors,
       string_agg(c.identity, ', ') FILTER (WHERE c.among = 'unknown') AS approvers,
       bool_and(c.has_person) AS has_person,
       min(array_to_string(c.authors, ', ')) AS signers
  FROM considered AS c
 GROUP BY c.deployment_id, c.gate
),
