-- loaded: what serving processes attested to have loaded, and what orchestrators saw them
-- run, in the last %(days)s days, for each deployment that runs. Needs live.
loaded AS MATERIALIZED (
SELECT l.deployment_id, a.event_id, a.time, coalesce(a.host, 'a process') AS who,
       a.release_digest, a.artifact_digest, a.configuration_digest, a.code_digest,
       a.packages_digest, NULL AS image_digest, a.matches
  FROM live AS l
  JOIN registry.process_attestation AS a ON a.deployment_id = l.deployment_id
 WHERE a.time <= %(as_of)s AND a.sealed_at <= %(known_as_of)s
   AND a.time > %(as_of)s - make_interval(days => %(days)s::int)
 UNION ALL
SELECT l.deployment_id, o.event_id, o.time, o.observer, o.release_digest,
       o.artifact_digest, o.configuration_digest, NULL, o.packages_digest,
       o.image_digest, NULL
  FROM live AS l
  JOIN registry.deployment_observation AS o ON o.deployment_id = l.deployment_id
 WHERE o.time <= %(as_of)s AND o.sealed_at <= %(known_as_of)s
   AND o.time > %(as_of)s - make_interval(days => %(days)s::int)
),
