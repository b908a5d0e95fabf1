-- Were the training data of a live version or candidate checked at all?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
--
-- One row for each input that the model learned from, by model. A check of the whole
-- counts for a part that was split off it. An input that is no recorded dataset version
-- cannot have been checked.
-- Serves: EU AI Act, Article 10(2)(f) and (h).
WITH
-- include live
-- include candidate
-- include training
tested AS (
SELECT DISTINCT ON (coalesce(d.event_id, c.version_id), coalesce(t.name, ''), c.model)
       coalesce(d.event_id, c.version_id) AS object_id, c.model, c.system_id,
       CASE WHEN d.event_id IS NULL THEN c.name
            ELSE concat(d.dataset, ' ', left(d.digest, 19)) END AS name,
       d.event_id IS NOT NULL AS recorded, t.name AS input, t.input_id,
       c.name AS version, c.version_id,
       NOT EXISTS (
       SELECT FROM lineage.quality_check AS q
        WHERE q.dataset_version_id = ANY (CASE WHEN d.split ->> 'name' IS NULL
              THEN ARRAY[d.event_id] ELSE d.parent_ids || d.event_id END)
          AND q.time <= %(as_of)s AND q.sealed_at <= %(known_as_of)s) AS breached
  FROM training AS t
  JOIN candidate AS c ON c.version_id = t.version_id
  LEFT JOIN lineage.dataset_version AS d ON d.event_id = t.dataset_version_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
 WHERE t.trains
 ORDER BY coalesce(d.event_id, c.version_id), coalesce(t.name, ''), c.model,
       c.time DESC, c.version_id
)
SELECT t.object_id, t.name AS object_name, t.model, t.system_id, t.breached,
       concat_ws(' ', t.model, t.input) AS detail,
       CASE WHEN NOT t.breached THEN ''
            WHEN t.recorded
            THEN concat('No quality check of ', t.name, ' is recorded, from which ',
                 t.version, ' learned.')
            ELSE concat(t.version, ' learned from "', t.input,
                 '", which is no recorded dataset version, so no quality check speaks ',
                 'of it.')
       END AS cause,
       ARRAY[t.input_id, t.version_id] AS evidence
  FROM tested AS t
 ORDER BY t.object_id, detail;
