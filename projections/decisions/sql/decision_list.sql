-- Which decisions were recorded, newest first?
--
-- %(release)s       uuid         of this release; null: of all
-- %(deployment)s    uuid         of this deployment; null: of all
-- %(model)s         text         of this model; null: of all
-- %(since)s         timestamptz  made then or later; null: no bound
-- %(before_time)s   timestamptz  with before_id: those that come after this one in the list
-- %(before_id)s     uuid         null: from the newest
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows in descending order of (time, event_id).
-- Serves: EU AI Act, Article 12(2); regulation question Q07.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.release_id, d.deployment_id, d.attestation_id, d.case_id, d.use, d.path, d.mode,
       d.output, d.adverse, d.reason_codes, d.caller, d.latency_us,
       d.replaces_decision_id, r.release, r.model, r.version, p.environment, p.service,
       coalesce(p.system_id, r.system_id) AS system_id
  FROM decisions.decision AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
  LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id
 WHERE (%(release)s::uuid IS NULL OR d.release_id = %(release)s)
   AND (%(deployment)s::uuid IS NULL OR d.deployment_id = %(deployment)s)
   AND (%(model)s::text IS NULL OR r.model = %(model)s)
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND (%(before_id)s::uuid IS NULL
        OR (d.time, d.event_id) < (%(before_time)s::timestamptz, %(before_id)s))
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.time DESC, d.event_id DESC
 LIMIT %(limit)s;
