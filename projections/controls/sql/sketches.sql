-- Which sketches of data are there for a model: of its training, of its deployments?
--
-- %(model)s        text         name of the model
-- %(deployment)s   uuid         one deployment; null: all of the model
-- %(live)s         boolean      of deployments; else of training data
-- %(as_of)s        timestamptz  what had happened by then; null: no bound
-- %(known_as_of)s  timestamptz  what had been sealed by then; null: no bound
-- %(limit)s        integer      at most so many
--
-- The newest first. A sketch that names its deployment alone is of the model of the release
-- that ran there. Serves: EU AI Act, Articles 10 and 72; drift.
SELECT s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity, s.model,
       s.deployment_id, s.deployment_ref_digest AS deployment_digest, s.run_id, s.dataset_version_id,
       s.window_from, s.window_to, s.rows, s.columns, s.sample_digest
  FROM controls.sketch AS s
 WHERE (s.model = %(model)s
        OR s.model IS NULL AND EXISTS (
           SELECT FROM registry.deployment AS d
             JOIN registry.release AS r ON r.event_id = d.release_id
            WHERE d.event_id = s.deployment_id AND r.model = %(model)s))
   AND (%(deployment)s::uuid IS NULL OR s.deployment_id = %(deployment)s)
   AND CASE WHEN %(live)s THEN s.deployment_id IS NOT NULL
            ELSE s.run_id IS NOT NULL OR s.dataset_version_id IS NOT NULL END
   AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY s.window_to DESC, s.time DESC, s.event_id DESC
 LIMIT %(limit)s;
