-- Which release did serving processes attest to have loaded?
--
-- %(deployment)s    uuid         of this deployment; null: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first; differs is true when an attested digest is not the
-- release's.
-- Serves: EU AI Act, Article 12; regulation question Q01.
SELECT t.event_id, t.time, t.sealed_at, t.origin, t.leaf, t.idx, t.identity,
       t.deployment_id, t.release_digest, t.artifact_digest, t.configuration_digest,
       t.code_digest, t.packages_digest, t.host, t.python, t.matches,
       t.artifact_digest <> r.artifact_digest
       OR t.configuration_digest <> r.configuration_digest AS differs
  FROM registry.process_attestation AS t
  LEFT JOIN registry.deployment AS d ON d.event_id = t.deployment_id
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
 WHERE (%(deployment)s::uuid IS NULL OR t.deployment_id = %(deployment)s)
   AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY t.time DESC, t.event_id DESC
 LIMIT %(limit)s;
