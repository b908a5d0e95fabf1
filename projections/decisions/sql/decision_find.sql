-- Which decision has this id, or belongs to this case?
--
-- %(id)s            uuid         id of the decision or of the case
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- The decision, or those of the case, newest first; a look-up by id probes one
-- partition.
-- Serves: EU AI Act, Article 86; regulation question Q11.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.release_id, d.deployment_id, d.attestation_id, d.case_id, d.use, d.path, d.mode,
       d.output, d.adverse, d.reason_codes, d.caller, d.latency_us,
       d.replaces_decision_id, r.release, r.model, r.version, p.environment, p.service,
       coalesce(p.system_id, r.system_id) AS system_id
  FROM (
       SELECT * FROM decisions.decision WHERE event_id = %(id)s
        UNION
       SELECT * FROM decisions.decision WHERE case_id = %(id)s
       ) AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
  LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id
 WHERE d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.time DESC, d.event_id DESC;
