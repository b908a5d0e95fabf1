-- What did the payload of a deployment look like when it was first captured?
--
-- %(deployment)s   uuid         the deployment
-- %(as_of)s        timestamptz  what had happened by then; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
--
-- Its oldest window with statistics of a sample; answers are compared with it, as training
-- data hold none. Serves: EU AI Act, Article 72; drift.
SELECT s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity, s.model,
       s.deployment_id, s.deployment_ref_digest AS deployment_digest, s.run_id,
       s.dataset_version_id, s.window_from, s.window_to, s.rows, s.columns,
       s.sample_digest
  FROM controls.sketch AS s
 WHERE s.deployment_id = %(deployment)s AND s.sample_digest IS NOT NULL
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY s.window_to, s.time, s.event_id
 LIMIT 1;
