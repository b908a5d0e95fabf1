-- How many decisions did each release make?
--
-- %(release)s       uuid         of this release; null: of all
-- %(since)s         timestamptz  made then or later; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each release and environment that decided, busiest first.
-- Serves: a withdrawn model; regulation question Q07.
SELECT d.release_id, r.release, r.model, r.version, p.environment,
       count(*) AS decisions,
       count(*) FILTER (WHERE d.adverse) AS adverse,
       count(*) FILTER (WHERE d.path <> 'model') AS not_by_model,
       min(d.time) AS first_time, max(d.time) AS last_time
  FROM decisions.decision AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id
  LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id
 WHERE (%(release)s::uuid IS NULL OR d.release_id = %(release)s)
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 GROUP BY d.release_id, r.release, r.model, r.version, p.environment
 ORDER BY decisions DESC, d.release_id;
