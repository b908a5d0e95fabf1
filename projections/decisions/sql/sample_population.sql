-- From how many decisions is a sample drawn?
--
-- %(known_as_of)s   timestamptz  the population: sealed by then, when the request was,
-- %(release)s       uuid         of this release; null: any
-- %(deployment)s    uuid         of this deployment; null: any
-- %(since)s         timestamptz  made then or later; null: no bound
-- %(until)s         timestamptz  made before then; null: no bound
--
-- One row.
-- Serves: regulation question Q41.
SELECT count(*) AS population
  FROM decisions.decision AS d
 WHERE d.sealed_at <= %(known_as_of)s::timestamptz
   AND (%(release)s::uuid IS NULL OR d.release_id = %(release)s)
   AND (%(deployment)s::uuid IS NULL OR d.deployment_id = %(deployment)s)
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s);
