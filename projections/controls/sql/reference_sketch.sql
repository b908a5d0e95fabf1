-- What is a deployment's live data compared with?
--
-- %(deployment)s   uuid         the deployment
-- %(as_of)s        timestamptz  what had happened by then; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
--
-- The sketch of the data on which the model version of its release was trained: of its run,
-- or else of a dataset version that this run read for training. Serves: EU AI Act,
-- Articles 10 and 72; drift.
SELECT s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity, s.model,
       s.deployment_id, s.deployment_ref_digest AS deployment_digest, s.run_id,
       s.dataset_version_id, s.window_from, s.window_to, s.rows, s.columns,
       s.sample_digest
  FROM registry.deployment AS d
  JOIN registry.release AS r ON r.event_id = d.release_id
  JOIN registry.model_version AS v ON v.event_id = r.model_version_id
  JOIN controls.sketch AS s ON s.deployment_id IS NULL
   AND (s.run_id = v.run_id
        OR s.dataset_version_id IN (
           SELECT i.dataset_version_id
             FROM lineage.input AS i
            WHERE i.run_id = v.run_id AND i.role IN ('train', 'training')))
 WHERE d.event_id = %(deployment)s
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY coalesce(s.run_id = v.run_id, false) DESC, s.time DESC, s.event_id DESC
 LIMIT 1;
